//! How control over names is shown to a CA: the methods, what each of them wants to be visible, and which of them fit.
//!
//! [`Methods`] is what a CA validates by. It is the one place that knows that no CA issues a wildcard for a proof over
//! HTTP, so that a call is refused with the methods that would do, and a CA that cannot do a method is never asked for it.

pub mod persist;

mod mailbox;

pub use mailbox::{EMAIL_ENDS, Mailbox, ValidationAddress};

use std::collections::BTreeSet;

use super::CertName;
use crate::{
    Timestamp,
    name::{DnsName, Hostname, InvalidName},
    text::Explanation,
};

/// How control is shown to the CA. Delegation is `Txt` with the TXT record standing in our DNS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DcvMethod {
    /// http-01 (RFC 8555 section 8.3).
    Http,
    /// A TXT record: dns-01 (RFC 8555 section 8.4), or what a CA is configured to use in its place.
    Txt,
    /// A click on a page whose address is sent by e-mail (baseline requirements 3.2.2.4.4).
    Email,
    /// A CNAME at a name that only this order knows (baseline requirements 3.2.2.4.7).
    Cname,
}

impl DcvMethod {
    /// All of them, with the API's word, in the order in which they are named to callers.
    pub const ALL: [(Self, &'static str); 4] =
        [(Self::Http, "http"), (Self::Txt, "txt"), (Self::Email, "email"), (Self::Cname, "cname")];

    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Txt => "txt",
            Self::Email => "email",
            Self::Cname => "cname",
        }
    }

    /// The method with that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == word).map(|(method, _)| *method)
    }

    /// Whether a wildcard is issued for it: what is served at one name says nothing about those below.
    pub fn covers_wildcards(self) -> bool {
        self != Self::Http
    }
}

/// The methods that a CA validates by.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Methods {
    offered: BTreeSet<DcvMethod>,
    lacking: BTreeSet<DcvMethod>,
}

impl Methods {
    /// These.
    pub fn new(offered: impl IntoIterator<Item = DcvMethod>) -> Self {
        Self { offered: offered.into_iter().collect(), lacking: BTreeSet::new() }
    }

    /// What ACME has.
    pub fn acme() -> Self {
        Self::new([DcvMethod::Http, DcvMethod::Txt])
    }

    /// With a method that the CA knows, but cannot do as this installation is configured.
    #[must_use]
    pub fn lacking(mut self, method: DcvMethod) -> Self {
        self.offered.remove(&method);
        self.lacking.insert(method);
        self
    }

    /// Whether the CA knows the method, and only configuration is missing for it.
    pub fn is_lacking(&self, method: DcvMethod) -> bool {
        self.lacking.contains(&method)
    }

    /// Whether the CA can be shown control by this method over what is wanted: what a call is judged by, and which CAs
    /// may stand in for one that fails.
    pub fn fit(&self, method: DcvMethod, wildcard: bool) -> bool {
        self.offered.contains(&method) && (!wildcard || method.covers_wildcards())
    }

    /// The same for the names of an order.
    pub fn fit_names(&self, method: DcvMethod, names: &[CertName]) -> bool {
        self.fit(method, names.iter().any(CertName::is_wildcard))
    }

    /// Those that would do, in the order in which they are named to callers.
    pub fn fitting(&self, wildcard: bool) -> Vec<DcvMethod> {
        let all = DcvMethod::ALL.iter().map(|(method, _)| *method);
        all.filter(|method| self.fit(*method, wildcard)).collect()
    }
}

/// The proof that a CA wants for one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control {
    /// The name on the certificate.
    pub name: CertName,
    /// What must be visible.
    pub proof: ControlProof,
    /// Whether the CA had accepted it before, so that nothing needs to be shown.
    pub satisfied: bool,
}

/// What must be visible for a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ControlProof {
    /// `body` at `path` on port 80 of the hostname.
    Http {
        /// `/.well-known/acme-challenge/<token>`
        path: Explanation,
        /// The key authorization.
        body: Explanation,
    },
    /// `value` in a TXT record at `name`. Which of ACME's challenges that is, the name says: see [`TxtChallenge`].
    Txt {
        /// `_acme-challenge.<hostname>`, or its like for an account, or for a proof that stays.
        name: DnsName,
        /// The digest of the key authorization, or what names our account.
        value: Explanation,
    },
    /// Somebody who reads mail at one of these addresses approves.
    Email {
        /// Where it is asked.
        addresses: Vec<ValidationAddress>,
    },
    /// A CNAME at `name` that leads to `target`.
    Cname {
        /// `_<token>.<hostname>`
        name: DnsName,
        /// A name of the CA's.
        target: DnsName,
    },
}

