//! The only place where HTTP statuses and API error codes are chosen.
//!
//! [`Problem`] is the table of behaviour.md 1.5 and 6; docs/errors.md repeats it for readers, and a test compares the two.
//! Below it, one exhaustive match per error of the domain and of the use cases. Nothing internal gets into a reply: what
//! caused a 500 is logged here, once, and the client reads `Internal Server Error`.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use np_domain::{
    certificate::{AuthorityName, DcvMethod, upload::UploadFault},
    csr::CsrError,
    id::IdError,
    name::HostnameError,
    origin::OriginError,
    ports::{InsertError, StoreError},
    token::Refusal,
};

use super::{
    envelope::{Envelope, Item, Source},
    wire::invalid::{Invalid, Why},
};
use crate::app::{
    access::{AccessError, Area, Need, Permission},
    csrs::CsrFailure,
    diagnostics::DiagnoseError,
    fallback_origins::FallbackError,
    hostnames::{
        CertificateError, CreateError, EditError, FindError, Place, Unfit, UnfitWhy, UploadError,
        WantedError,
    },
    identity::IdentityError,
    tokens::manage::ManageError,
    zone_settings::SettingError,
    zones::{self, RemoveError},
};

mod dns_records;
mod packs;
mod table;

use table::PLACEHOLDERS;
pub use table::{Problem, Row};

/// An error on its way to the client.
#[derive(Debug)]
pub(crate) struct ApiError {
    problem: Problem,
    /// The field at fault, as a JSON pointer.
    pointer: Option<String>,
    /// What exactly is wrong, and the remedy where the table's text does not say it.
    detail: Option<String>,
    /// For the log only.
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl ApiError {
    /// The problem as the table has it.
    pub(crate) fn of(problem: Problem) -> Self {
        Self { problem, pointer: None, detail: None, cause: None }
    }

    /// With the field at fault.
    pub(crate) fn at(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = Some(pointer.into());
        self
    }

    /// With what exactly is wrong.
    pub(crate) fn because(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// The same within an item of a list: its pointer begins there.
    pub(crate) fn below(mut self, index: usize) -> Self {
        let pointer = self.pointer.unwrap_or_default();
        self.pointer = Some(format!("/{}/{index}{pointer}", super::wire::bulk::ITEMS));
        self
    }

    /// Status and error, for a reply that has other outcomes too. What caused a 500 is logged.
    pub(crate) fn into_item(self) -> (u16, Item) {
        self.log();
        (self.problem.row().status, self.item())
    }

    fn log(&self) {
        if let Some(cause) = &self.cause {
            tracing::error!(problem = ?self.problem, error = %chain(cause.as_ref()), "request failed");
        }
    }

    fn item(&self) -> Item {
        let row = self.problem.row();
        let message = message(row.message, self.detail.as_deref());
        let chain = self.problem.chain().map(|(code, message)| Item {
            code,
            message: message.to_owned(),
            source: None,
            error_chain: Vec::new(),
        });
        let source = self.pointer.clone().map(|pointer| Source { pointer });
        Item { code: row.code, message, source, error_chain: chain.into_iter().collect() }
    }
}

/// The table's text with the detail in its place, or behind it.
fn message(text: &str, detail: Option<&str>) -> String {
    let Some(detail) = detail else { return text.to_owned() };
    match PLACEHOLDERS.iter().find(|place| text.contains(**place)) {
        Some(place) => text.replacen(place, detail, 1),
        None => format!("{text} {detail}"),
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        self.log();
        let row = self.problem.row();
        let status = StatusCode::from_u16(row.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let errors = vec![self.item()];
        let messages = Vec::new();
        Envelope::<()> { success: false, errors, messages, result: None, result_info: None }
            .reply(status)
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stale => Self::of(Problem::Busy),
            StoreError::Corrupt { .. } | StoreError::Unavailable(_) => {
                Self { cause: Some(Box::new(error)), ..Self::of(Problem::Internal) }
            }
        }
    }
}

impl From<AccessError> for ApiError {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::Foreign => Self::of(Problem::NoAccess),
            AccessError::Denied(permission) => {
                Self::of(Problem::Denied).because(missing(permission))
            }
            AccessError::Store(error) => error.into(),
        }
    }
}

