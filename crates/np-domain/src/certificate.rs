//! Certificates: what is wanted, what is being served, and the attempt at the next one.
//!
//! A [`Certificate`] (the API's certificate pack) holds what is served in `active` and the attempt at a certificate in
//! `attempt`. A renewal is an attempt beside what is active, so that "active" never flickers and the old certificate
//! serves until the new one does. [`order`] has the steps of an attempt, [`renewal`] the rule of when to begin one.

pub mod automatic;
pub mod chain;
pub mod control;
pub mod order;
pub mod reissue;
pub mod renewal;
pub mod standin;
pub mod upload;
pub mod urgency;

mod key;
mod standing;

pub use control::{Control, ControlProof, DcvMethod, Methods, TxtChallenge, ValidationAddress};
pub use key::{KeyKind, KeyType};
pub use standing::Standing;
pub use upload::{Kept, Origin, Presented, Uploaded};

use std::{fmt, str::FromStr, time::Duration};

use crate::{
    Timestamp,
    authority::BudgetKind,
    certificate_pack::Pack,
    custom_hostname::CustomHostname,
    entry::FeedKey,
    id::{CertificateId, HostnameId, PackId, ZoneId},
    name::{Hostname, HostnameError, WildcardName},
    secret::SealedBytes,
    text::Explanation,
    tls_policy::TlsPolicy,
};

/// What the API calls a certificate pack: of one custom hostname, or of some of a zone's own hosts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Its id: `ssl.id` of a hostname, or that of the zone's pack.
    pub id: PackId,
    /// What it belongs to.
    pub owner: Owner,
    /// What is asked for.
    pub wanted: Wanted,
    /// What is served: at most one per key type.
    pub active: Vec<Active>,
    /// The attempt at a certificate that is under way, or the reason why there is none.
    pub attempt: State,
    /// The highest level of urgency of its renewal that was said.
    pub alarm: Option<urgency::Level>,
    /// What is to be revoked once it is not served any more.
    pub revocations: Vec<reissue::Revocation>,
    /// Counts the saves; a save names the version that it read.
    pub version: u64,
}

/// What a certificate belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    /// A custom hostname, which has at most one certificate.
    Hostname(HostnameId),
    /// A zone: the certificate is that of the pack with the same id.
    Zone(ZoneId),
}

impl From<HostnameId> for Owner {
    fn from(id: HostnameId) -> Self {
        Self::Hostname(id)
    }
}

/// A certificate with what it belongs to, as it is claimed to be worked on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateRecord {
    /// What it belongs to.
    pub holder: Holder,
    /// The certificate.
    pub certificate: Certificate,
}

/// What a certificate belongs to, as it was when the certificate was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// A custom hostname.
    Hostname(CustomHostname),
    /// A pack of a zone.
    Pack(Pack),
}

impl Holder {
    /// The zone that it belongs to.
    pub fn zone(&self) -> ZoneId {
        match self {
            Self::Hostname(hostname) => hostname.zone,
            Self::Pack(pack) => pack.zone,
        }
    }

    /// The names that `certificate`, which is this holder's, must cover.
    pub fn names(&self, certificate: &Certificate) -> Vec<CertName> {
        match self {
            Self::Hostname(hostname) => certificate.names(&hostname.name),
            Self::Pack(pack) => pack.hosts.as_slice().to_vec(),
        }
    }

    /// How long its certificates are to live; `None`: as long as the CA gives them by itself.
    pub fn life(&self) -> Option<Duration> {
        match self {
            Self::Hostname(_) => None,
            Self::Pack(pack) => pack.validity.asked(),
        }
    }
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// How control is to be shown to the CA.
    pub method: DcvMethod,
    /// Whether `*.hostname` is covered too; of a pack, whether some host is a wildcard.
    pub wildcard: bool,
    /// The CA; `None`: the configured default.
    pub authority: Option<AuthorityName>,
    /// How the chain is to be built.
    pub bundle: BundleMethod,
    /// How TLS is spoken.
    pub tls: TlsPolicy,
    /// The kinds of keys that certificates are wanted for; never empty, the first is obtained first.
    pub keys: Vec<KeyType>,
}

