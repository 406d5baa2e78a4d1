//! From where a request comes: the address of its connection, or what a trusted proxy says of it.

use std::net::{IpAddr, SocketAddr};

use axum::extract::Request;
use http::{HeaderMap, HeaderName};
use np_domain::network::AddressRange;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address of whoever sent the request; `None` when it is not known.
///
/// The server puts the connection's address among the request's extensions. Each proxy appends whom it heard from, so that
/// the last address that is not a trusted proxy's is the caller's, and all before it is hearsay.
pub(crate) fn address(request: &Request, trusted: &[AddressRange]) -> Option<IpAddr> {
    let peer = request.extensions().get::<SocketAddr>()?.ip().to_canonical();
    let is_trusted = |address: &IpAddr| trusted.iter().any(|range| range.contains(*address));
    if !is_trusted(&peer) {
        return Some(peer);
    }
    let mut caller = peer;
    for address in forwarded(request.headers()) {
        caller = address?.to_canonical();
        if !is_trusted(&caller) {
            break;
        }
    }
    Some(caller)
}

/// The addresses of `X-Forwarded-For`, the last first; `None` for what is no address.
fn forwarded(headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
    let values: Vec<_> = headers.get_all(FORWARDED_FOR).iter().collect();
    values.into_iter().rev().flat_map(|value| {
        let texts: Vec<_> = value.to_str().unwrap_or("?").split(',').collect();
        texts.into_iter().rev().map(|text| text.trim().parse().ok()).collect::<Vec<_>>()
    })
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn check(peer: &str, forwarded: &[&str], expected: Option<&str>) {
        let mut request = Request::builder();
        for value in forwarded {
            request = request.header(FORWARDED_FOR, *value);
        }
        let mut request = request.body(Body::empty()).unwrap();
        request.extensions_mut().insert(SocketAddr::new(peer.parse().unwrap(), 1));
        let trusted = ["127.0.0.1".parse().unwrap(), "10.0.0.0/8".parse().unwrap()];
        let expected = expected.map(|text| text.parse().unwrap());
        assert_eq!(address(&request, &trusted), expected, "{peer} {forwarded:?}");
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        check("192.0.2.1", &["198.51.100.1"], Some("192.0.2.1"));
        check("127.0.0.1", &[], Some("127.0.0.1"));
        check("127.0.0.1", &["198.51.100.1"], Some("198.51.100.1"));
        check("127.0.0.1", &["203.0.113.9, 198.51.100.1, 10.1.2.3"], Some("198.51.100.1"));
        check("::ffff:127.0.0.1", &["203.0.113.9", "198.51.100.1"], Some("198.51.100.1"));
        check("127.0.0.1", &["198.51.100.1, nonsense"], None);
    }
}