/// What a token lacks.
fn missing(permission: Permission) -> String {
    let Permission::In(area, need) = permission else { return String::new() };
    let what = match area {
        Area::Account => "accounts",
        Area::Dns => "DNS records",
        Area::Membership => "memberships",
        Area::Ssl => "custom hostnames and certificates",
        Area::Token => "API tokens",
        Area::User => "the user",
        Area::Zone => "zones",
        Area::ZoneSettings => "settings of zones",
    };
    let verb = match need {
        Need::Read => "look at",
        Need::Write => "change",
    };
    format!("The token may not {verb} {what} here; use one that may, or give it the permission.")
}

impl From<IdentityError> for ApiError {
    fn from(error: IdentityError) -> Self {
        match error {
            IdentityError::UnknownToken => Self::of(Problem::InvalidToken),
            IdentityError::UnknownKey => Self::of(Problem::UnknownKey),
            IdentityError::Refused(why) => refused(&why),
            IdentityError::Store(error) => error.into(),
        }
    }
}

fn refused(why: &Refusal) -> ApiError {
    let remedy = match why {
        Refusal::Disabled => "The token is disabled; enable it, or use another one.",
        Refusal::Expired => "The token has expired; make a new one.",
        Refusal::NotYet => "The token is not valid yet; its `not_before` lies ahead.",
        Refusal::ForeignAddress(from) => {
            let from = from.map_or("an unknown address".to_owned(), |from| from.to_string());
            return ApiError::of(Problem::ForeignAddress).because(from);
        }
    };
    ApiError::of(Problem::InvalidToken).because(remedy)
}

impl From<ManageError> for ApiError {
    fn from(error: ManageError) -> Self {
        match error {
            ManageError::Unknown => Self::of(Problem::TokenNotFound),
            ManageError::TooMuch(index) => {
                Self::of(Problem::TokenTooMuch).at(format!("/policies/{index}"))
            }
            ManageError::NeverValid => Self::of(Problem::TokenInvalid)
                .at("/expires_on")
                .because("`expires_on` must lie ahead, and after `not_before`."),
            ManageError::Store(error) => error.into(),
        }
    }
}

impl From<FindError> for ApiError {
    fn from(error: FindError) -> Self {
        match error {
            FindError::Unknown => Self::of(Problem::HostnameNotFound),
            FindError::Store(error) => error.into(),
        }
    }
}

impl From<CsrFailure> for ApiError {
    fn from(error: CsrFailure) -> Self {
        match error {
            CsrFailure::Unknown => Self::of(Problem::CsrPathNotFound),
            CsrFailure::InUse => Self::of(Problem::CsrInUse).because(
                "Upload another certificate to the custom hostname that uses it, or delete that one, first.",
            ),
            CsrFailure::QuotaExceeded => Self::of(Problem::CsrQuota),
            CsrFailure::Key(_) | CsrFailure::CutShort => {
                Self { cause: Some(Box::new(error)), ..Self::of(Problem::Internal) }
            }
            // The zone was removed since it was read.
            CsrFailure::Insert(InsertError::NoParent) => Self::of(Problem::NoAccess),
            CsrFailure::Insert(InsertError::Duplicate { .. }) => Self::of(Problem::Busy),
            CsrFailure::Insert(InsertError::Store(error)) | CsrFailure::Store(error) => error.into(),
        }
    }
}

impl From<DiagnoseError> for ApiError {
    fn from(error: DiagnoseError) -> Self {
        match error {
            DiagnoseError::Busy => Self::of(Problem::TooManyDiagnoses),
            DiagnoseError::Find(error) => error.into(),
        }
    }
}

impl From<FallbackError> for ApiError {
    fn from(error: FallbackError) -> Self {
        match error {
            FallbackError::Unset => Self::of(Problem::FallbackNotFound),
            FallbackError::Access(error) => error.into(),
        }
    }
}

