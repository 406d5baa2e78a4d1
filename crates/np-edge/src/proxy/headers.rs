//! The headers that the edge adds on the way to the origin. `Host` stays as the client sent it. Pure.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue, header::FORWARDED};
use pingora::{Result, http::RequestHeader};

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

/// The longest request id taken over from a client.
const REQUEST_ID_LENGTH_MAX: usize = 64;

/// What the origin is told about a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Forwarding<'a> {
    pub(crate) client: Option<IpAddr>,
    /// `http` or `https`.
    pub(crate) proto: &'static str,
    pub(crate) host: &'a str,
    pub(crate) request_id: &'a str,
    /// Whether what the client says about itself is kept.
    pub(crate) trusted: bool,
}

/// Tells the origin.
///
/// # Errors
/// When a value cannot stand in a header, which none of ours is.
pub(crate) fn forward(request: &mut RequestHeader, facts: Forwarding<'_>) -> Result<()> {
    let client = facts.client.map(|ip| ip.to_canonical().to_string()).unwrap_or_default();
    let earlier = if facts.trusted { joined(&request.headers, &X_FORWARDED_FOR) } else { None };
    let forwarded_for = match earlier {
        Some(earlier) if !client.is_empty() => format!("{earlier}, {client}"),
        Some(earlier) => earlier,
        None => client,
    };
    if !facts.trusted {
        for claim in &CLAIMS {
            request.remove_header(claim);
        }
    }
    request.insert_header(X_FORWARDED_FOR, forwarded_for)?;
    request.insert_header(X_FORWARDED_PROTO, facts.proto)?;
    request.insert_header(X_FORWARDED_HOST, facts.host)?;
    request.insert_header(X_REQUEST_ID, facts.request_id)?;
    request.append_header(CDN_LOOP, CDN_ID).map(|_| ())
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
pub(crate) fn request_id(headers: &HeaderMap) -> Option<&str> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let id = headers.get(X_REQUEST_ID).map(HeaderValue::to_str)?.ok()?;
    ((1..=REQUEST_ID_LENGTH_MAX).contains(&id.len()) && id.bytes().all(plain)).then_some(id)
}

/// About how many bytes the headers are on the wire.
pub(crate) fn wire_bytes(request: &RequestHeader) -> usize {
    let fields = request.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4);
    request.raw_path().len() + fields.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As clients write them.
    const CLAIMED: [&str; 8] = [
        "Forwarded",
        "X-Real-IP",
        "X-Forwarded-Port",
        "X-Forwarded-Server",
        "X-Forwarded-Prefix",
        "X-Forwarded-Ssl",
        "CF-Connecting-IP",
        "True-Client-IP",
    ];

    fn forwarded(trusted: bool) -> RequestHeader {
        let mut request = RequestHeader::build("GET", b"/", None).unwrap();
        request.insert_header("host", "app.customer.com").unwrap();
        request.append_header("x-forwarded-for", "198.51.100.9").unwrap();
        request.append_header("x-forwarded-proto", "gopher").unwrap();
        for name in CLAIMED {
            request.append_header(name, "claimed").unwrap();
            request.append_header(name, "claimed again").unwrap();
        }
        let facts = Forwarding {
            client: Some("192.0.2.7".parse().unwrap()),
            proto: "https",
            host: "app.customer.com",
            request_id: "abc",
            trusted,
        };
        forward(&mut request, facts).unwrap();
        request
    }

    #[test]
    fn what_a_client_says_about_itself_is_replaced() {
        let request = forwarded(false);
        let header = |name: &str| request.headers.get(name).map(|v| v.to_str().unwrap());
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
        let header = |name: &str| request.headers.get(name).map(|v| v.to_str().unwrap());
        assert_eq!(header("x-forwarded-for"), Some("198.51.100.9, 192.0.2.7"));
        for name in CLAIMED {
            assert_eq!(header(name), Some("claimed"), "{name}");
            assert_eq!(request.headers.get_all(name).iter().count(), 2, "{name}");
        }
    }

    #[test]
    fn a_request_that_has_passed_too_many_edges_is_in_a_loop() {
        let mut request = RequestHeader::build("GET", b"/", None).unwrap();
        request.append_header("cdn-loop", "othercdn; v=1, Nameplate;x=y").unwrap();
        let facts = Forwarding {
            client: None,
            proto: "https",
            host: "app.customer.com",
            request_id: "abc",
            trusted: false,
        };
        for _ in 1..PASSES_MAX {
            assert!(!is_in_a_loop(&request.headers));
            forward(&mut request, facts).unwrap();
        }
        assert!(is_in_a_loop(&request.headers));
        let other = request.headers.get_all("cdn-loop").iter().next().unwrap();
        assert_eq!(other, "othercdn; v=1, Nameplate;x=y", "others' names stay");
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
            assert_eq!(request_id(&headers), expected, "{sent}");
        }
    }
}
