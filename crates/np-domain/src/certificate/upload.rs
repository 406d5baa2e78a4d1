//! Uploaded certificates: what can be wrong with one, and their way from [`Uploaded`] to [`Kept`] (behaviour.md 4.3).
//!
//! Nobody proves control to a CA and nobody renews: whoever uploaded a certificate is told as its end nears. Reading PEM
//! and building paths is np-control's `adapters`; the codes are np-control's `api/error`.

use std::time::Duration;

use thiserror::Error;

use super::{
    Active, AuthorityName, CertName, Certificate, IssuedCertificate, KeyKind, KeyType, State,
    Wanted,
    chain::ChainFacts,
    order::{DEPLOYMENT_LOOK, Step},
};
use crate::{
    Timestamp,
    event::EventKind,
    id::{CsrId, HostnameId, PackId},
    ports::Publish,
    text::Explanation,
};

/// The most pairs of certificate and key of a name: one of each kind of key.
pub const PAIRS_MAX: usize = 2;
/// The most certificates in one upload.
pub const CERTIFICATES_MAX: usize = 16;

/// Signature algorithms that browsers check, as the API names them. The original takes the first three; CAs sign with
/// the others today (Let's Encrypt's ECDSA intermediates with SHA-384).
pub const SIGNATURES: [&str; 6] = [
    "ECDSAWithSHA256",
    "SHA256WithRSA",
    "SHA1WithRSA",
    "ECDSAWithSHA384",
    "SHA384WithRSA",
    "SHA512WithRSA",
];

/// How long before the end of an uploaded certificate whoever uploaded it is told, in days: 0 is the end itself.
pub const NOTICE_DAYS: [i64; 6] = [30, 14, 7, 3, 1, 0];
/// How slowly, at most, nodes are looked at for certificates that they do not have yet.
const DEPLOYMENT_LOOK_MAX: Duration = Duration::from_secs(60);

/// Who brought a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A CA, asked by us.
    Authority(AuthorityName),
    /// Whoever uses the API.
    Uploaded(Presented),
    /// Another certificate of the zone, which stands in for one that could not be renewed.
    Borrowed(PackId),
}

impl Origin {
    /// Whether it was uploaded.
    pub fn is_uploaded(&self) -> bool {
        matches!(self, Self::Uploaded(_))
    }

    /// Whether we obtained it, for what it is served for, from a CA.
    pub fn is_obtained(&self) -> bool {
        matches!(self, Self::Authority(_))
    }

    /// Whether it stands in for another one.
    pub fn is_borrowed(&self) -> bool {
        matches!(self, Self::Borrowed(_))
    }
}

/// What was uploaded, from which a chain can be built anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presented {
    /// The certificates in DER, in the order of the upload.
    pub certificates: Vec<Box<[u8]>>,
    /// The request whose key it has; `None` for a key that came with it.
    pub csr: Option<CsrId>,
}

/// Uploaded certificates wait for the serving nodes to confirm them. They take the place of all that is active.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uploaded {
    /// They: one of each kind of key.
    pub certificates: Vec<IssuedCertificate>,
    /// Since when.
    pub since: Timestamp,
    /// When to look whether they are deployed; a node's report wakes it earlier.
    pub next_check: Timestamp,
}

/// Uploaded certificates are active.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// When to say next that one of them ends; `None` once all has been said.
    pub look_at: Option<Timestamp>,
}

impl Certificate {
    /// Certificates that were just uploaded for a hostname that had none.
    pub fn uploaded(
        id: PackId,
        hostname: HostnameId,
        wanted: Wanted,
        certificates: Vec<IssuedCertificate>,
        now: Timestamp,
    ) -> Self {
        let attempt = State::Uploaded(Uploaded { certificates, since: now, next_check: now });
        Self { attempt, ..Self::new(id, hostname, wanted, now) }
    }

    /// Whether it is renewed by whoever uploaded it. One that shall be obtained from a CA from now on is not, though what
    /// was uploaded may still be served.
    pub fn is_uploaded(&self) -> bool {
        matches!(self.attempt, State::Uploaded(_) | State::Kept(_))
    }

