//! The challenges that are answered in TXT. instant-acme knows dns-01; the two newer ones it hands on as unknown, with what
//! they have in common with it, so that names, values and the CA's own name are worked out here.

use instant_acme::ChallengeType;
use np_domain::{
    certificate::{Actor, CertName, ControlProof, TxtChallenge, control::persist},
    name::DnsName,
    ports::{AuthorityError, OrderTerms},
    text::Explanation,
};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{account::AccountKeeper, challenges::refused};

/// The bytes of an account's digest that make its label (draft-ietf-acme-dns-account-label section 3.1).
const LABEL_BYTES: usize = 10;
/// The digits of base32 (RFC 4648 section 6) in lower case, as names are written here.
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// What of an order matters to its TXT records.
pub(super) struct TxtTerms<'a> {
    /// Which challenge is answered.
    pub(super) challenge: TxtChallenge,
    /// Our account's URI.
    pub(super) account: &'a str,
    /// Knows the CA's name in records that stay, once an authorization said it.
    pub(super) keeper: &'a AccountKeeper,
}

impl TxtTerms<'_> {
    /// The record that is wanted for `name`; `digest` is that of the key authorization.
    pub(super) fn proof(
        &self,
        name: &CertName,
        terms: &OrderTerms,
        digest: &str,
    ) -> Result<ControlProof, AuthorityError> {
        let base = name.base();
        let value = match self.challenge {
            TxtChallenge::Dns | TxtChallenge::Account => Explanation::new(digest),
            TxtChallenge::Persist => {
                let issuer = self.keeper.issuer_domain().ok_or_else(|| {
                    refused(
                        Actor::Authority,
                        "the authority does not say its name for dns-persist-01",
                    )
                })?;
                // One record for a name and its wildcard.
                let same = |other: &&CertName| other.base() == base && other.is_wildcard();
                persist::value(&issuer, self.account, terms.names.iter().any(|n| same(&n)))
            }
        };
        let at = self.challenge.name(base, &account_label(self.account));
        let at = at.map_err(|why| {
            refused(Actor::Provider, &format!("no TXT record for {name} has room: {why}; use http"))
        })?;
        Ok(ControlProof::Txt { name: at, value })
    }
}

/// The challenge as instant-acme names it.
pub(super) fn challenge_type(challenge: TxtChallenge) -> ChallengeType {
    match challenge {
        TxtChallenge::Dns => ChallengeType::Dns01,
        TxtChallenge::Account | TxtChallenge::Persist => {
            ChallengeType::Unknown(challenge.as_str().to_owned())
        }
    }
}

/// The label that names our account in dns-account-01.
pub(super) fn account_label(account_uri: &str) -> String {
    let digest = Sha256::digest(account_uri);
    let (mut bits, mut count, mut label) = (0_u32, 0, String::new());
    for byte in &digest[..LABEL_BYTES] {
        (bits, count) = (bits << 8 | u32::from(*byte), count + 8);
        while count >= 5 {
            count -= 5;
            label.push(char::from(BASE32[(bits >> count & 31) as usize]));
        }
    }
    label
}

#[derive(Deserialize)]
struct Authorization {
    challenges: Vec<Challenge>,
}

#[derive(Deserialize)]
struct Challenge {
    #[serde(rename = "issuer-domain-names", default)]
    issuer_domain_names: Vec<String>,
}

/// The first name by which an authorization says that records know the CA: instant-acme drops it.
pub(super) fn issuer_domain(body: &[u8]) -> Option<DnsName> {
    let authorization: Authorization = serde_json::from_slice(body).ok()?;
    let mut names = authorization.challenges.into_iter().flat_map(|c| c.issuer_domain_names);
    names.find_map(|name| name.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_accounts_label_is_the_drafts_example() {
        assert_eq!(
            account_label("https://example.com/acme/acct/ExampleAccount"),
            "ujmmovf2vn55tgye"
        );
    }

    #[test]
    fn the_name_of_a_ca_is_read_from_its_authorizations() {
        let body = r#"{"status":"pending","challenges":[{"type":"dns-01","url":"u","token":"t"},
            {"type":"dns-persist-01","url":"u","issuer-domain-names":["CA.example","other.example"]}]}"#;
        assert_eq!(issuer_domain(body.as_bytes()).unwrap().as_str(), "ca.example");
        for other in ["", "{}", r#"{"challenges":[{"type":"dns-01"}]}"#, r#"{"challenges":7}"#] {
            assert_eq!(issuer_domain(other.as_bytes()), None, "{other}");
        }
    }
}