impl ControlProof {
    /// The method by which this is shown.
    pub fn method(&self) -> DcvMethod {
        match self {
            Self::Http { .. } => DcvMethod::Http,
            Self::Txt { .. } => DcvMethod::Txt,
            Self::Email { .. } => DcvMethod::Email,
            Self::Cname { .. } => DcvMethod::Cname,
        }
    }
}

/// The label of dns-01's records.
const ACME_LABEL: &str = "_acme-challenge";
/// The label of records that stay (draft-ietf-acme-dns-persist).
const PERSIST_LABEL: &str = "_validation-persist";

/// Which of ACME's challenges a TXT record answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TxtChallenge {
    /// dns-01 (RFC 8555 section 8.4), at `_acme-challenge.<hostname>`.
    #[default]
    Dns,
    /// dns-account-01 (draft-ietf-acme-dns-account-label), at `_<our account>._acme-challenge.<hostname>`: several
    /// providers can each have a record, or a delegation, of their own.
    Account,
    /// dns-persist-01 (draft-ietf-acme-dns-persist), at `_validation-persist.<hostname>`: the record names our account
    /// and may stay for ever.
    Persist,
}

impl TxtChallenge {
    /// The one that a record at `name` answers.
    pub fn at(name: &DnsName) -> Self {
        match name.labels().next() {
            Some(ACME_LABEL) => Self::Dns,
            Some(PERSIST_LABEL) => Self::Persist,
            Some(_) | None => Self::Account,
        }
    }

    /// Its name in ACME.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns-01",
            Self::Account => "dns-account-01",
            Self::Persist => "dns-persist-01",
        }
    }

    /// Whether a record that was `found` shows what the `wanted` one does, at `now`.
    pub fn shows(self, found: &str, wanted: &str, now: Timestamp) -> bool {
        match self {
            Self::Dns | Self::Account => found == wanted,
            Self::Persist => persist::permits(found, wanted, now),
        }
    }

    /// Where its record for `host` stands; `account` is the label that the CA gives our account.
    ///
    /// # Errors
    /// When the name would be too long.
    pub fn name(self, host: &Hostname, account: &str) -> Result<DnsName, InvalidName> {
        match self {
            Self::Dns => host.as_dns().child(ACME_LABEL),
            Self::Account => host.as_dns().child(ACME_LABEL)?.child(&format!("_{account}")),
            Self::Persist => host.as_dns().child(PERSIST_LABEL),
        }
    }
}

#[cfg(test)]
mod tests {
    use DcvMethod::{Cname, Email, Http, Txt};

    use super::*;

    #[test]
    fn only_methods_that_a_ca_has_fit_and_no_wildcard_fits_http() {
        let local = Methods::new([Http, Txt, Cname]).lacking(Email);
        let all = Methods::new([Cname, Email, Txt, Http]);
        for (methods, method, plain, wild) in [
            (&all, Http, true, false),
            (&all, Txt, true, true),
            (&all, Email, true, true),
            (&all, Cname, true, true),
            (&Methods::acme(), Http, true, false),
            (&Methods::acme(), Txt, true, true),
            (&Methods::acme(), Email, false, false),
            (&Methods::acme(), Cname, false, false),
            (&local, Email, false, false),
        ] {
            let fits = (methods.fit(method, false), methods.fit(method, true));
            assert_eq!(fits, (plain, wild), "{method:?} of {methods:?}");
        }
        assert_eq!(all.fitting(false), [Http, Txt, Email, Cname]);
        assert_eq!(Methods::acme().fitting(true), [Txt]);
        assert!(local.is_lacking(Email) && !local.is_lacking(Cname) && !all.is_lacking(Email));
    }

    #[test]
    fn methods_have_the_words_of_the_api() {
        for (method, word) in DcvMethod::ALL {
            assert_eq!((method.as_str(), DcvMethod::parse(word)), (word, Some(method)));
        }
        assert_eq!(DcvMethod::parse("HTTP"), None);
    }

    #[test]
    fn a_records_name_says_which_challenge_it_answers() {
        let host: Hostname = "app.customer.com".parse().unwrap();
        for (challenge, name) in [
            (TxtChallenge::Dns, "_acme-challenge.app.customer.com"),
            (TxtChallenge::Account, "_ujmmovf2vn55tgye._acme-challenge.app.customer.com"),
            (TxtChallenge::Persist, "_validation-persist.app.customer.com"),
        ] {
            let made = challenge.name(&host, "ujmmovf2vn55tgye").unwrap();
            assert_eq!((made.as_str(), TxtChallenge::at(&made)), (name, challenge));
        }
        let long: Hostname = format!("{}com", "a23456789.".repeat(24)).parse().unwrap();
        assert!(TxtChallenge::Dns.name(&long, "").is_err());
    }
}