    /// The requests whose keys are in use.
    pub fn csrs(&self) -> impl Iterator<Item = CsrId> {
        csrs(&self.active, &self.attempt)
    }
}

/// The requests whose keys are in what is active or on its way.
pub fn csrs<'a>(active: &'a [Active], attempt: &'a State) -> impl Iterator<Item = CsrId> + use<'a> {
    let coming = match attempt {
        State::Uploaded(uploaded) => uploaded.certificates.as_slice(),
        _ => &[][..],
    };
    let used = active.iter().map(|active| &active.issued).chain(coming);
    used.filter_map(|one| match &one.origin {
        Origin::Uploaded(presented) => presented.csr,
        Origin::Authority(_) | Origin::Borrowed(_) => None,
    })
}

/// Puts uploaded certificates in the place of whatever is served or attempted. What is active is served until the nodes
/// are told, and counts as active until they have confirmed.
pub fn deliver(
    certificate: &mut Certificate,
    certificates: Vec<IssuedCertificate>,
    now: Timestamp,
) {
    let next_check = now;
    certificate.attempt = State::Uploaded(Uploaded { certificates, since: now, next_check });
}

/// All live serving nodes have what was uploaded: it is active, and nothing else.
pub fn delivered(certificate: &mut Certificate, now: Timestamp) -> Option<Step> {
    let serials = activate(certificate, now)?;
    let state = State::Kept(Kept { look_at: next_notice(certificate, now) });
    let detail = format!("confirmed by the live nodes, serial {serials}");
    Some(Step::told(state, EventKind::CertificateDeployed, detail, Publish::No))
}

/// Not all live serving nodes have it yet.
pub fn undelivered(uploaded: &Uploaded, now: Timestamp) -> Step {
    let age = (now - uploaded.since).unsigned_abs();
    let next_check = now + age.clamp(DEPLOYMENT_LOOK, DEPLOYMENT_LOOK_MAX);
    Step::quiet(State::Uploaded(Uploaded { next_check, ..uploaded.clone() }))
}

/// Makes uploaded certificates that are on their way the active ones; their serial numbers.
pub(super) fn activate(certificate: &mut Certificate, now: Timestamp) -> Option<String> {
    let State::Uploaded(uploaded) = &certificate.attempt else { return None };
    let certificates = uploaded.certificates.clone();
    let serials: Vec<_> =
        certificates.iter().map(|one| one.chain.facts().serial.to_string()).collect();
    certificate.active = certificates
        .into_iter()
        .map(|issued| Active { issued, deployed_at: now, suggestion: None })
        .collect();
    Some(serials.join(", "))
}

/// Says that the end of an uploaded certificate is near, or has come.
pub fn notice(certificate: &Certificate, now: Timestamp) -> Option<Step> {
    let soonest = certificate.active.iter().map(|active| active.issued.chain.facts());
    let soonest =
        soonest.filter(|facts| is_near(facts, now)).max_by_key(|facts| facts.not_after)?;
    let state = State::Kept(Kept { look_at: next_notice(certificate, now) });
    let (serial, end) = (&soonest.serial, soonest.not_after.date());
    Some(if soonest.not_after <= now {
        let detail = format!("the uploaded certificate {serial} ended on {end}: upload a new one");
        Step::told(state, EventKind::CertificateExpired, detail, Publish::No)
    } else {
        let days = (soonest.not_after - now).whole_days();
        let detail = format!(
            "the uploaded certificate {serial} ends on {end}, in {days} days: upload a new one"
        );
        Step::told(state, EventKind::CertificateExpiring, detail, Publish::No)
    })
}

fn is_near(facts: &ChainFacts, now: Timestamp) -> bool {
    notices(facts).next().is_some_and(|first| first <= now)
}

/// The next moment at which there is something to say of one of them.
fn next_notice(certificate: &Certificate, now: Timestamp) -> Option<Timestamp> {
    let facts = certificate.active.iter().map(|active| active.issued.chain.facts());
    facts.flat_map(notices).filter(|at| *at > now).min()
}

