//! How a renewal is validated: by HTTP, automatically, where that can work without the customer, else by the method that was
//! chosen (source: the original's page on TXT validation, "renewal"; behaviour.md 3.6).

use super::{
    AwaitingControl, Certificate, ControlProof, DcvMethod, Order, Problem, State, Tries, Wanted,
    order::{self, Step},
};
use crate::{Timestamp, event::EventKind, ports::Publish};

/// What the provider wants of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Whether renewals are validated by HTTP where that can work, whatever method was chosen.
    pub is_on: bool,
    /// Whether a renewal that was makes HTTP the method on record.
    pub is_recorded: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self { is_on: true, is_recorded: false }
    }
}

/// Whether HTTP is to be tried first in an attempt, provided that the hostname is served here and leads here: it is a renewal,
/// another method was chosen, there is no wildcard, and no try of this attempt has failed.
pub fn is_possible(certificate: &Certificate, tries: &Tries, policy: Policy) -> bool {
    let is_renewal = certificate.active.iter().any(|active| active.issued.origin.is_obtained());
    policy.is_on
        && is_renewal
        && certificate.wanted.method != DcvMethod::Http
        && !certificate.wanted.wildcard
        && tries.failed == 0
}

/// Whether the order is validated by HTTP although another method was chosen.
pub fn is_automatic(order: &Order, wanted: &Wanted) -> bool {
    wanted.method != DcvMethod::Http && shows_http(order)
}

/// Whether any proof of the order is shown over HTTP.
pub fn shows_http(order: &Order) -> bool {
    order.controls.iter().any(|control| matches!(control.proof, ControlProof::Http { .. }))
}

/// The automatic proof is not visible at the first look: the chosen method's tokens are ordered at once, so that the customer
/// sees them from the start of the time for renewing.
pub fn fell_back(awaiting: &AwaitingControl, problems: Vec<Problem>, now: Timestamp) -> Step {
    let why = problems.first().map_or("", |problem| problem.message.as_str());
    let detail =
        format!("not by HTTP automatically: {why}. The chosen method's tokens are ordered");
    let tries = order::failed(&awaiting.tries, problems);
    let state: State = order::fresh(awaiting.order.key_type, tries, now);
    Step::told(state, EventKind::ControlUnseen, detail, Publish::Yes)
}

#[cfg(test)]
mod tests {
    use ::time::macros::datetime;

    use super::*;
    use crate::{
        certificate::{
            Active, AuthorityName, BundleMethod, IssuedCertificate, KeyType, Origin,
            chain::{ChainFacts, ValidatedChain},
        },
        id::{CertificateId, HostnameId, PackId},
        secret::SealedBytes,
        text::Explanation,
        tls_policy::TlsPolicy,
    };

    const NOW: Timestamp = datetime!(2026-12-01 0:00 UTC);

    fn renewal() -> Certificate {
        let wanted = Wanted {
            method: DcvMethod::Txt,
            wildcard: false,
            authority: None,
            bundle: BundleMethod::default(),
            tls: TlsPolicy::default(),
            keys: vec![KeyType::P256],
        };
        let facts = ChainFacts {
            der: Vec::new(),
            names: Vec::new(),
            not_before: NOW,
            not_after: NOW,
            issuer: Explanation::new("CN=Test CA"),
            serial: Explanation::new("1"),
            signature: Explanation::new("ECDSAWithSHA256"),
            key_type: Some(KeyType::P256),
            key_matches: true,
            is_linked: true,
        };
        let issued = IssuedCertificate {
            id: CertificateId::from_bytes([1; 16]),
            origin: Origin::Authority(AuthorityName::LetsEncrypt),
            chain: ValidatedChain::restored(facts),
            key: SealedBytes::from_vec(Vec::new()),
            key_type: KeyType::P256,
            issued_at: NOW,
        };
        let id = HostnameId::from_bytes([1; 16]);
        Certificate {
            active: vec![Active { issued, deployed_at: NOW, suggestion: None }],
            ..Certificate::new(PackId::from_bytes([1; 16]), id, wanted, NOW)
        }
    }

    #[test]
    fn http_is_tried_first_at_the_first_try_of_a_renewal_without_wildcard() {
        let check = |change: fn(&mut Certificate, &mut Tries, &mut Policy)| {
            let (mut certificate, mut tries, mut policy) =
                (renewal(), Tries::new(NOW), Policy::default());
            change(&mut certificate, &mut tries, &mut policy);
            is_possible(&certificate, &tries, policy)
        };
        assert!(check(|_, _, _| {}));
        assert!(!check(|_, _, policy| policy.is_on = false), "switched off");
        assert!(!check(|c, _, _| c.active.clear()), "a first certificate");
        assert!(!check(|c, _, _| c.wanted.method = DcvMethod::Http), "chosen anyway");
        assert!(!check(|c, _, _| c.wanted.wildcard = true), "a wildcard");
        assert!(!check(|_, tries, _| tries.failed = 1), "after a try that failed");
        let borrowed = |c: &mut Certificate| c.active[0].issued.origin = Origin::Borrowed(c.id);
        let mut certificate = renewal();
        borrowed(&mut certificate);
        assert!(!is_possible(&certificate, &Tries::new(NOW), Policy::default()), "never obtained");
    }
}
