//! Which hostname a request is for, and whether it may be: the connection's name and the request's must agree. Pure.

use std::borrow::Cow;

use http::{HeaderMap, Uri, header::HOST, uri::Authority};

use crate::{
    proxy::failure::Failure,
    table::{Found, lookup_name},
    tls::accept::TlsClient,
};

/// The host that a request names, lower case and without port: the target's authority, else the one `Host` header.
pub(crate) fn host<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Result<Cow<'a, str>, Failure> {
    let authority = match uri.authority() {
        Some(authority) => Authority::host(authority),
        None => {
            let mut hosts = headers.get_all(HOST).iter();
            let (Some(host), None) = (hosts.next(), hosts.next()) else {
                return Err(Failure::BadHost);
            };
            without_port(host.to_str().map_err(|_| Failure::BadHost)?)?
        }
    };
    lookup_name(authority).ok_or(Failure::BadHost)
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
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(HOST, HeaderValue::from_str(host).unwrap());
        }
        let uri: Uri = uri.parse().unwrap();
        assert_eq!(host(&uri, &headers).as_deref().map_err(|f| *f), expected, "{uri} {hosts:?}");
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
    }
}
