//! The headers that the edge adds on the way to the origin. `Host` stays as the client sent it. Pure.

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Uri,
    header::{
        ALT_SVC, AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, FORWARDED, HOST,
        PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRANSFER_ENCODING, UPGRADE,
    },
};

pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Every proxy on the way adds its name (RFC 8586).
const CDN_LOOP: HeaderName = HeaderName::from_static("cdn-loop");
/// Our name there.
const CDN_ID: &str = "nameplate";
/// A request may pass this many edges, of one installation or of several behind each other.
const PASSES_MAX: usize = 3;
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// What the provider has said about a hostname (`custom_metadata`), as JSON. Nobody's word but ours.
const X_HOSTNAME_METADATA: HeaderName = HeaderName::from_static("x-hostname-metadata");

/// What proxies say about a client, besides what [`forward`] sets itself. Only a trusted one's word gets to the origin.
static CLAIMS: [HeaderName; 8] = [
    FORWARDED,
    HeaderName::from_static("x-real-ip"),
    HeaderName::from_static("x-forwarded-port"),
    HeaderName::from_static("x-forwarded-server"),
    HeaderName::from_static("x-forwarded-prefix"),
    HeaderName::from_static("x-forwarded-ssl"),
    HeaderName::from_static("cf-connecting-ip"),
    HeaderName::from_static("true-client-ip"),
];

/// What is never passed on, named by `Connection` or not. `Alt-Svc` names ports of the host that the visitor knows, which is
/// the edge, and an origin can only mean its own.
static HOP_BY_HOP: [HeaderName; 7] = [
    ALT_SVC,
    HeaderName::from_static("keep-alive"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-connection"),
    TRANSFER_ENCODING,
    UPGRADE,
];

/// What `Connection` cannot take away: whoever names these means to hide them from the origin.
static ENDS_TO_END: [HeaderName; 4] = [AUTHORIZATION, CONTENT_LENGTH, COOKIE, HOST];

/// The longest request id taken over from a client.
const REQUEST_ID_LENGTH_MAX: usize = 64;

/// What the origin is told about a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Forwarding<'a> {
    /// The client's address.
    pub(crate) client: &'a HeaderValue,
    /// `http` or `https`.
    pub(crate) proto: &'static str,
    pub(crate) host: &'a HeaderValue,
    pub(crate) request_id: &'a HeaderValue,
    /// Whether what the client says about itself is kept.
    pub(crate) trusted: bool,
}

/// Tells the origin.
pub(crate) fn forward(headers: &mut HeaderMap, facts: Forwarding<'_>) {
    let earlier = if facts.trusted { joined(headers, &X_FORWARDED_FOR) } else { None };
    let appended = earlier.and_then(|earlier| {
        let all = [earlier.as_bytes(), b", ", facts.client.as_bytes()].concat();
        HeaderValue::from_maybe_shared(Bytes::from(all)).ok()
    });
    if !facts.trusted {
        for claim in &CLAIMS {
            headers.remove(claim);
        }
    }
    headers.insert(X_FORWARDED_FOR, appended.unwrap_or_else(|| facts.client.clone()));
    headers.insert(X_FORWARDED_PROTO, HeaderValue::from_static(facts.proto));
    headers.insert(X_FORWARDED_HOST, facts.host.clone());
    headers.insert(X_REQUEST_ID, facts.request_id.clone());
    headers.append(CDN_LOOP, HeaderValue::from_static(CDN_ID));
}

/// Removes what is only about the connection that a message came by (RFC 9110 section 7.6.1), and keeps `TE: trailers`,
/// which HTTP/2 origins ask for.
pub(crate) fn strip_hop_by_hop(headers: &mut HeaderMap) {
    if headers.contains_key(CONNECTION) {
        let named: Vec<HeaderName> = headers
            .get_all(CONNECTION)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .filter_map(|name| name.trim().parse().ok())
            .filter(|name| !ENDS_TO_END.contains(name))
            .collect();
        for name in named {
            headers.remove(name);
        }
        headers.remove(CONNECTION);
    }
    for name in &HOP_BY_HOP {
        headers.remove(name);
    }
    if headers.contains_key(TE) {
        let trailers = headers.get_all(TE).iter().any(|value| {
            let names = value.to_str().unwrap_or_default().split(',');
            names.into_iter().any(|name| name.trim().eq_ignore_ascii_case("trailers"))
        });
        headers.remove(TE);
        if trailers {
            headers.insert(TE, HeaderValue::from_static("trailers"));
        }
    }
}

