//! Tokens that prove something to whoever asks on port 80: an ownership check, or a CA's HTTP-01 (RFC 8555 section 8.3).
//! Answered whether the name is proven or not, for exactly the name that they stand at.

use np_domain::entry::HttpToken;

/// The body that stands at `path`.
pub(crate) fn body<'a>(tokens: &'a [HttpToken], path: &str) -> Option<&'a str> {
    let token = tokens.iter().find(|token| token.path.as_str() == path)?;
    Some(token.body.as_str())
}

#[cfg(test)]
mod tests {
    use np_domain::text::Explanation;

    use super::*;

    #[test]
    fn a_token_is_answered_at_its_path_only() {
        let path = Explanation::new("/.well-known/acme-challenge/abc");
        let tokens = [HttpToken { path, body: Explanation::new("abc.def") }];
        assert_eq!(body(&tokens, "/.well-known/acme-challenge/abc"), Some("abc.def"));
        for path in ["/.well-known/acme-challenge/", "/.well-known/acme-challenge/abcd", "/", ""] {
            assert_eq!(body(&tokens, path), None, "{path}");
        }
    }
}
