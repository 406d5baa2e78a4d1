//! The last day before a certificate ends that could not be renewed: any other valid certificate for the name is served in its
//! place (behaviour.md 3.6), until a renewal succeeds.

use super::{Active, CertName, Certificate, IssuedCertificate, Origin, State, upload, urgency};
use crate::{Timestamp, id::PackId};

/// Certificates of something else that may cover the name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Whose they are.
    pub from: PackId,
    /// They.
    pub certificates: Vec<IssuedCertificate>,
}

/// Whether something that is served ends within the last day, and no renewal of it is on its way to the nodes.
pub fn is_wanted(certificate: &Certificate, now: Timestamp) -> bool {
    let is_failing = match &certificate.attempt {
        State::Settled(_) | State::Issued(_) | State::Uploaded(_) | State::Kept(_) => false,
        State::Ordering(_)
        | State::AwaitingControl(_)
        | State::Validating(_)
        | State::Issuing(_)
        | State::Stalled(_) => urgency::level(certificate, now).is_some(),
    };
    is_failing && certificate.active.iter().any(|active| ends_soon(&active.issued, now))
}

fn ends_soon(issued: &IssuedCertificate, now: Timestamp) -> bool {
    issued.chain.not_after() <= now + urgency::LAST_DAY
}

/// What is to be served in the place of what ends: of what is there, what lasts; else of each kind of key the offered one
/// that lasts longest. A certificate that covers all `names` goes before one that covers only the first, which must be
/// covered. `None` when there is nothing better than what is served.
pub fn choose(
    certificate: &Certificate,
    names: &[CertName],
    offers: &[Offer],
    now: Timestamp,
) -> Option<Vec<Active>> {
    let lasting: Vec<_> =
        certificate.active.iter().filter(|a| !ends_soon(&a.issued, now)).cloned().collect();
    if !lasting.is_empty() {
        return Some(lasting);
    }
    let ends_at = certificate.ends_at()?.max(now);
    let mut chosen: Vec<(bool, Active)> = Vec::new();
    for offer in offers {
        for one in &offer.certificates {
            let facts = one.chain.facts();
            let is_first = |name: &CertName| upload::covers(&facts.names, name);
            let covers = names.first().is_some_and(is_first);
            if !covers || facts.not_before > now || facts.not_after <= ends_at {
                continue;
            }
            let rank = (names.iter().all(is_first), facts.not_after);
            let kind = one.key_type.kind();
            let rival = chosen.iter().position(|(_, c)| c.issued.key_type.kind() == kind);
            let issued = IssuedCertificate { origin: Origin::Borrowed(offer.from), ..one.clone() };
            let active = Active { issued, deployed_at: now, suggestion: None };
            match rival {
                None => chosen.push((rank.0, active)),
                Some(i) if rank > (chosen[i].0, chosen[i].1.issued.chain.not_after()) => {
                    chosen[i] = (rank.0, active);
                }
                Some(_) => {}
            }
        }
    }
    (!chosen.is_empty()).then(|| chosen.into_iter().map(|(_, active)| active).collect())
}

#[cfg(test)]
mod tests {
    use ::time::{Duration, macros::datetime};

    use super::*;
    use crate::{
        certificate::{
            Actor, AuthorityName, BundleMethod, DcvMethod, KeyType, Phase, Problem, Settled,
            Stalled, Wanted,
            chain::{ChainFacts, ValidatedChain},
        },
        id::{CertificateId, HostnameId},
        name::Hostname,
        secret::SealedBytes,
        text::Explanation,
        tls_policy::TlsPolicy,
    };

    const NOW: Timestamp = datetime!(2026-12-01 0:00 UTC);

    fn issued(id: u8, key_type: KeyType, names: &[&str], hours: i64) -> IssuedCertificate {
        let facts = ChainFacts {
            der: vec![Box::from([id].as_slice())],
            names: names.iter().map(Explanation::new).collect(),
            not_before: NOW - Duration::days(80),
            not_after: NOW + Duration::hours(hours),
            issuer: Explanation::new("CN=Test CA"),
            serial: Explanation::new(id.to_string()),
            signature: Explanation::new("ECDSAWithSHA256"),
            key_type: Some(key_type),
            key_matches: true,
            is_linked: true,
        };
        IssuedCertificate {
            id: CertificateId::from_bytes([id; 16]),
            origin: Origin::Authority(AuthorityName::LetsEncrypt),
            chain: ValidatedChain::restored(facts),
            key: SealedBytes::from_vec(vec![id]),
            key_type,
            issued_at: NOW - Duration::days(80),
        }
    }