/// Makes one `Cookie` of those into which HTTP/2 may split it (RFC 9113 section 8.2.3).
pub(crate) fn join_cookies(headers: &mut HeaderMap) {
    if headers.get_all(COOKIE).iter().nth(1).is_none() {
        return;
    }
    let crumbs: Vec<&[u8]> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if let Ok(joined) = HeaderValue::from_maybe_shared(Bytes::from(crumbs.join(&b"; "[..]))) {
        headers.insert(COOKIE, joined);
    }
}

/// Tells the origin what the provider has said about the hostname.
pub(crate) fn describe(headers: &mut HeaderMap, metadata: Option<&HeaderValue>) {
    match metadata {
        Some(metadata) => drop(headers.insert(X_HOSTNAME_METADATA, metadata.clone())),
        None => drop(headers.remove(X_HOSTNAME_METADATA)),
    }
}

/// Whether a request is gRPC's, which HTTP/1.1 cannot carry.
pub(crate) fn is_grpc(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    kind.is_some_and(|kind| kind.starts_with(b"application/grpc"))
}

/// Whether a client asks for another protocol on this connection.
pub(crate) fn asks_for_upgrade(headers: &HeaderMap) -> bool {
    let named = |value: &HeaderValue| {
        let names = value.to_str().unwrap_or_default().split(',');
        names.into_iter().any(|name| name.trim().eq_ignore_ascii_case("upgrade"))
    };
    headers.contains_key(UPGRADE) && headers.get_all(CONNECTION).iter().any(named)
}

/// Whether a request has passed edges so often that its origin must be an edge: it would go round for ever.
pub(crate) fn is_in_a_loop(headers: &HeaderMap) -> bool {
    let values = headers.get_all(CDN_LOOP).iter().filter_map(|value| value.to_str().ok());
    let names = values.flat_map(|value| value.split(','));
    let ours = |name: &&str| {
        name.split(';').next().is_some_and(|id| id.trim().eq_ignore_ascii_case(CDN_ID))
    };
    names.filter(ours).count() >= PASSES_MAX
}

fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let values: Vec<&str> =
        headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
    (!values.is_empty()).then(|| values.join(", "))
}

/// The request id that a client sent, when it is one that can be logged and passed on as it is.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<&HeaderValue> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let id = headers.get(X_REQUEST_ID)?;
    let short = (1..=REQUEST_ID_LENGTH_MAX).contains(&id.len());
    (short && id.as_bytes().iter().all(|b| plain(*b))).then_some(id)
}