/// A CA as the API names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AuthorityName {
    /// `digicert`
    Digicert,
    /// `google`
    Google,
    /// `lets_encrypt`
    LetsEncrypt,
    /// `ssl_com`
    SslCom,
}

impl AuthorityName {
    /// All of them, with the API's word, which configuration and store use too.
    pub const ALL: [(Self, &'static str); 4] = [
        (Self::Digicert, "digicert"),
        (Self::Google, "google"),
        (Self::LetsEncrypt, "lets_encrypt"),
        (Self::SslCom, "ssl_com"),
    ];

    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Digicert => "digicert",
            Self::Google => "google",
            Self::LetsEncrypt => "lets_encrypt",
            Self::SslCom => "ssl_com",
        }
    }

    /// The CA with that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == word).map(|(name, _)| *name)
    }
}

/// How the chain is built (behaviour.md 4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum BundleMethod {
    /// Kept as it came.
    Force,
    /// The shortest chain.
    Optimal,
    /// The widest trust.
    #[default]
    Ubiquitous,
}

/// A name on a certificate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CertName {
    /// The hostname itself.
    Exact(Hostname),
    /// Everything one level below it.
    Wildcard(WildcardName),
}

impl CertName {
    /// The hostname, without the `*.`: what ACME calls the identifier's value in an authorization.
    pub fn base(&self) -> &Hostname {
        match self {
            Self::Exact(name) => name,
            Self::Wildcard(name) => name.base(),
        }
    }

    /// Whether it is a wildcard.
    pub fn is_wildcard(&self) -> bool {
        matches!(self, Self::Wildcard(_))
    }
}

impl fmt::Display for CertName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(name) => fmt::Display::fmt(name, f),
            Self::Wildcard(name) => fmt::Display::fmt(name, f),
        }
    }
}

impl FromStr for CertName {
    type Err = HostnameError;

    /// Reads a name with or without `*.`; any other `*` is refused.
    fn from_str(text: &str) -> Result<Self, HostnameError> {
        match text.strip_prefix("*.") {
            Some(base) => Hostname::parse(base).map(|base| Self::Wildcard(base.wildcard())),
            None => Hostname::parse(text).map(Self::Exact),
        }
    }
}

/// A certificate that is being served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Active {
    /// The certificate and its key.
    pub issued: IssuedCertificate,
    /// When all live serving nodes had confirmed it.
    pub deployed_at: Timestamp,
    /// When its CA suggests to renew it, as far as it was asked and said so.
    pub suggestion: Option<renewal::Suggestion>,
}

/// A certificate with its key, fit to be served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedCertificate {
    /// Its id.
    pub id: CertificateId,
    /// Who brought it.
    pub origin: Origin,
    /// The chain, judged fit.
    pub chain: chain::ValidatedChain,
    /// The private key, PKCS#8 in DER, sealed.
    pub key: SealedBytes,
    /// The kind of the key.
    pub key_type: KeyType,
    /// When we had it.
    pub issued_at: Timestamp,
}

/// The attempt at a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Nothing is being attempted: every wanted certificate is active.
    Settled(Settled),
    /// An order is to be placed with the CA.
    Ordering(Ordering),
    /// The CA gave its tokens; we look until the proof is visible.
    AwaitingControl(AwaitingControl),
    /// The CA was told to look, and we wait for its verdict.
    Validating(Validating),
    /// The CA accepted the proof; the certificate is being requested and fetched.
    Issuing(Issuing),
    /// The certificate is here and on its way to the serving nodes.
    Issued(Issued),
    /// The attempt ended without a certificate.
    Stalled(Stalled),
    /// Uploaded certificates are here and on their way to the serving nodes.
    Uploaded(Uploaded),
    /// Uploaded certificates are active, and whoever uploaded them renews them.
    Kept(Kept),
}

/// Nothing to do until `renew_at`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// When to begin the next renewal.
    pub renew_at: Timestamp,
    /// When to ask the CA whether that is right; `None` of a CA that does not say.
    pub ask_at: Option<Timestamp>,
}