impl From<SettingError> for ApiError {
    fn from(error: SettingError) -> Self {
        match error {
            SettingError::CiphersWithTls13 => Self::of(Problem::CiphersWithTls13).at("/value"),
            SettingError::Access(error) => error.into(),
        }
    }
}

impl From<RemoveError> for ApiError {
    fn from(error: RemoveError) -> Self {
        match error {
            RemoveError::InUse => Self::of(Problem::ZoneInUse),
            RemoveError::Store(error) => error.into(),
        }
    }
}

impl From<zones::CreateError> for ApiError {
    fn from(error: zones::CreateError) -> Self {
        match error {
            zones::CreateError::Access(error) => error.into(),
            zones::CreateError::Unavailable => Self::of(Problem::ZoneUnavailable).at("/name"),
            zones::CreateError::Insert(InsertError::Duplicate { existing }) => {
                Self::of(Problem::ZoneExists).at("/name").because(format!("Its id is {existing}."))
            }
            zones::CreateError::Insert(InsertError::NoParent) => Self::of(Problem::NoAccess),
            zones::CreateError::Insert(InsertError::Store(error)) => error.into(),
        }
    }
}

impl From<zones::EditError> for ApiError {
    fn from(error: zones::EditError) -> Self {
        match error {
            zones::EditError::PausedPartial => Self::of(Problem::BadQuery).at("/paused").because(
                "A partial zone cannot be paused: its DNS is elsewhere. Point its names elsewhere there.",
            ),
            zones::EditError::Access(error) => error.into(),
        }
    }
}

impl From<CreateError> for ApiError {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::IsZone => Self::of(Problem::HostnameIsZone).at("/hostname"),
            CreateError::QuotaExceeded(max) => Self::of(Problem::QuotaExceeded).because(format!(
                "The zone has all {max} custom hostnames that it may have; delete some, or raise the limit."
            )),
            CreateError::Wanted(error) => error.into(),
            CreateError::Upload(error) => error.into(),
            CreateError::Insert(InsertError::Duplicate { existing }) => {
                Self::of(Problem::DuplicateHostname).at("/hostname").because(format!(
                    "The existing custom hostname has the id {existing}; edit that one."
                ))
            }
            // The zone was removed since it was read.
            CreateError::Insert(InsertError::NoParent) => Self::of(Problem::NoAccess),
            CreateError::Insert(InsertError::Store(error)) => error.into(),
        }
    }
}

impl From<EditError> for ApiError {
    fn from(error: EditError) -> Self {
        match error {
            EditError::Find(error) => error.into(),
            EditError::NameFixed => Self::of(Problem::HostnameFixed)
                .at("/hostname")
                .because("The name cannot be changed; create another custom hostname."),
            EditError::TypeAndMethodNeeded => Self::of(Problem::TypeAndMethodNeeded).at("/ssl"),
            EditError::SniWithoutOrigin => sni_without_origin(),
            EditError::Wanted(error) => error.into(),
            EditError::Upload(error) => error.into(),
        }
    }
}

impl From<UploadError> for ApiError {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::Fault { place, fault } => upload_fault(&fault).at(place_of(place, &fault)),
            UploadError::CsrUnknown => Self::of(Problem::CsrNotFound).at("/ssl/custom_csr_id"),
            UploadError::Vault(_) => {
                Self { cause: Some(Box::new(error)), ..Self::of(Problem::Internal) }
            }
            UploadError::Store(error) => error.into(),
        }
    }
}

