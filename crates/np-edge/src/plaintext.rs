//! What port 80 does with a request: answer a token, pass it on for a proven name, or say that the name is not active.

use crate::{
    challenge,
    table::{Found, Site},
};

/// What to do with a request on port 80.
#[derive(Debug)]
pub(crate) enum Plaintext<'a> {
    /// Answer this body.
    Token(&'a str),
    /// Pass the request on.
    Proxy(Found),
    /// Nothing is served under the name. Known and unknown names are told apart by nobody.
    NotActive,
}

/// Decides. `site` is what is known of exactly the request's host, `found` who serves it.
pub(crate) fn decide<'a>(
    site: Option<&'a Site>,
    found: Option<Found>,
    path: &str,
) -> Plaintext<'a> {
    let token = site.and_then(|site| challenge::body(&site.tokens, path));
    match (token, found) {
        (Some(body), _) => Plaintext::Token(body),
        (None, Some(found)) => Plaintext::Proxy(found),
        (None, None) => Plaintext::NotActive,
    }
}
