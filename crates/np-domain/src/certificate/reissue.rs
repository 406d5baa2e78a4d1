//! Replacing everything, because a CA or a key must not be trusted any more: which certificates are to be replaced, when each of
//! them begins, and the revocation of what was replaced.
//!
//! A certificate that is to be replaced has its renewal brought forward, so that whatever carries renewals out carries this
//! out, through crashes and restarts. What is to be revoked is remembered beside it until its replacement is served.

use std::time::Duration as Span;

use time::Duration;

use super::{Active, AuthorityName, Certificate, Origin, State};
use crate::Timestamp;

/// Renewals begin within this part of the time that there is, so that the last ones have time to succeed.
const BEGIN_PERCENT: i32 = 90;
/// A CA that could not be told to revoke is told again after this time.
pub const REVOCATION_RETRY: Span = Span::from_secs(900);

/// A certificate that is to be revoked once it is not served any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// Whose it is.
    pub authority: AuthorityName,
    /// The leaf, in DER.
    pub leaf: Box<[u8]>,
    /// When to try, at the earliest.
    pub try_at: Timestamp,
}

/// Where a certificate stands when everything issued before a moment is to be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// Nothing of it was issued before, or it is not a CA's: it was uploaded, or there is none.
    Replaced,
    /// It is to be replaced, and nothing is attempted.
    Waiting,
    /// It is to be replaced, and an attempt is under way.
    UnderWay,
    /// It is to be replaced, and the attempt ended without a certificate.
    Stalled,
}

/// What is to be done with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Everything issued before this is to be replaced.
    pub before: Timestamp,
    /// Only what this CA has issued; `None`: whoever did.
    pub authority: Option<AuthorityName>,
    /// Whether what was replaced is to be revoked.
    pub revoke: bool,
}

/// What of the certificate is to be replaced.
fn outdated(certificate: &Certificate, terms: Terms) -> impl Iterator<Item = &Active> {
    certificate.active.iter().filter(move |active| match &active.issued.origin {
        Origin::Authority(by) => {
            active.issued.issued_at < terms.before && terms.authority.is_none_or(|one| one == *by)
        }
        Origin::Uploaded(_) | Origin::Borrowed(_) => false,
    })
}

/// Where the certificate stands.
pub fn standing(certificate: &Certificate, terms: Terms) -> Standing {
    if outdated(certificate, terms).next().is_none() {
        return Standing::Replaced;
    }
    match &certificate.attempt {
        State::Settled(_) => Standing::Waiting,
        State::Stalled(_) => Standing::Stalled,
        _ => Standing::UnderWay,
    }
}

/// When the `number`th of `count` begins (from 0): evenly over the time.
pub fn slot(terms: Terms, within: Duration, number: u64, count: u64) -> Timestamp {
    let whole = within * BEGIN_PERCENT / 100_i32;
    terms.before + whole * (number as f64 / count.max(1) as f64)
}

/// The certificate with its renewal brought forward to `at`, and its revocation noted; `None` when nothing changes. One that
/// begins by `deadline` anyway is left alone, so that marking again changes nobody's turn.
pub fn bring_forward(
    certificate: &Certificate,
    terms: Terms,
    at: Timestamp,
    deadline: Timestamp,
) -> Option<Certificate> {
    let mut changed = certificate.clone();
    outdated(certificate, terms).next()?;
    match &mut changed.attempt {
        State::Settled(settled) if settled.renew_at > deadline => settled.renew_at = at,
        State::Stalled(stalled) if stalled.retry_at.is_none_or(|retry| retry > deadline) => {
            stalled.retry_at = Some(at);
        }
        _ => {}
    }
    if terms.revoke {
        for active in outdated(certificate, terms) {
            let Origin::Authority(authority) = active.issued.origin else { continue };
            let Some(leaf) = active.issued.chain.der().first() else { continue };
            if !changed.revocations.iter().any(|known| known.leaf == *leaf) {
                let revocation = Revocation { authority, leaf: leaf.clone(), try_at: at };
                changed.revocations.push(revocation);
            }
        }
    }
    (changed != *certificate).then_some(changed)
}

impl Certificate {
    /// The revocations of what is not served any more, nor on its way.
    pub fn open_revocations(&self) -> impl Iterator<Item = &Revocation> {
        self.revocations.iter().filter(|one| !self.serves(&one.leaf))
    }

    fn serves(&self, leaf: &[u8]) -> bool {
        let mut active = self.active.iter().filter_map(|a| a.issued.chain.der().first());
        active.any(|served| **served == *leaf)
    }
}

/// How many an hour must begin for `count` to be done within this time.
pub fn needed_per_hour(count: u64, within: Duration) -> f64 {
    count as f64 / (within * BEGIN_PERCENT / 100_i32).as_seconds_f64().max(1.0) * 3600.0
}