/// What is wrong with an uploaded certificate or its key.
fn upload_fault(fault: &UploadFault) -> ApiError {
    let detail = || format!("Here {fault}.");
    match fault {
        UploadFault::Empty => ApiError::of(Problem::CertificateEmpty),
        UploadFault::Unparsable(_) => {
            ApiError::of(Problem::CertificateUnparsable).because(detail())
        }
        UploadFault::SeveralLeaves(_) => ApiError::of(Problem::SeveralLeaves)
            .because("Send one certificate with its chain; a second one belongs in custom_cert_bundle."),
        UploadFault::NoLeaf => ApiError::of(Problem::NoLeaf)
            .because("Send the certificate that was issued for the hostname, too."),
        UploadFault::KeyUnparsable(_) => ApiError::of(Problem::KeyUnparsable).because(detail()),
        UploadFault::KeyMismatch => ApiError::of(Problem::KeyMismatch),
        UploadFault::KeyType | UploadFault::TwoOfAKind(_) => {
            ApiError::of(Problem::SslInvalid).because(detail())
        }
        UploadFault::Signature(_) => {
            ApiError::of(Problem::SignatureAlgorithm).because(detail())
        }
        UploadFault::NameMissing(name) => {
            ApiError::of(Problem::NameNotCovered).because(name.to_string())
        }
        UploadFault::NotInForce { .. } | UploadFault::Unbundled(_) => {
            ApiError::of(Problem::Bundling).because(detail())
        }
        UploadFault::SelfSigned => ApiError::of(Problem::Bundling).because(
            "Here the certificate is self-signed: browsers trust it nowhere; the bundle method `force` takes it all the same.",
        ),
    }
}

/// The pointer to what is at fault.
fn place_of(place: Place, fault: &UploadFault) -> String {
    let field = match fault {
        UploadFault::KeyUnparsable(_) | UploadFault::KeyMismatch => "custom_key",
        _ => "custom_certificate",
    };
    match (place, fault) {
        (Place::Single, _) => format!("/ssl/{field}"),
        (Place::InBundle(index), _) => format!("/ssl/custom_cert_bundle/{index}/{field}"),
        (Place::Replacement, _) => format!("/{field}"),
        (Place::Before, UploadFault::NameMissing(_)) => "/ssl/wildcard".to_owned(),
        (Place::Before, _) => "/ssl/bundle_method".to_owned(),
    }
}

/// What is wrong with a certificate that was to be analyzed.
pub(crate) fn of_analysis(fault: &UploadFault) -> ApiError {
    upload_fault(fault).at("/certificate")
}

impl From<CertificateError> for ApiError {
    fn from(error: CertificateError) -> Self {
        match error {
            CertificateError::Find(error) => error.into(),
            CertificateError::Unknown => Self::of(Problem::CertificateNotFound),
            CertificateError::Managed => Self::of(Problem::SslInvalid).because(
                "The certificate was obtained from a certificate authority and renews itself; PATCH the custom hostname to upload one.",
            ),
            CertificateError::Last => Self::of(Problem::SslInvalid).because(
                "The last certificate of a pack cannot be deleted; replace it, PATCH the custom hostname to another one, or delete the hostname.",
            ),
            CertificateError::OtherKind(kinds) => Self::of(Problem::SslInvalid)
                .at("/custom_certificate")
                .because(format!(
                    "A certificate with an {} key can be replaced only by one of the same kind; this one has an {} key.",
                    kinds.old, kinds.new
                )),
            CertificateError::Upload(error) => error.into(),
        }
    }
}

impl From<WantedError> for ApiError {
    fn from(error: WantedError) -> Self {
        match error {
            WantedError::AuthorityNotConfigured { asked, configured } => {
                let configured = configured.iter().map(|name| name.as_str()).collect::<Vec<_>>();
                Self::of(Problem::SslInvalid).at("/ssl/certificate_authority").because(format!(
                    "{} is not configured here; use one of {}.",
                    asked.as_str(),
                    configured.join(", ")
                ))
            }
            WantedError::CiphersWithTls13 => {
                Self::of(Problem::CiphersWithTls13).at("/ssl/settings/ciphers")
            }
            WantedError::Method(unfit) => method_unfit(&unfit).at("/ssl/method"),
        }
    }
}

