//! Cases of what port 80 shows.

use super::{
    Row,
    scene::{HOST, TOKEN, answered, body, body_with},
};
use crate::{
    diagnosis::sight::{WebEnd, WebOutcome},
    text::Explanation,
};

fn refused() -> WebOutcome {
    WebOutcome::NotConnected(Explanation::new("connection refused"))
}

fn to_https() -> WebEnd {
    WebEnd::NotFollowed {
        location: Explanation::new("https://app.customer.com/"),
        host: Some(Explanation::new(HOST)),
        why: Explanation::new("only http is followed"),
    }
}

const A: &str = "198.51.100.1";
const AAAA: &str = "2001:db8::7";

pub(super) const ROWS: &[Row] = &[
    (
        "the proof is served",
        |s| s.pointed().wants_http().web(A, body(200, "body\n")),
        &["http.token_served good provider"],
    ),
    (
        "the ownership token is served",
        |s| s.customer("app A 203.0.113.7").web("203.0.113.7", body(200, TOKEN)),
        &["ownership.http_seen good provider", "hostname.addresses_elsewhere notice customer"],
    ),
    (
        "port 80 closed",
        |s| s.pointed().wants_http().web(A, refused()),
        &["http.port_closed problem provider"],
    ),
    (
        "port 80 closed at the customer's",
        |s| s.customer("app A 203.0.113.7").wants_http().web("203.0.113.7", refused()),
        &["http.port_closed problem customer", "hostname.addresses_elsewhere problem customer"],
    ),
    (
        "port 80 closed, and nobody looks there",
        |s| {
            s.pointed()
                .wants_txt(&["one"])
                .customer("_acme-challenge.app TXT one")
                .web(A, refused())
        },
        &["http.port_closed notice provider"],
    ),
    (
        "port 80 filtered",
        |s| s.pointed().wants_http().web(A, WebOutcome::TimedOut),
        &["http.timeout problem provider"],
    ),
    (
        "IPv6 does not answer",
        |s| {
            s.customer("app A 198.51.100.1")
                .customer("app AAAA 2001:db8::7")
                .wants_http()
                .web(AAAA, refused())
                .web(A, body(200, "body"))
        },
        &[
            "http.aaaa_unreachable problem customer",
            "hostname.addresses_elsewhere problem customer",
        ],
    ),
    (
        "a private address",
        |s| s.customer("app A 10.0.0.1").web("10.0.0.1", WebOutcome::Reserved),
        &[
            "hostname.reserved_address problem customer",
            "hostname.addresses_elsewhere problem customer",
        ],
    ),
    (
        "redirects in a circle",
        |s| s.pointed().wants_http().web(A, answered(&[(HOST, 302), (HOST, 302)], WebEnd::Circle)),
        &["http.redirect_loop problem provider"],
    ),
    (
        "too many redirects",
        |s| s.pointed().wants_http().web(A, answered(&[(HOST, 302)], WebEnd::TooManyRedirects)),
        &["http.redirect_loop problem provider"],
    ),
    (
        "a redirect to another host",
        |s| {
            let end = WebEnd::Body(Explanation::new("page"));
            s.pointed()
                .wants_http()
                .web(A, answered(&[(HOST, 302), ("www.customer.com", 200)], end))
        },
        &["http.redirect_foreign problem provider"],
    ),
    (
        "a redirect to https",
        |s| s.pointed().wants_http().web(A, answered(&[(HOST, 301)], to_https())),
        &["http.redirect_refused problem provider"],
    ),
    (
        "a visitor's redirect to https",
        |s| s.pointed().owned().web(A, answered(&[(HOST, 301)], to_https())),
        &["hostname.points_here good provider"],
    ),
    (
        "not found",
        |s| s.pointed().wants_http().web(A, body(404, "")),
        &["http.status problem provider"],
    ),
    (
        "another body",
        |s| s.pointed().wants_http().web(A, body(200, "hello")),
        &["http.wrong_body problem provider"],
    ),
    (
        "a proxy in front",
        |s| s.customer("app A 203.0.113.7").web("203.0.113.7", body_with("cf-ray", "8f")),
        &[
            "hostname.proxy_in_front problem customer",
            "hostname.addresses_elsewhere problem customer",
            "http.wrong_body notice customer",
        ],
    ),
    (
        "an unknown proxy",
        |s| s.customer("app A 203.0.113.7").web("203.0.113.7", body_with("via", "1.1 squid")),
        &[
            "hostname.proxy_in_front problem customer",
            "hostname.addresses_elsewhere problem customer",
        ],
    ),
];
