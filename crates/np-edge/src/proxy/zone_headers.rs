//! What a zone has browsers told, and where it sends those who come without TLS. Pure.

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use np_domain::zone::settings::{SecurityHeader, Serving};

use crate::proxy::Port;

/// Where a request that came without TLS is sent on to, when the zone wants that; `has_certificate` says whether it would
/// get anywhere.
pub(crate) fn redirect(
    serving: &Serving,
    port: Port,
    has_certificate: bool,
    host: &str,
    path: &str,
) -> Option<String> {
    let due = serving.redirects_to_https && port == Port::Http && has_certificate;
    due.then(|| format!("https://{host}{path}"))
}

/// The status of the redirect: what is not to be repeated as GET must be told so (RFC 9110 section 15.4).
pub(crate) fn redirect_status(method: &Method) -> StatusCode {
    match *method {
        Method::GET | Method::HEAD => StatusCode::MOVED_PERMANENTLY,
        _ => StatusCode::PERMANENT_REDIRECT,
    }
}

/// Adds the zone's headers to an answer. HSTS is for TLS alone (RFC 6797 section 7.2).
pub(crate) fn tell(headers: &mut HeaderMap, told: &SecurityHeader, port: Port) {
    let hsts = match port {
        Port::Https => told.strict_transport_security(),
        Port::Http => None,
    };
    if let Some(value) = hsts.and_then(|value| HeaderValue::from_str(&value).ok()) {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, value);
    }
    if told.nosniff {
        let name: HeaderName = header::X_CONTENT_TYPE_OPTIONS;
        headers.insert(name, HeaderValue::from_static("nosniff"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_requests_that_would_get_somewhere_are_redirected() {
        let wants = Serving { redirects_to_https: true, ..Serving::default() };
        for (serving, port, has_certificate, expected) in [
            (&wants, Port::Http, true, Some("https://app.customer.com/a?b=c")),
            (&wants, Port::Http, false, None),
            (&wants, Port::Https, true, None),
            (&Serving::default(), Port::Http, true, None),
        ] {
            let sent = redirect(serving, port, has_certificate, "app.customer.com", "/a?b=c");
            assert_eq!(sent.as_deref(), expected, "{port:?} {has_certificate}");
        }
        assert_eq!(redirect_status(&Method::HEAD), 301);
        assert_eq!(redirect_status(&Method::POST), 308);
    }

    #[test]
    fn hsts_is_told_over_tls_only() {
        let told = SecurityHeader {
            is_enabled: true,
            max_age: 60,
            nosniff: true,
            ..SecurityHeader::default()
        };
        let names = |port, told: &SecurityHeader| {
            let mut headers = HeaderMap::new();
            tell(&mut headers, told, port);
            headers.keys().map(|name| name.as_str().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(
            names(Port::Https, &told),
            ["strict-transport-security", "x-content-type-options"]
        );
        assert_eq!(names(Port::Http, &told), ["x-content-type-options"]);
        assert!(names(Port::Https, &SecurityHeader::default()).is_empty());
    }
}