/// A method that cannot be used, with those that can.
fn method_unfit(unfit: &Unfit) -> ApiError {
    let (method, authority) = (unfit.method.as_str(), unfit.authority.as_str());
    let (problem, why) = match unfit.why {
        UnfitWhy::Wildcard => (
            Problem::SslInvalid,
            format!("A wildcard certificate cannot be validated by `{method}`"),
        ),
        UnfitWhy::Authority => (
            Problem::MethodUnsupported,
            format!("The certificate authority {authority} does not validate by `{method}`"),
        ),
        UnfitWhy::NoMail => (
            Problem::MethodUnsupported,
            format!("`{method}` needs a mail server, and none is configured: set [mail]"),
        ),
    };
    ApiError::of(problem).because(match &*in_words(&unfit.fitting) {
        "" => format!("{why}, and it has no other method for this."),
        others => format!("{why}: use {others}."),
    })
}

/// `http`, `txt` or `cname`.
fn in_words(methods: &[DcvMethod]) -> String {
    let words: Vec<_> = methods.iter().map(|method| format!("`{}`", method.as_str())).collect();
    match words.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
    }
}

fn sni_without_origin() -> ApiError {
    ApiError::of(Problem::OriginInvalid)
        .at("/custom_origin_sni")
        .because("custom_origin_sni needs a custom_origin_server beside it.")
}

impl From<Invalid> for ApiError {
    fn from(Invalid { pointer, why }: Invalid) -> Self {
        let error = match why {
            Why::BadId(error) => return bad_id(&error),
            Why::BadQuery(detail) => Self::of(Problem::BadQuery).because(detail),
            Why::BundleMethod => Self::of(Problem::BundleMethod),
            Why::Ciphers(detail) => Self::of(Problem::Ciphers).because(format!("{detail}.")),
            Why::ContainsNothing => Self::of(Problem::ContainInvalid),
            Why::Csr(error) => csr(error),
            Why::CsrId => Self::of(Problem::CsrIdInvalid),
            Why::CsrPathId => Self::of(Problem::CsrPathIdInvalid),
            Why::DnsRecord(fault) => dns_records::of_fault(*fault),
            Why::Hostname(error) => hostname(error),
            Why::HostnameMissing => {
                Self::of(Problem::HostnameInvalid).because("`hostname` is required.")
            }
            Why::IdWithOtherFilters => Self::of(Problem::IdWithOtherFilters),
            Why::Metadata(detail) => Self::of(Problem::Metadata).because(detail),
            Why::Method => Self::of(Problem::MethodUnsupported),
            Why::MinTlsVersion => Self::of(Problem::MinTlsVersion),
            Why::NotJson(detail) => Self::of(Problem::NotJson).because(detail),
            Why::Origin(error) => origin(error),
            Why::Pack(detail) => Self::of(Problem::PackInvalid).because(detail),
            Why::PackHosts(detail) => Self::of(Problem::PackHosts).because(detail),
            Why::SniWithoutOrigin => return sni_without_origin(),
            Why::SslRemoval => Self::of(Problem::SslInvalid).because(
                "A certificate cannot be taken away from a custom hostname: leave `ssl` out, or delete the hostname.",
            ),
            Why::Switch(key) => switch(key),
            Why::Token(detail) => Self::of(Problem::TokenInvalid).because(detail),
            Why::Type => Self::of(Problem::TypeUnsupported),
            Why::TypeOrMethodMissing => Self::of(Problem::TypeAndMethodNeeded),
            Why::UnknownAuthority => Self::of(Problem::SslInvalid).because(format!(
                "certificate_authority must be one of {}.",
                AuthorityName::ALL.map(|(_, word)| word).join(", ")
            )),
            Why::Unsupported(detail) => Self::of(Problem::SslInvalid).because(detail),
            Why::WrongType { expected, in_ssl: true } => {
                Self::of(Problem::SslInvalid).because(format!("{pointer} must be {expected}."))
            }
            Why::WrongType { expected, in_ssl: false } => {
                Self::of(Problem::NotJson).because(format!("{pointer} must be {expected}."))
            }
            Why::ZoneName(error) => {
                Self::of(Problem::ZoneNameInvalid).because(format!("{error}."))
            }
            Why::ZoneSetting(detail) => Self::of(Problem::BadQuery).because(detail),
        };
        error.at(pointer)
    }
}