/// About how many bytes the headers are on the wire.
pub(crate) fn wire_bytes(uri: &Uri, headers: &HeaderMap) -> usize {
    let fields = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4);
    uri.path_and_query().map_or(1, |path| path.as_str().len()) + fields.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLAIMED: [&str; 8] = [
        "forwarded",
        "x-real-ip",
        "x-forwarded-port",
        "x-forwarded-server",
        "x-forwarded-prefix",
        "x-forwarded-ssl",
        "cf-connecting-ip",
        "true-client-ip",
    ];

    fn facts(trusted: bool) -> Forwarding<'static> {
        static FACTS: std::sync::LazyLock<[HeaderValue; 3]> = std::sync::LazyLock::new(|| {
            ["192.0.2.7", "app.customer.com", "abc"].map(HeaderValue::from_static)
        });
        let [client, host, request_id] = &*FACTS;
        Forwarding { client, proto: "https", host, request_id, trusted }
    }

    fn forwarded(trusted: bool) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let mut add = |name: &'static str, value| {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        };
        add("host", "app.customer.com");
        add("x-forwarded-for", "198.51.100.9");
        add("x-forwarded-proto", "gopher");
        for name in CLAIMED {
            add(name, "claimed");
            add(name, "claimed again");
        }
        forward(&mut headers, facts(trusted));
        headers
    }

    #[test]
    fn what_a_client_says_about_itself_is_replaced() {
        let request = forwarded(false);
        let header = |name: &str| request.get(name).map(|v| v.to_str().unwrap());
        assert_eq!(header("host"), Some("app.customer.com"));
        assert_eq!(header("x-forwarded-for"), Some("192.0.2.7"));
        assert_eq!(header("x-forwarded-proto"), Some("https"));
        assert_eq!(header("x-forwarded-host"), Some("app.customer.com"));
        assert_eq!(header("x-request-id"), Some("abc"));
        for name in CLAIMED {
            assert_eq!(header(name), None, "{name}");
        }
    }

    #[test]
    fn a_trusted_proxys_word_is_kept_and_appended_to() {
        let request = forwarded(true);
        let header = |name: &str| request.get(name).map(|v| v.to_str().unwrap());
        assert_eq!(header("x-forwarded-for"), Some("198.51.100.9, 192.0.2.7"));
        for name in CLAIMED {
            assert_eq!(header(name), Some("claimed"), "{name}");
            assert_eq!(request.get_all(name).iter().count(), 2, "{name}");
        }
    }

    #[test]
    fn a_request_that_has_passed_too_many_edges_is_in_a_loop() {
        let mut request = HeaderMap::new();
        request.append(CDN_LOOP, HeaderValue::from_static("othercdn; v=1, Nameplate;x=y"));
        for _ in 1..PASSES_MAX {
            assert!(!is_in_a_loop(&request));
            forward(&mut request, facts(false));
        }
        assert!(is_in_a_loop(&request));
        let other = request.get_all("cdn-loop").iter().next().unwrap();
        assert_eq!(other, "othercdn; v=1, Nameplate;x=y", "others' names stay");
    }

    #[test]
    fn what_is_about_the_connection_stays_with_it() {
        let check = |sent: &[(&'static str, &'static str)], kept: &[(&str, &str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in sent {
                headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
            }
            strip_hop_by_hop(&mut headers);
            let left: Vec<_> = headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
                .collect();
            assert_eq!(left, kept, "{sent:?}");
        };
        check(&[("accept", "*/*")], &[("accept", "*/*")]);
        check(&[("connection", "close, X-Private"), ("x-private", "1"), ("x", "2")], &[("x", "2")]);
        check(&[("connection", "cookie, host"), ("cookie", "a=b")], &[("cookie", "a=b")]);
        check(&[("keep-alive", "5"), ("proxy-authorization", "x"), ("upgrade", "h2c")], &[]);
        check(&[("alt-svc", "h3=\":443\"")], &[]);
        check(&[("te", "gzip, trailers")], &[("te", "trailers")]);
        check(&[("te", "gzip")], &[]);
        check(&[("transfer-encoding", "chunked"), ("trailer", "x")], &[("trailer", "x")]);
    }

    #[test]
    fn only_we_describe_a_hostname() {
        let mut headers = HeaderMap::new();
        headers.append(X_HOSTNAME_METADATA, HeaderValue::from_static("forged"));
        headers.append(X_HOSTNAME_METADATA, HeaderValue::from_static("twice"));
        describe(&mut headers, Some(&HeaderValue::from_static("{}")));
        assert_eq!(headers.get_all(X_HOSTNAME_METADATA).iter().collect::<Vec<_>>(), ["{}"]);
        describe(&mut headers, None);
        assert!(headers.is_empty());
    }

    #[test]
    fn split_cookies_are_one_again() {
        let mut headers = HeaderMap::new();
        for crumb in ["a=b", "c=d"] {
            headers.append(COOKIE, HeaderValue::from_static(crumb));
        }
        join_cookies(&mut headers);
        assert_eq!(headers.get_all(COOKIE).iter().collect::<Vec<_>>(), ["a=b; c=d"]);
    }

    #[test]
    fn an_upgrade_is_asked_for_by_both_headers() {
        for (connection, upgrade, asked) in [
            (Some("keep-alive, Upgrade"), Some("websocket"), true),
            (Some("keep-alive"), Some("websocket"), false),
            (Some("upgrade"), None, false),
            (None, Some("h2c"), false),
        ] {
            let mut headers = HeaderMap::new();
            let mut add = |name, value: Option<&'static str>| {
                value.map(|value| headers.insert(name, HeaderValue::from_static(value)))
            };
            add(CONNECTION, connection);
            add(UPGRADE, upgrade);
            assert_eq!(asks_for_upgrade(&headers), asked, "{connection:?} {upgrade:?}");
        }
    }

    #[test]
    fn only_a_plain_request_id_is_taken_over() {
        for (sent, expected) in [
            ("abc-DEF_1.2", Some("abc-DEF_1.2")),
            ("", None),
            ("a b", None),
            ("\"quoted\"", None),
            (&"a".repeat(REQUEST_ID_LENGTH_MAX + 1), None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(X_REQUEST_ID, HeaderValue::from_str(sent).unwrap());
            let id = request_id(&headers).and_then(|id| id.to_str().ok());
            assert_eq!(id, expected, "{sent}");
        }
    }
}