/// How far the tries of an attempt have come; carried along from order to order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tries {
    /// When the attempt began.
    pub since: Timestamp,
    /// How many tries have failed.
    pub failed: u32,
    /// Why the last one failed.
    pub problems: Vec<Problem>,
    /// The CAs that did not take the order; each at most once.
    pub declined: Vec<Declined>,
}

impl Tries {
    /// None failed yet.
    pub fn new(now: Timestamp) -> Self {
        Self { since: now, failed: 0, problems: Vec::new(), declined: Vec::new() }
    }
}

/// A CA that did not take the order, or lost it, and is not asked again for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declined {
    /// The CA.
    pub authority: AuthorityName,
    /// How often in a row.
    pub times: u32,
    /// When it may be asked again.
    pub until: Timestamp,
    /// Why.
    pub problem: Problem,
}

/// A place in the queue of a CA's limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queued {
    /// The CA.
    pub authority: AuthorityName,
    /// What it limits.
    pub budget: BudgetKind,
    /// When its turn is expected.
    pub expected_at: Timestamp,
}

/// Why a try failed, in words for whoever can act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Who must act.
    pub actor: Actor,
    /// What is wrong and what to do.
    pub message: Explanation,
}

/// Who must act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Actor {
    /// The CA, or nobody but time.
    Authority,
    /// The customer, who owns the hostname.
    Customer,
    /// The provider, who runs the zone and Nameplate.
    Provider,
}

/// An order is to be placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ordering {
    /// The kind of key that this attempt is for.
    pub key_type: KeyType,
    /// The tries so far.
    pub tries: Tries,
    /// How often placing this order has failed.
    pub refusals: u32,
    /// When to try to place it.
    pub next_try: Timestamp,
    /// What it waits for, if it is for a turn within the CA's limits.
    pub queued: Option<Queued>,
}

/// An order at a CA.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The CA.
    pub authority: AuthorityName,
    /// Its URL at the CA: opaque to us.
    pub url: Explanation,
    /// The kind of key that it is for.
    pub key_type: KeyType,
    /// The names, each with the proof that the CA wants.
    pub controls: Vec<Control>,
    /// When the CA forgets it, as far as the CA said.
    pub expires_at: Option<Timestamp>,
    /// Whether the CA took it as the renewal of a certificate (RFC 9773 section 5), which its limits do not count.
    pub is_renewal: bool,
}

/// The proof must become visible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwaitingControl {
    /// The order.
    pub order: Order,
    /// The tries so far.
    pub tries: Tries,
    /// When the order was placed.
    pub placed_at: Timestamp,
    /// When to look next.
    pub next_check: Timestamp,
}

/// The CA was told to look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validating {
    /// The order.
    pub order: Order,
    /// The tries so far.
    pub tries: Tries,
    /// When the CA was told.
    pub told_at: Timestamp,
    /// When to ask for its verdict.
    pub next_poll: Timestamp,
    /// How often it was asked.
    pub polls: u32,
}

/// The certificate is requested with `csr`; the key was sealed and saved before the CA saw the request, so that a crash
/// cannot lose it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuing {
    /// The order.
    pub order: Order,
    /// The tries so far.
    pub tries: Tries,
    /// The private key, PKCS#8 in DER, sealed.
    pub key: SealedBytes,
    /// The request (PKCS#10) in DER.
    pub csr: Box<[u8]>,
    /// When this began.
    pub since: Timestamp,
    /// When to ask next.
    pub next_poll: Timestamp,
    /// How often it was asked.
    pub polls: u32,
}

/// The certificate waits for the serving nodes to confirm it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// It.
    pub certificate: IssuedCertificate,
    /// Since when.
    pub since: Timestamp,
    /// When to look whether it is deployed; a node's report wakes it earlier.
    pub next_check: Timestamp,
}

