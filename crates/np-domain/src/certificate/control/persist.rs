//! The TXT record that stays: which CA may rely on which of its accounts (draft-ietf-acme-dns-persist; the grammar is that
//! of CAA's issue values, RFC 8659 section 4.2).

use crate::{Timestamp, name::DnsName, text::Explanation};

/// The record for our account at a CA that calls itself `issuer`. One record serves a name and its wildcard.
pub fn value(issuer: &DnsName, account: &str, wildcard: bool) -> Explanation {
    let policy = if wildcard { "; policy=wildcard" } else { "" };
    Explanation::new(format!("{issuer}; accounturi={account}{policy}"))
}

/// Whether a record that was `found` permits at least what the `wanted` one does, at `now`. The customer may have written it
/// in another order, may permit wildcards besides, and may let it end.
pub fn permits(found: &str, wanted: &str, now: Timestamp) -> bool {
    let (Some(found), Some(wanted)) = (Record::parse(found), Record::parse(wanted)) else {
        return false;
    };
    let has_policy = found.is_wildcard() || !wanted.is_wildcard();
    let until = match found.get("persistuntil") {
        None => None,
        Some(text) => match text.parse() {
            Ok(until) => Some(until),
            // A CA does not read such a record at all.
            Err(_) => return false,
        },
    };
    found.issuer.eq_ignore_ascii_case(wanted.issuer)
        && found.get("accounturi") == wanted.get("accounturi")
        && has_policy
        && until.is_none_or(|until: i64| now.unix_timestamp() <= until)
}

struct Record<'a> {
    issuer: &'a str,
    parameters: Vec<(&'a str, &'a str)>,
}

impl<'a> Record<'a> {
    /// `None` when some part is no parameter, or is there twice: CAs refuse such a record as a whole.
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(|part| part.trim_matches([' ', '\t']));
        let issuer = parts.next().filter(|issuer| !issuer.is_empty())?;
        let mut parameters: Vec<(&str, &str)> = Vec::new();
        for part in parts {
            let (tag, value) = part.split_once('=')?;
            let (tag, value) = (tag.trim_matches([' ', '\t']), value.trim_matches([' ', '\t']));
            if tag.is_empty() || parameters.iter().any(|(known, _)| known.eq_ignore_ascii_case(tag))
            {
                return None;
            }
            parameters.push((tag, value));
        }
        Some(Self { issuer, parameters })
    }

    fn get(&self, tag: &str) -> Option<&'a str> {
        let found = self.parameters.iter().find(|(known, _)| known.eq_ignore_ascii_case(tag));
        found.map(|(_, value)| *value)
    }

    fn is_wildcard(&self) -> bool {
        self.get("policy").is_some_and(|policy| policy.eq_ignore_ascii_case("wildcard"))
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: Timestamp = datetime!(2026-11-30 12:00 UTC);

    #[test]
    fn a_record_permits_what_it_says_and_no_other_account() {
        let issuer = "ca.example".parse().unwrap();
        let plain = value(&issuer, "https://ca/acct/1", false);
        let wild = value(&issuer, "https://ca/acct/1", true);
        assert_eq!(wild.as_str(), "ca.example; accounturi=https://ca/acct/1; policy=wildcard");
        let ends = |at: i64| format!("ca.example; accounturi=https://ca/acct/1; persistUntil={at}");
        let now = NOW.unix_timestamp();
        for (found, plain_permitted, wild_permitted) in [
            (plain.as_str(), true, false),
            (wild.as_str(), true, true),
            ("CA.example;policy=Wildcard ;\taccountURI=https://ca/acct/1", true, true),
            ("ca.example; accounturi=https://ca/acct/2", false, false),
            ("other.example; accounturi=https://ca/acct/1", false, false),
            ("ca.example", false, false),
            ("ca.example; accounturi=https://ca/acct/1;", false, false),
            ("ca.example; accounturi=https://ca/acct/1; accounturi=x", false, false),
            (&ends(now), true, false),
            (&ends(now - 1), false, false),
            ("ca.example; accounturi=https://ca/acct/1; persistUntil=soon", false, false),
            ("", false, false),
        ] {
            let permitted =
                (permits(found, plain.as_str(), NOW), permits(found, wild.as_str(), NOW));
            assert_eq!(permitted, (plain_permitted, wild_permitted), "{found}");
        }
    }
}