fn notices(facts: &ChainFacts) -> impl Iterator<Item = Timestamp> {
    let end = facts.not_after;
    NOTICE_DAYS.into_iter().map(move |days| end - time::Duration::days(days))
}

/// Why an uploaded certificate or its key is not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UploadFault {
    /// There is no text where the certificate should be.
    #[error("the certificate is empty")]
    Empty,
    /// No certificate in PEM, or one that is no X.509 certificate.
    #[error("the certificate cannot be parsed: {0}")]
    Unparsable(Explanation),
    /// More than one certificate of no CA.
    #[error("there are {0} leaf certificates")]
    SeveralLeaves(usize),
    /// Certificates of CAs only.
    #[error("there is no leaf certificate")]
    NoLeaf,
    /// No private key in PEM that can be read.
    #[error("the private key cannot be parsed: {0}")]
    KeyUnparsable(Explanation),
    /// The private key belongs to another certificate.
    #[error("the private key does not match the certificate")]
    KeyMismatch,
    /// A type of key that is not served.
    #[error(
        "the key is of a type that is not served; use RSA with 2048, 3072 or 4096 bits, or ECDSA on P-256 or P-384"
    )]
    KeyType,
    /// The leaf is signed with an algorithm that clients do not check.
    #[error("the certificate is signed with {0}")]
    Signature(Explanation),
    /// The certificate does not cover the hostname.
    #[error("the certificate does not cover {0}")]
    NameMissing(CertName),
    /// It is over, or has not begun.
    #[error("the certificate is in force from {from} to {until} only")]
    NotInForce {
        /// Its first moment.
        from: Timestamp,
        /// Its last moment.
        until: Timestamp,
    },
    /// The leaf vouches for itself.
    #[error("the certificate is self-signed")]
    SelfSigned,
    /// No good chain can be made of it.
    #[error("{0}")]
    Unbundled(Explanation),
    /// Two certificates with keys of one kind.
    #[error("both certificates have {} keys", .0.as_str())]
    TwoOfAKind(KeyKind),
}

/// Judges what can be said of a leaf before its chain is built: the key's type, its signature, its names, its dates.
///
/// # Errors
/// The first rule that is broken.
pub fn check_leaf(
    facts: &ChainFacts,
    names: &[CertName],
    now: Timestamp,
) -> Result<KeyType, UploadFault> {
    let key_type = facts.key_type.ok_or(UploadFault::KeyType)?;
    if !facts.key_matches {
        return Err(UploadFault::KeyMismatch);
    }
    if !SIGNATURES.contains(&facts.signature.as_str()) {
        return Err(UploadFault::Signature(facts.signature.clone()));
    }
    if let Some(missing) = names.iter().find(|name| !covers(&facts.names, name)) {
        return Err(UploadFault::NameMissing(missing.clone()));
    }
    if now < facts.not_before || now >= facts.not_after {
        return Err(UploadFault::NotInForce { from: facts.not_before, until: facts.not_after });
    }
    Ok(key_type)
}

/// Whether the names on a certificate cover `wanted`; a wildcard stands for one label (RFC 9525 section 6.3).
pub fn covers(names: &[Explanation], wanted: &CertName) -> bool {
    let wanted = wanted.to_string();
    let above = wanted.split_once('.').map(|(_, above)| format!("*.{above}"));
    names.iter().any(|name| {
        let name = name.as_str();
        name.eq_ignore_ascii_case(&wanted)
            || above.as_ref().is_some_and(|above| name.eq_ignore_ascii_case(above))
    })
}

/// Whether certificates with keys of these kinds can be served for one name: one of each.
///
/// # Errors
/// [`UploadFault::TwoOfAKind`].
pub fn check_kinds(kinds: &[KeyKind]) -> Result<(), UploadFault> {
    match kinds.iter().enumerate().find(|(i, kind)| kinds[..*i].contains(kind)) {
        Some((_, kind)) => Err(UploadFault::TwoOfAKind(*kind)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
