//! What a hostname's DNS and web server should show.

use crate::{
    certificate::{
        AuthorityName, Certificate, Control, ControlProof, TxtChallenge, ValidationAddress,
    },
    custom_hostname::HostnameRecord,
    name::{DnsName, Hostname},
    network::AddressRange,
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
    /// Addresses of the account: a hostname all of whose addresses are among them leads here too.
    pub prefixes: Vec<AddressRange>,
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
    /// What TXT records answer there.
    pub txt: TxtChallenge,
    /// The label that the CA gives our account in names of records, as far as it is known.
    pub account_label: Option<Explanation>,
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
        let (txt, account_label) = (TxtChallenge::default(), None);
        Self { authority, domains, account, txt, account_label }
    }

    /// A CA that does not look at CAA.
    pub fn without_caa(authority: AuthorityName) -> Self {
        Self { domains: Vec::new(), ..Self::public(authority, None) }
    }

    /// The same, with other TXT records than dns-01's.
    #[must_use]
    pub fn with_txt(self, txt: TxtChallenge, account_label: Option<Explanation>) -> Self {
        Self { txt, account_label, ..self }
    }

    /// Where the CA looks for a TXT record about `host`, as far as that is known and there is room for it.
    pub fn challenge(&self, host: &Hostname) -> Option<DnsName> {
        match (self.txt, &self.account_label) {
            (TxtChallenge::Account, None) => None,
            (txt, label) => txt.name(host, label.as_ref().map_or("", Explanation::as_str)).ok(),
        }
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

    /// Where the CA looks for TXT records: `_acme-challenge`, or what stands in its place at this CA.
    pub fn challenge(&self) -> DnsName {
        let open = self.open_proofs().find_map(|control| match &control.proof {
            ControlProof::Txt { name, .. } => Some(name.clone()),
            _ => None,
        });
        let known = || self.issuers.first().and_then(|issuer| issuer.challenge(&self.name));
        open.or_else(known).unwrap_or_else(|| self.name.acme_challenge())
    }

    /// The CNAMEs that must stand somewhere, with their targets.
    pub fn cname_proofs(&self) -> Vec<(&DnsName, &DnsName)> {
        let proofs = self.open_proofs().filter_map(|control| match &control.proof {
            ControlProof::Cname { name, target } => Some((name, target)),
            _ => None,
        });
        proofs.collect()
    }

    /// The addresses whose readers must approve.
    pub fn mailed(&self) -> Vec<&ValidationAddress> {
        let addresses = self.open_proofs().filter_map(|control| match &control.proof {
            ControlProof::Email { addresses } => Some(addresses),
            _ => None,
        });
        addresses.flatten().collect()
    }

    /// The values that must stand in TXT at `_acme-challenge`, each once.
    pub fn txt_values(&self) -> Vec<&str> {
        let values = self.open_proofs().filter_map(|control| match &control.proof {
            ControlProof::Txt { value, .. } => Some(value.as_str()),
            ControlProof::Http { .. } | ControlProof::Email { .. } | ControlProof::Cname { .. } => {
                None
            }
        });
        let mut each_once = Vec::new();
        for value in values {
            if !each_once.contains(&value) {
                each_once.push(value);
            }
        }
        each_once
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