fn csr(error: CsrError) -> ApiError {
    match error {
        CsrError::Country => ApiError::of(Problem::CsrCountry),
        CsrError::State => ApiError::of(Problem::CsrState).because(format!("Here {error}.")),
        CsrError::Locality => ApiError::of(Problem::CsrLocality).because(format!("Here {error}.")),
        CsrError::Organization => {
            ApiError::of(Problem::CsrOrganization).because(format!("Here {error}."))
        }
        CsrError::CommonName => ApiError::of(Problem::CsrCommonName),
        CsrError::CommonNameTooLong => ApiError::of(Problem::CsrCommonNameTooLong),
        CsrError::Sans => ApiError::of(Problem::CsrSans).because(format!("Here {error}.")),
        CsrError::San(_, error) => san(&error),
        CsrError::KeyType => ApiError::of(Problem::CsrKeyType),
    }
}

fn san(error: &HostnameError) -> ApiError {
    let detail = || format!("Here {error}.");
    match error {
        HostnameError::Invalid { .. } | HostnameError::Wildcard => {
            ApiError::of(Problem::CsrSanInvalid).because(detail())
        }
        HostnameError::NonAscii { .. } => ApiError::of(Problem::CsrSanNonAscii).because(detail()),
        HostnameError::ReservedTop => ApiError::of(Problem::CsrSanReservedTop),
        HostnameError::ReservedDomain => ApiError::of(Problem::CsrSanReservedDomain),
        HostnameError::PublicSuffix(_) => {
            ApiError::of(Problem::CsrSanUnparsable).because(error.to_string())
        }
    }
}

fn bad_id(_: &IdError) -> ApiError {
    ApiError::of(Problem::HostnameIdInvalid)
}

fn switch(key: &'static str) -> ApiError {
    match key {
        "http2" => ApiError::of(Problem::Http2),
        "tls_1_2_only" => ApiError::of(Problem::Tls12Only),
        "tls_1_3" => ApiError::of(Problem::Tls13),
        _ => ApiError::of(Problem::SslInvalid).because(format!("`{key}` must be 'on' or 'off'.")),
    }
}

fn hostname(error: HostnameError) -> ApiError {
    match error {
        HostnameError::Invalid { why } => {
            ApiError::of(Problem::HostnameInvalid).because(format!("Here {why}."))
        }
        HostnameError::NonAscii { punycode: Some(name) } => {
            ApiError::of(Problem::HostnameNonAscii).because(format!("Send {name}."))
        }
        HostnameError::NonAscii { punycode: None } => ApiError::of(Problem::HostnameNonAscii),
        HostnameError::Wildcard => ApiError::of(Problem::HostnameWildcard)
            .because("Send the name without `*.`, and `ssl.wildcard: true`."),
        HostnameError::ReservedTop => ApiError::of(Problem::HostnameReservedTop),
        HostnameError::ReservedDomain => ApiError::of(Problem::HostnameReservedDomain),
        HostnameError::PublicSuffix(_) => {
            ApiError::of(Problem::HostnameUnparsable).because(error.to_string())
        }
    }
}

fn origin(error: OriginError) -> ApiError {
    let problem = match &error {
        OriginError::Port | OriginError::TooLong => Problem::OriginInvalid,
        OriginError::Host(HostnameError::Invalid { .. }) => Problem::OriginInvalid,
        OriginError::Host(HostnameError::NonAscii { .. }) => Problem::OriginNonAscii,
        OriginError::Host(HostnameError::ReservedTop) => Problem::OriginReservedTop,
        OriginError::Host(HostnameError::PublicSuffix(_)) => Problem::OriginUnparsable,
        OriginError::Host(HostnameError::ReservedDomain) => Problem::OriginReservedDomain,
        OriginError::Host(HostnameError::Wildcard) => Problem::OriginWildcard,
    };
    ApiError::of(problem).because(format!("Here {error}."))
}

#[cfg(test)]
mod tests;