/// When the last of `count` is done, when `per_hour` may be ordered at most.
pub fn expected_end(
    begin: Timestamp,
    count: u64,
    within: Duration,
    per_hour: Option<f64>,
) -> Timestamp {
    let even = within * BEGIN_PERCENT / 100_i32;
    let paced = per_hour
        .filter(|rate| *rate > 0.0)
        .map(|rate| Duration::seconds_f64((count as f64 / rate * 3600.0).min(1e10)));
    begin + paced.map_or(even, |paced| paced.max(even))
}

#[cfg(test)]
mod tests {
    use ::time::macros::datetime;

    use super::*;
    use crate::{
        certificate::{
            BundleMethod, DcvMethod, IssuedCertificate, KeyType, Presented, Settled, Wanted,
            chain::{ChainFacts, ValidatedChain},
        },
        id::{CertificateId, HostnameId, PackId},
        secret::SealedBytes,
        text::Explanation,
        tls_policy::TlsPolicy,
    };

    const T: Timestamp = datetime!(2026-12-01 0:00 UTC);
    const HOUR: Duration = Duration::HOUR;
    const LE: AuthorityName = AuthorityName::LetsEncrypt;

    fn active(origin: Origin, issued_at: Timestamp) -> Active {
        let facts = ChainFacts {
            der: vec![Box::from([7].as_slice())],
            names: Vec::new(),
            not_before: issued_at,
            not_after: issued_at + Duration::days(90),
            issuer: Explanation::new("CN=Test CA"),
            serial: Explanation::new("1"),
            signature: Explanation::new("ECDSAWithSHA256"),
            key_type: Some(KeyType::P256),
            key_matches: true,
            is_linked: true,
        };
        let issued = IssuedCertificate {
            id: CertificateId::from_bytes([1; 16]),
            origin,
            chain: ValidatedChain::restored(facts),
            key: SealedBytes::from_vec(Vec::new()),
            key_type: KeyType::P256,
            issued_at,
        };
        Active { issued, deployed_at: issued_at, suggestion: None }
    }

    fn settled(active: Vec<Active>) -> Certificate {
        let wanted = Wanted {
            method: DcvMethod::Txt,
            wildcard: false,
            authority: None,
            bundle: BundleMethod::default(),
            tls: TlsPolicy::default(),
            keys: vec![KeyType::P256],
        };
        let id = HostnameId::from_bytes([1; 16]);
        Certificate {
            active,
            attempt: State::Settled(Settled { renew_at: T + Duration::days(50), ask_at: None }),
            ..Certificate::new(PackId::from_bytes([1; 16]), id, wanted, T)
        }
    }

    fn terms() -> Terms {
        Terms { before: T, authority: None, revoke: false }
    }

    #[test]
    fn what_a_ca_issued_before_the_moment_is_to_be_replaced() {
        let uploaded = Origin::Uploaded(Presented { certificates: Vec::new(), csr: None });
        for (active_ones, authority, expected) in [
            (vec![active(Origin::Authority(LE), T - HOUR)], None, Standing::Waiting),
            (vec![active(Origin::Authority(LE), T - HOUR)], Some(LE), Standing::Waiting),
            (
                vec![active(Origin::Authority(LE), T - HOUR)],
                Some(AuthorityName::Google),
                Standing::Replaced,
            ),
            (vec![active(Origin::Authority(LE), T)], None, Standing::Replaced),
            (vec![active(uploaded, T - HOUR)], None, Standing::Replaced),
            (vec![], None, Standing::Replaced),
        ] {
            let terms = Terms { authority, ..terms() };
            assert_eq!(standing(&settled(active_ones), terms), expected);
        }
    }

    #[test]
    fn a_renewal_is_brought_forward_once_and_the_old_one_revoked_when_it_is_not_served() {
        let old = settled(vec![active(Origin::Authority(LE), T - HOUR)]);
        let terms = Terms { revoke: true, ..terms() };
        let marked = bring_forward(&old, terms, T + HOUR, T + Duration::DAY).unwrap();
        assert_eq!(marked.due_at(), Some(T + HOUR));
        assert_eq!(marked.revocations.len(), 1);
        assert_eq!(marked.open_revocations().count(), 0, "it is served");
        assert_eq!(
            bring_forward(&marked, terms, T + HOUR * 2, T + Duration::DAY),
            None,
            "a second time"
        );
        let mut replaced = marked;
        replaced.active.clear();
        assert_eq!(replaced.open_revocations().count(), 1);
    }

    #[test]
    fn beginnings_are_spread_over_the_time_and_the_end_follows_from_the_limit() {
        let day = Duration::DAY;
        assert_eq!(slot(terms(), day, 0, 4), T);
        assert_eq!(slot(terms(), day, 2, 4), T + day * 9 / 20);
        assert!(slot(terms(), day, 3, 4) < T + day);
        assert!((needed_per_hour(2160, day) - 100.0).abs() < 0.001);
        assert_eq!(expected_end(T, 100, day, None), T + day * 9 / 10);
        assert_eq!(expected_end(T, 100, day, Some(1000.0)), T + day * 9 / 10);
        assert_eq!(expected_end(T, 4800, day, Some(100.0)), T + day * 2);
    }
}