    /// A certificate of app.customer.com whose renewal has stalled.
    fn failing(active: Vec<IssuedCertificate>) -> Certificate {
        let wanted = Wanted {
            method: DcvMethod::Txt,
            wildcard: false,
            authority: None,
            bundle: BundleMethod::default(),
            tls: TlsPolicy::default(),
            keys: vec![KeyType::P256],
        };
        let owner = HostnameId::from_bytes([1; 16]);
        let active =
            active.into_iter().map(|issued| Active { issued, deployed_at: NOW, suggestion: None });
        let problem = Problem { actor: Actor::Customer, message: Explanation::new("no TXT") };
        Certificate {
            active: active.collect(),
            attempt: State::Stalled(Stalled {
                key_type: KeyType::P256,
                phase: Phase::Control,
                problems: vec![problem],
                since: NOW,
                retry_at: None,
            }),
            ..Certificate::new(PackId::from_bytes([1; 16]), owner, wanted, NOW)
        }
    }

    const APP: &str = "app.customer.com";
    const ABOVE: &str = "*.customer.com";
    const P256: KeyType = KeyType::P256;
    const RSA: KeyType = KeyType::Rsa2048;

    #[test]
    fn another_certificate_is_wanted_in_the_last_day_of_one_whose_renewal_fails() {
        let wanted = |hours, change: fn(&mut Certificate)| {
            let mut certificate = failing(vec![issued(1, P256, &[APP], hours)]);
            change(&mut certificate);
            is_wanted(&certificate, NOW)
        };
        assert!(!wanted(25, |_| {}));
        assert!(wanted(24, |_| {}));
        assert!(wanted(-5, |_| {}));
        assert!(!wanted(5, |c| c.attempt = State::Settled(Settled { renew_at: NOW, ask_at: None })));
        assert!(!wanted(5, |c| c.active.clear()));
    }

    #[test]
    fn what_is_chosen_lasts_longer_and_covers_the_name() {
        let names = [CertName::Exact(APP.parse::<Hostname>().unwrap())];
        let check = |active: Vec<IssuedCertificate>, offered: Vec<IssuedCertificate>| {
            let offer = Offer { from: PackId::from_bytes([9; 16]), certificates: offered };
            let chosen = choose(&failing(active), &names, &[offer], NOW)?;
            Some(chosen.iter().map(|a| a.issued.id.as_bytes()[0]).collect::<Vec<_>>())
        };
        let own = || vec![issued(1, P256, &[APP], 5)];
        // Nothing else.
        assert_eq!(check(own(), vec![]), None);
        // Of another kind of key, its own.
        assert_eq!(
            check(vec![issued(1, P256, &[APP], 5), issued(2, RSA, &[APP], 500)], vec![]),
            Some(vec![2])
        );
        // A wildcard of the name above, and one of the zone that covers the name itself.
        assert_eq!(check(own(), vec![issued(3, P256, &[ABOVE], 500)]), Some(vec![3]));
        assert_eq!(check(own(), vec![issued(3, P256, &["other.com", APP], 500)]), Some(vec![3]));
        // Those that cover something else, or end sooner.
        assert_eq!(check(own(), vec![issued(3, P256, &["*.app.customer.com"], 500)]), None);
        assert_eq!(check(own(), vec![issued(3, P256, &[APP], 5)]), None);
        // One of each kind, the one that lasts longest.
        let offered = vec![
            issued(3, P256, &[ABOVE], 500),
            issued(4, P256, &[ABOVE], 600),
            issued(5, RSA, &[ABOVE], 50),
        ];
        assert_eq!(check(own(), offered), Some(vec![4, 5]));
        // After the end, what is in force at all.
        assert_eq!(
            check(vec![issued(1, P256, &[APP], -5)], vec![issued(3, P256, &[ABOVE], 2)]),
            Some(vec![3])
        );
    }

    #[test]
    fn what_stands_in_says_whose_it_is() {
        let names = [CertName::Exact(APP.parse::<Hostname>().unwrap())];
        let from = PackId::from_bytes([9; 16]);
        let offer = Offer { from, certificates: vec![issued(3, P256, &[ABOVE], 500)] };
        let chosen =
            choose(&failing(vec![issued(1, P256, &[APP], 5)]), &names, &[offer], NOW).unwrap();
        assert_eq!(chosen[0].issued.origin, Origin::Borrowed(from));
        assert!(!is_wanted(&Certificate { active: chosen, ..failing(vec![]) }, NOW));
    }
}
