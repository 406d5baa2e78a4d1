//! The table of problems: status, code and text of each. The texts are those that clients of the original match on.

/// One line of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The HTTP status.
    pub status: u16,
    /// The API's code.
    pub code: u32,
    /// The text. Details stand for its placeholder, one of [`PLACEHOLDERS`], or else follow it.
    pub message: &'static str,
}

/// What stands in a text for what is particular about a request.
pub(crate) const PLACEHOLDERS: [&str; 4] = [":reason", ":path", ":address", ":custom_hostname"];

macro_rules! problems {
    ($($(#[$doc:meta])* $name:ident = $status:literal, $code:literal, $message:literal;)*) => {
        /// Everything that a client can be told went wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Problem {
            $($(#[$doc])* $name,)*
        }

        impl Problem {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its line of the table.
            pub fn row(self) -> Row {
                match self {
                    $(Self::$name => Row { status: $status, code: $code, message: $message },)*
                }
            }
        }
    };
}

problems! {
    // Requests as such (behaviour.md 6).
    /// No credentials.
    NoCredentials = 400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers";
    /// `Authorization` is not `Bearer` and a token.
    BearerFormat = 400, 6003, "Invalid request headers";
    /// `X-Auth-Key` is no key.
    KeyFormat = 400, 6003, "Invalid request headers";
    /// `X-Auth-Email` is no address.
    EmailFormat = 400, 6003, "Invalid request headers";
    /// No user has this address with this key.
    UnknownKey = 403, 9103, "Unknown X-Auth-Key or X-Auth-Email";
    /// The token may not be used from there.
    ForeignAddress = 403, 9109, "Cannot use the access token from location: :address";
    /// No such token, or it is not taken now.
    InvalidToken = 403, 9109, "Invalid access token";
    /// The zone or account does not exist, or is somebody else's.
    NoAccess = 403, 9109, "Unauthorized to access requested resource";
    /// The token may not do this there.
    Denied = 403, 10000, "Authentication error";
    /// No such path.
    NoRoute = 404, 7003, "Could not route to :path, perhaps your object identifier is invalid?";
    /// No such method at this path.
    NotAllowed = 405, 10405, "Method not allowed for this path. Check the method and try again.";
    /// The body did not come in time.
    BodySlow = 408, 10408, "The request body did not come in time. Send it faster, or a smaller one.";
    /// The path and query are too long.
    UriTooLong = 414, 10414, "The address of the request is too long. Send fewer or shorter parameters.";
    /// The body is compressed.
    BodyEncoded = 415, 10415, "Encoded request bodies are not taken. Send it without Content-Encoding.";
    /// More headers than are taken.
    TooManyHeaders = 431, 10431, "The request has too many headers. Send fewer.";
    /// The body is longer than configured.
    BodyTooLarge = 413, 10413, "The request body is too large. Send a smaller one.";
    /// A query parameter or a setting that cannot be taken.
    BadQuery = 400, 10002, "Invalid request parameter.";
    /// Others kept changing it.
    Busy = 503, 10503, "It was being changed by others at the same time. Try again.";
    /// As many run as may.
    TooManyDiagnoses = 503, 10504, "Too many diagnoses are under way. Try again in a few seconds.";
    /// More calls than a token or user may make.
    TooManyCalls = 429, 10429, "Too many requests: the limit of this token or user is reached.";
    /// More hostnames than a zone may get at a time.
    TooManyCreates = 429, 10429, "Too many requests: enough custom hostnames were created in this zone.";
    /// Wrong credentials, too often.
    TooManyFailures = 429, 10429, "Too many requests: credentials from this address were wrong too often.";
    /// No key.
    IdempotencyKeyFormat = 400, 10440, "Invalid Idempotency-Key header. Send 1 to 255 printable ASCII characters without spaces.";
    /// Another request has this key.
    IdempotencyKeyReused = 422, 10441, "The Idempotency-Key was used for another request. Use a new key for each request.";
    /// The first request under this key is under way.
    IdempotentRunning = 409, 10442, "A request with this Idempotency-Key is being carried out. Send it again to get its answer.";
    /// The first request under this key was carried out; its answer was not kept.
    IdempotentAnswerGone = 409, 10443, "The request with this Idempotency-Key was carried out. Its answer is too long to keep, or holds a secret: read what it made, or roll its secret.";
    /// Anything of ours.
    Internal = 500, 1500, "Internal Server Error";

    // Custom hostnames (behaviour.md 1.5).
    /// The body is no JSON, or not the JSON that is wanted.
    NotJson = 400, 1400, "Unable to decode the JSON request body. Check your input and try again.";
    /// Metadata that cannot be kept.
    Metadata = 400, 1401, "Unable to encode the Custom Metadata as JSON. Check your input and try again.";
    /// The zone is full.
    QuotaExceeded = 403, 1405, "Quota exceeded.";
    /// The zone has it already.
    DuplicateHostname = 409, 1406, "Duplicate custom hostname found. Check your input and try again.";
    /// No hostname at all.
    HostnameInvalid = 400, 1407, "Invalid custom hostname. Custom hostnames have to be smaller than 256 characters in length, cannot be IP addresses, cannot contain any special characters such as spaces or underscores, and cannot start or end a label with a hyphen. Check your input and try again.";
    /// The zone's own name.
    HostnameIsZone = 403, 1407, "Invalid custom hostname. It is the name of the zone itself, which cannot be a custom hostname of it. Use a customer's name.";
    /// Punycode is wanted.
    HostnameNonAscii = 400, 1408, "Custom hostnames with non-ASCII characters are not supported. Check your input and try again.";
    /// A reserved top-level domain.
    HostnameReservedTop = 400, 1409, "Reserved top domain custom hostnames, such as 'test', 'example', 'invalid' or 'localhost', is not supported. Check your input and try again.";
    /// A public suffix.
    HostnameUnparsable = 400, 1410, "Unable to parse custom hostname - `:reason`. Check your input and try again.";
    /// A domain for documentation.
    HostnameReservedDomain = 400, 1411, "Custom hostnames ending in example.com, example.net, or example.org are prohibited. Check your input and try again.";
    /// No origin at all.
    OriginInvalid = 400, 1415, "Invalid custom origin hostname. Check your input and try again.";
    /// Punycode is wanted for the origin.
    OriginNonAscii = 400, 1416, "Custom origin hostnames with non-ASCII characters are not supported. Check your input and try again.";
    /// The origin is under a reserved top-level domain.
    OriginReservedTop = 400, 1417, "Reserved top domain custom origin hostnames, such as 'test', 'example', 'invalid' or 'localhost', is not supported. Check your input and try again.";
    /// The origin is a public suffix.
    OriginUnparsable = 400, 1418, "Unable to parse custom origin hostname. Check your input and try again.";
    /// The origin is under a domain for documentation.
    OriginReservedDomain = 400, 1419, "Custom origin hostnames ending in example.com, example.net, or example.org are prohibited. Check your input and try again.";
    /// The origin has a `*`.
    OriginWildcard = 400, 1420, "Wildcard custom origin hostnames are not supported. Check your input and try again.";
    /// `settings.http2`.
    Http2 = 400, 1422, "Invalid `http2` setting. Only 'on' or 'off' is accepted. Check your input and try again.";
    /// `settings.tls_1_2_only`.
    Tls12Only = 400, 1423, "Invalid `tls_1_2_only` setting. Only 'on' or 'off' is accepted. Check your input and try again.";
    /// `settings.tls_1_3`.
    Tls13 = 400, 1424, "Invalid `tls_1_3` setting. Only 'on' or 'off' is accepted. Check your input and try again.";
    /// `settings.min_tls_version`.
    MinTlsVersion = 400, 1425, "Invalid `min_tls_version` setting. Only '1.0','1.1','1.2' or '1.3' is accepted. Check your input and try again.";
    /// `ssl.method`.
    MethodUnsupported = 400, 1432, "The validation method is not supported. Only `http`, `email`, or `txt` are accepted. Check your input and try again.";
    /// `ssl.type`.
    TypeUnsupported = 400, 1433, "The validation type is not supported. Only 'dv' is accepted. Check your input and try again.";
    /// Anything else in `ssl`.
    SslInvalid = 400, 1434, "The SSL attribute is invalid. Refer to the API documentation, check your input and try again.";
    /// The id in the path is none.
    HostnameIdInvalid = 400, 1435, "The custom hostname ID is invalid. Check your input and try again.";
    /// The zone has no such hostname.
    HostnameNotFound = 404, 1436, "The custom hostname was not found. Check your input and try again.";
    /// `hostname.contain`.
    ContainInvalid = 400, 1437, "Invalid hostname.contain query parameter. Check your input and try again.";
    /// More than one of the filters of which one is allowed.
    IdWithOtherFilters = 400, 1438, "Cannot specify other filter parameters in addition to `id`. Only one must be specified. Check your input and try again.";
    /// The name cannot be changed.
    HostnameFixed = 409, 1439, "Modifying the custom hostname is not supported. Check your input and try again.";
    /// `ssl.type` and `ssl.method`.
    TypeAndMethodNeeded = 400, 1440, "Both validation type and validation method are required. Check your input and try again.";
    /// `settings.ciphers`.
    Ciphers = 400, 1442, "Invalid `ciphers` setting. Refer to the documentation for the list of accepted cipher suites. Check your input and try again.";
    /// Ciphers beside a minimum of TLS 1.3.
    CiphersWithTls13 = 400, 1443, "Cipher suite selection is not supported for a minimum TLS version of 1.3. Check your input and try again.";
    /// A `*` in the hostname.
    HostnameWildcard = 400, 1448, "Custom hostnames with wildcards are not supported for certificates managed by Cloudflare. Check your input and try again.";
    /// `ssl.bundle_method`.
    BundleMethod = 400, 1449, "The request input `bundle_method` must be one of: ubiquitous, optimal, force. Check your input and try again.";

    // Uploaded certificates (behaviour.md 1.5). The code 1552 is ours.
    /// An uploaded certificate that cannot be read.
    CertificateUnparsable = 400, 1426, "The certificate that you uploaded cannot be parsed. Check your input and try again.";
    /// No certificate where one should be.
    CertificateEmpty = 400, 1427, "The certificate that you uploaded is empty. Check your input and try again.";
    /// A private key that cannot be read.
    KeyUnparsable = 400, 1428, "The private key that you uploaded cannot be parsed. Check your input and try again.";
    /// The key of another certificate.
    KeyMismatch = 400, 1429, "The private key that you uploaded does not match the certificate. Check your input and try again.";
    /// `ssl.custom_csr_id` is no id.
    CsrIdInvalid = 400, 1430, "The custom CSR ID is invalid. Check your input and try again.";
    /// There is no such request.
    CsrNotFound = 404, 1431, "The custom CSR was not found. Check your input and try again.";
    /// No good chain leads from the certificate to a trusted root.
    Bundling = 400, 1441, "The certificate that you uploaded is having trouble bundling against the public trust store. Check your input and try again.";
    /// More than one leaf.
    SeveralLeaves = 400, 1444, "The certificate chain that you uploaded has multiple leaf certificates. Check your input and try again.";
    /// Certificates of CAs only.
    NoLeaf = 400, 1445, "The certificate chain that you uploaded has no leaf certificates. Check your input and try again.";
    /// The certificate is for other names.
    NameNotCovered = 400, 1446, "The certificate that you uploaded does not include the custom hostname - `:custom_hostname`. Check your input and try again.";
    /// The certificate is signed with an algorithm that clients do not check.
    SignatureAlgorithm = 400, 1447, "The certificate that you uploaded does not use a supported signature algorithm. Only SHA-256/ECDSA, SHA-256/RSA, and SHA-1/RSA signature algorithms are supported. Check your input and try again.";
    /// There is no such certificate in the pack.
    CertificateNotFound = 404, 1552, "The certificate was not found in a certificate pack of the custom hostname. Check your input and try again.";

    // Custom CSRs, whose codes are their own (behaviour.md 4.4).
    /// All that there may be are there.
    CsrQuota = 403, 1403, "No quota has been allocated for another custom CSR. Delete one that is not used.";
    /// `country`.
    CsrCountry = 400, 1405, "The country is required and has to be a two-letter code. Check your input and try again.";
    /// `state`.
    CsrState = 400, 1406, "The state is required. Check your input and try again.";
    /// `locality`.
    CsrLocality = 400, 1407, "The locality is required. Check your input and try again.";
    /// `organization`.
    CsrOrganization = 400, 1408, "The organization is required. Check your input and try again.";
    /// `common_name`.
    CsrCommonName = 400, 1409, "The Common Name is required. Check your input and try again.";
    /// A long `common_name`.
    CsrCommonNameTooLong = 400, 1410, "The specified Common Name is too long. Maximum allowed length is 64 characters. Check your input and try again.";
    /// `sans`.
    CsrSans = 400, 1411, "At least one Subject Alternative Name is required. Check your input and try again.";
    /// A name that is none.
    CsrSanInvalid = 400, 1412, "Invalid Subject Alternative Name. Check your input and try again.";
    /// Punycode is wanted.
    CsrSanNonAscii = 400, 1413, "Subject Alternative Names with non-ASCII characters are not supported. Check your input and try again.";
    /// A reserved top-level domain.
    CsrSanReservedTop = 400, 1414, "Reserved top domain Subject Alternative Names, such as 'test', 'example', 'invalid' or 'localhost', are not supported. Check your input and try again.";
    /// A public suffix.
    CsrSanUnparsable = 400, 1415, "Unable to parse Subject Alternative Name - `:reason`. Check your input and try again.";
    /// A domain for documentation.
    CsrSanReservedDomain = 400, 1416, "Subject Alternative Names ending in example.com, example.net, or example.org are prohibited. Check your input and try again.";
    /// `key_type`.
    CsrKeyType = 400, 1417, "Invalid key type. Only 'rsa2048' or 'p256v1' is accepted. Check your input and try again.";
    /// The id in the path is none.
    CsrPathIdInvalid = 400, 1418, "The custom CSR ID is invalid. Check your input and try again.";
    /// There is no such request.
    CsrPathNotFound = 404, 1419, "The custom CSR was not found. Check your input and try again.";
    /// A certificate pack uses it.
    CsrInUse = 409, 1420, "The custom CSR is tied to an active certificate pack and cannot be deleted. Check your input and try again.";
    // Certificate packs (behaviour.md 1.5, 3.7). The codes from 1601 on are ours: the original's are not published.
    /// No host is short enough for a common name.
    BrandingNeeded = 400, 1469, "Since no host is 64 characters or fewer, Cloudflare Branding is required. Please check your input and try again.";
    /// The id in the path is none.
    PackIdInvalid = 400, 1601, "The certificate pack ID is invalid. Check your input and try again.";
    /// The zone has no such pack.
    PackNotFound = 404, 1602, "The certificate pack was not found. Check your input and try again.";
    /// `hosts`.
    PackHosts = 400, 1603, "The hosts cannot make a certificate pack: 1 to 50 names within the zone, its own among them. Check your input and try again.";
    /// Anything else of an order.
    PackInvalid = 400, 1604, "The certificate pack is invalid. Check your input and try again.";
    /// The zone has as many packs as it may have.
    PackQuota = 403, 1605, "The zone has all certificate packs that it may have. Delete one first.";

    // API tokens and users. All of them are ours: the original's are not published.
    /// A body that makes no token.
    TokenInvalid = 400, 1610, "The API token cannot be made as asked for. Check your input and try again.";
    /// The user or account has no such token.
    TokenNotFound = 404, 1611, "The API token was not found. Check the id and try again.";
    /// More than its maker may.
    TokenTooMuch = 403, 1612, "An API token cannot allow more than the one that makes, changes or rolls it. Leave out what that one may not do.";
    /// The user has no such membership.
    MembershipNotFound = 404, 1613, "The membership was not found. Check the id and try again.";

    // Zones and fallback origins. The codes 1551 and 1600 are ours: the original's are not published.
    /// No name for a zone.
    ZoneNameInvalid = 400, 1049, "The name is not one that a zone can have. Check your input and try again.";
    /// The account has the zone already.
    ZoneExists = 400, 1061, "The zone already exists. Use the existing one.";
    /// The name is our own, or cannot be had because of another account. Nothing says which.
    ZoneUnavailable = 400, 1097, "The zone name is not available. If the domain is yours, ask those who run this installation.";
    /// The zone has hostnames.
    ZoneInUse = 400, 1600, "The zone still has custom hostnames. Delete them first.";
    /// No fallback origin.
    FallbackNotFound = 404, 1551, "The zone has no fallback origin. Set one first.";

    // DNS records (api.md 2.15). The codes 1553 and 1554, and the 9101 under 1004, are ours: the original's are not published.
    /// Anything in a record that has no code of its own.
    RecordInvalid = 400, 1004, "DNS Validation Error";
    /// The name of a record.
    RecordName = 400, 9000, "DNS name is invalid.";
    /// A type that edges cannot stand in for.
    RecordNotProxiable = 400, 9004, "This record type cannot be proxied.";
    /// The content of an A record.
    RecordIpv4 = 400, 9005, "Content for A record must be a valid IPv4 address.";
    /// The content of an AAAA record.
    RecordIpv6 = 400, 9006, "Content for AAAA record must be a valid IPv6 address.";
    /// The content of a CNAME record.
    RecordCname = 400, 9007, "Content for CNAME record is invalid.";
    /// A TTL.
    RecordTtl = 400, 9021, "Invalid TTL. Must be between 60 and 86400 seconds, or 1 for Automatic.";
    /// A CNAME to its own name.
    CnameToItself = 400, 9039, "CNAME content cannot reference itself.";
    /// No record with this id.
    RecordNotFound = 404, 81044, "Record does not exist.";
    /// As many records as there may be.
    RecordQuota = 400, 81045, "The record quota has been exceeded.";
    /// A CNAME where other records are.
    CnameBesideRecords = 400, 81053, "An A, AAAA, or CNAME record with that host already exists.";
    /// A record where a CNAME is.
    RecordBesideCname = 400, 81054, "A CNAME record with that host already exists.";
    /// The same type and content.
    RecordExists = 400, 81057, "The record already exists.";
    /// The same in everything.
    RecordIdentical = 400, 81058, "An identical record already exists.";
    /// The record that the fallback origin needs.
    RecordOfFallback = 400, 1554, "The record belongs to the zone's fallback origin.";
    /// A zone file that cannot be imported.
    ZoneFile = 400, 1553, "The zone file cannot be imported.";
}

impl Problem {
    /// The second, finer error that some replies carry in `error_chain`.
    pub fn chain(self) -> Option<(u32, &'static str)> {
        match self {
            Self::BearerFormat => Some((6111, "Invalid format for Authorization header")),
            Self::EmailFormat => Some((6102, "Invalid format for X-Auth-Email header")),
            Self::RecordInvalid => Some((9101, "A field of the record is missing or invalid")),
            Self::KeyFormat => Some((6103, "Invalid format for X-Auth-Key header")),
            _ => None,
        }
    }
}
