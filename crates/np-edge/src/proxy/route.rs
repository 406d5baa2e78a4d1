//! Which hostname a request is for, and whether it may be: the connection's name and the request's must agree. Pure.

use std::borrow::Cow;

use http::{HeaderMap, Uri, Version, header::HOST, uri::Authority};

use crate::{
    proxy::failure::Failure,
    table::{Found, lookup_name},
    tls::accept::TlsClient,
};

/// The host that a request names, lower case and without port: the target's authority, else the one `Host` header. Over
/// HTTP/2 both may be there, and must then be the same (RFC 9113 section 8.3.1); an HTTP/1.1 target has the last word
/// (RFC 9112 section 3.2.2).
pub(crate) fn host<'a>(
    version: Version,
    uri: &'a Uri,
    headers: &'a HeaderMap,
) -> Result<Cow<'a, str>, Failure> {
    let mut hosts = headers.get_all(HOST).iter();
    let host = hosts.next().map(|host| host.to_str().map_err(|_| Failure::BadHost)).transpose()?;
    if hosts.next().is_some() {
        return Err(Failure::BadHost);
    }
    let name = match (uri.authority(), host) {
        (Some(authority), Some(host))
            if version == Version::HTTP_2 && !authority.as_str().eq_ignore_ascii_case(host) =>
        {
            return Err(Failure::BadHost);
        }
        (Some(authority), _) if authority.as_str().contains('@') => return Err(Failure::BadHost),
        (Some(authority), _) => Authority::host(authority),
        (None, Some(host)) => without_port(host)?,
        (None, None) => return Err(Failure::BadHost),
    };
    lookup_name(name).ok_or(Failure::BadHost)
}

fn without_port(host: &str) -> Result<&str, Failure> {
    match host.split_once(':') {
        None => Ok(host),
        Some((host, port)) if port.parse::<u16>().is_ok() => Ok(host),
        Some(_) => Err(Failure::BadHost),
    }
}

/// Whether a request for `host`, which `found` serves now, may come over the connection that `client` made. A hostname
/// that has moved to another customer since, or is gone, is not served over old connections.
pub(crate) fn over_tls(
    client: &TlsClient,
    host: &str,
    found: Option<Found>,
) -> Result<Found, Failure> {
    match found {
        Some(found) if found.is_same(&client.found) => Ok(found),
        None if *client.name == *host => Err(Failure::NotActive),
        _ => Err(Failure::Misdirected),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn check(uri: &str, hosts: &[&str], expected: Result<&str, Failure>) {
        check_in(Version::HTTP_11, uri, hosts, expected);
    }

    fn check_in(version: Version, uri: &str, hosts: &[&str], expected: Result<&str, Failure>) {
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(HOST, HeaderValue::from_str(host).unwrap());
        }
        let uri: Uri = uri.parse().unwrap();
        let named = host(version, &uri, &headers);
        assert_eq!(named.as_deref().map_err(|f| *f), expected, "{uri} {hosts:?}");
    }

    #[test]
    fn the_host_is_the_targets_authority_or_the_one_host_header() {
        check("/", &["App.Customer.com"], Ok("app.customer.com"));
        check("/", &["app.customer.com:8443"], Ok("app.customer.com"));
        check("https://App.customer.com:443/x", &[], Ok("app.customer.com"));
        check("https://a.customer.com/", &["b.customer.com"], Ok("a.customer.com"));
        check("/", &[], Err(Failure::BadHost));
        check("/", &["a.com", "b.com"], Err(Failure::BadHost));
        check("/", &["[::1]:80"], Err(Failure::BadHost));
        check("/", &["a.com:http"], Err(Failure::BadHost));
        check("/", &[""], Err(Failure::BadHost));
        check("http://user@a.com/", &[], Err(Failure::BadHost));
    }

    #[test]
    fn over_http2_a_host_header_must_agree_with_the_authority() {
        let check = |hosts, expected| {
            check_in(Version::HTTP_2, "https://a.customer.com/", hosts, expected);
        };
        check(&[], Ok("a.customer.com"));
        check(&["A.customer.com"], Ok("a.customer.com"));
        check(&["b.customer.com"], Err(Failure::BadHost));
        check(&["a.customer.com", "a.customer.com"], Err(Failure::BadHost));
    }
}