/// The attempt ended without a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stalled {
    /// The kind of key that the attempt was for.
    pub key_type: KeyType,
    /// Where it ended.
    pub phase: Phase,
    /// Why.
    pub problems: Vec<Problem>,
    /// Since when.
    pub since: Timestamp,
    /// When to begin anew by itself: never for a first certificate, daily while one is being served.
    pub retry_at: Option<Timestamp>,
}

/// Where an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Placing the order.
    Ordering,
    /// Showing control.
    Control,
    /// Fetching the certificate.
    Issuance,
    /// Bringing it to the serving nodes.
    Deployment,
}

impl Certificate {
    /// A certificate that was just asked for: to be ordered at once.
    pub fn new(id: PackId, owner: impl Into<Owner>, wanted: Wanted, now: Timestamp) -> Self {
        let key_type = wanted.keys.first().copied().unwrap_or(KeyType::P256);
        let attempt = State::Ordering(Ordering {
            key_type,
            tries: Tries::new(now),
            refusals: 0,
            next_try: now,
            queued: None,
        });
        Self {
            id,
            owner: owner.into(),
            wanted,
            active: Vec::new(),
            attempt,
            alarm: None,
            revocations: Vec::new(),
            version: 0,
        }
    }

    /// The item of the feed that says how it is served.
    pub fn feed_key(&self) -> FeedKey {
        match self.owner {
            Owner::Hostname(id) => FeedKey::Hostname(id),
            Owner::Zone(_) => FeedKey::Pack(self.id),
        }
    }

    /// The names that a custom hostname's certificate must cover.
    pub fn names(&self, hostname: &Hostname) -> Vec<CertName> {
        let exact = CertName::Exact(hostname.clone());
        match self.wanted.wildcard {
            true => vec![exact, CertName::Wildcard(hostname.wildcard())],
            false => vec![exact],
        }
    }

    /// When a reconciler must look at it by itself; `None`: only when something happens.
    pub fn due_at(&self) -> Option<Timestamp> {
        match &self.attempt {
            State::Settled(settled) => {
                let revoke_at = self.open_revocations().map(|one| one.try_at).min();
                [Some(settled.renew_at), settled.ask_at, revoke_at].into_iter().flatten().min()
            }
            State::Ordering(ordering) => Some(ordering.next_try),
            State::AwaitingControl(awaiting) => Some(awaiting.next_check),
            State::Validating(validating) => Some(validating.next_poll),
            State::Issuing(issuing) => Some(issuing.next_poll),
            State::Issued(issued) => Some(issued.next_check),
            State::Stalled(stalled) => stalled.retry_at,
            State::Uploaded(uploaded) => Some(uploaded.next_check),
            State::Kept(kept) => kept.look_at,
        }
    }

    /// The order that is open at a CA, whose proofs must be visible.
    pub fn open_order(&self) -> Option<&Order> {
        match &self.attempt {
            State::AwaitingControl(awaiting) => Some(&awaiting.order),
            State::Validating(validating) => Some(&validating.order),
            _ => None,
        }
    }

    /// What serving nodes should have: what is active, with an issued certificate in the place of the one that it
    /// renews, and uploaded ones in the place of all.
    pub fn to_serve(&self) -> Vec<&IssuedCertificate> {
        let newer = match &self.attempt {
            State::Uploaded(uploaded) => return uploaded.certificates.iter().collect(),
            State::Issued(issued) => Some(&issued.certificate),
            _ => None,
        };
        let kept = self.active.iter().map(|active| &active.issued);
        kept.filter(|old| newer.is_none_or(|new| new.key_type.kind() != old.key_type.kind()))
            .chain(newer)
            .collect()
    }

    /// Why there is trouble, newest try first known.
    pub fn problems(&self) -> &[Problem] {
        match &self.attempt {
            State::Ordering(ordering) => &ordering.tries.problems,
            State::AwaitingControl(awaiting) => &awaiting.tries.problems,
            State::Validating(validating) => &validating.tries.problems,
            State::Issuing(issuing) => &issuing.tries.problems,
            State::Stalled(stalled) => &stalled.problems,
            State::Settled(_) | State::Issued(_) | State::Uploaded(_) | State::Kept(_) => &[],
        }
    }
}
