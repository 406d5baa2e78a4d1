//! What a hostname's DNS and web server should show.

use crate::{
    certificate::{AuthorityName, Certificate, Control, ControlProof},
    custom_hostname::HostnameRecord,
    name::{DnsName, Hostname},
    ownership,
    text::Explanation,
    zone::CnameTarget,
};

/// Everything that is wanted of one hostname.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The hostname.
    pub name: Hostname,
    /// It as it is kept; `None` when it was not added yet.
    pub record: Option<HostnameRecord>,
    /// Where its CNAMEs may end.
    pub target: CnameTarget,
    /// The target to recommend.
    pub point_at: DnsName,
    /// Whether the zone is proven to be its account's: otherwise a CNAME to it proves nothing.
    pub zone_is_active: bool,
    /// Whether its requests have somewhere to go.
    pub has_origin: bool,
    /// Where `_acme-challenge` is delegated to; `None` when that is too long for a name, or not known.
    pub delegation: Option<DnsName>,
    /// The CAs that can be used; the first is the one in use.
    pub issuers: Vec<Issuer>,
}

/// A CA as CAA records know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    /// Its name here.
    pub authority: AuthorityName,
    /// Its domains in CAA records; none: it does not look at CAA.
    pub domains: Vec<DnsName>,
    /// Our account there (RFC 8657), as far as it is known.
    pub account: Option<Explanation>,
}

/// The domains by which CAA records know the CAs behind the API's names (behaviour.md 3.4). The first is the one to write.
const CAA_DOMAINS: [(AuthorityName, &str); 4] = [
    (AuthorityName::Digicert, "digicert.com"),
    (AuthorityName::Google, "pki.goog"),
    (AuthorityName::LetsEncrypt, "letsencrypt.org"),
    (AuthorityName::SslCom, "ssl.com"),
];

impl Issuer {
    /// A public CA, with our account there.
    pub fn public(authority: AuthorityName, account: Option<Explanation>) -> Self {
        let known = CAA_DOMAINS.iter().filter(|(name, _)| *name == authority);
        let domains = known.filter_map(|(_, domain)| domain.parse().ok()).collect();
        Self { authority, domains, account }
    }

    /// A CA that does not look at CAA.
    pub fn without_caa(authority: AuthorityName) -> Self {
        Self { authority, domains: Vec::new(), account: None }
    }
}

impl Wanted {
    /// The hostname's ownership, if it was added.
    pub fn ownership(&self) -> Option<&ownership::State> {
        self.record.as_ref().map(|record| &record.hostname.ownership)
    }

    /// Whether ownership is proven.
    pub fn is_owned(&self) -> bool {
        self.ownership().is_some_and(|state| state.proof().is_some())
    }

    /// The hostname's certificate, if one is wanted.
    pub fn certificate(&self) -> Option<&Certificate> {
        self.record.as_ref()?.certificate.as_ref()
    }

    /// The proofs that a CA waits for at this moment.
    pub fn open_proofs(&self) -> impl Iterator<Item = &Control> {
        let order = self.certificate().and_then(Certificate::open_order);
        order.into_iter().flat_map(|order| &order.controls).filter(|control| !control.satisfied)
    }

    /// The values that must stand in TXT at `_acme-challenge`.
    pub fn txt_values(&self) -> Vec<&str> {
        let values = self.open_proofs().filter_map(|control| match &control.proof {
            ControlProof::Txt { value, .. } => Some(value.as_str()),
            ControlProof::Http { .. } | ControlProof::Email { .. } | ControlProof::Cname { .. } => {
                None
            }
        });
        values.collect()
    }

    /// The paths with the bodies that must be served on port 80.
    pub fn http_proofs(&self) -> Vec<(&Explanation, &Explanation)> {
        let proofs = self.open_proofs().filter_map(|control| match &control.proof {
            ControlProof::Http { path, body } => Some((path, body)),
            ControlProof::Txt { .. } | ControlProof::Email { .. } | ControlProof::Cname { .. } => {
                None
            }
        });
        proofs.collect()
    }

    /// The customer's domain: what DNS providers append to a name that is typed without a final dot.
    pub fn domain(&self) -> DnsName {
        self.name.registrable()
    }
}
