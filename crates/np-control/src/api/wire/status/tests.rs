//! The projection of states to the words of the API, word by word and beside the document.

use std::time::Duration;

use np_domain::{
    certificate::{
        self, Active, AuthorityName, AwaitingControl, BundleMethod, DcvMethod, Issued,
        IssuedCertificate, Issuing, Kept, KeyType, Order, Origin, Settled, Stalled, Tries,
        Uploaded, Validating, Wanted,
        chain::{ChainFacts, ValidatedChain},
    },
    id::{CertificateId, HostnameId, PackId},
    ownership::{Blocked, BlockedCause, GivenUp, Leaving, Method, Moved, MovedWhy, Proven, Watch},
    secret::SealedBytes,
    text::Explanation,
    tls_policy::TlsPolicy,
};
use time::macros::datetime;

use super::*;

const NOW: Timestamp = datetime!(2026-11-22 18:00 UTC);
const STATES_MD: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/states.md"));

fn text() -> Explanation {
    Explanation::new("why")
}

fn ownerships() -> Vec<(&'static str, ownership::State, HostnameStatus)> {
    let moved = Moved { why: MovedWhy::NeverProven, since: NOW, failures: Vec::new() };
    let proven = Proven { by: Method::Txt, at: NOW, evidence: text(), watch: Watch::default() };
    vec![
        ("Unproven", ownership::State::new(NOW), HostnameStatus::Pending),
        ("Proven", ownership::State::Proven(proven), HostnameStatus::Active),
        ("Moved", ownership::State::Moved(moved), HostnameStatus::Moved),
        ("GivenUp", ownership::State::GivenUp(GivenUp { since: NOW }), HostnameStatus::Deleted),
        (
            "Blocked",
            ownership::State::Blocked(Blocked {
                cause: BlockedCause::Hold,
                why: text(),
                since: NOW,
                next_check: NOW,
            }),
            HostnameStatus::Blocked,
        ),
        (
            "Leaving",
            ownership::State::Leaving(Leaving { since: NOW }),
            HostnameStatus::PendingDeletion,
        ),
    ]
}

fn order() -> Order {
    Order {
        authority: AuthorityName::Google,
        url: text(),
        key_type: KeyType::P256,
        controls: Vec::new(),
        expires_at: None,
        is_renewal: false,
    }
}

fn issued(not_after: Timestamp) -> IssuedCertificate {
    let facts = ChainFacts {
        der: Vec::new(),
        names: Vec::new(),
        not_before: NOW,
        not_after,
        issuer: text(),
        serial: text(),
        signature: text(),
        key_type: Some(KeyType::P256),
        key_matches: true,
        is_linked: true,
    };
    IssuedCertificate {
        id: CertificateId::from_bytes([1; 16]),
        origin: Origin::Authority(AuthorityName::Google),
        chain: ValidatedChain::restored(facts),
        key: SealedBytes::from_vec(Vec::new()),
        key_type: KeyType::P256,
        issued_at: NOW,
    }
}

fn stalled(phase: Phase) -> certificate::State {
    certificate::State::Stalled(Stalled {
        key_type: KeyType::P256,
        phase,
        problems: Vec::new(),
        since: NOW,
        retry_at: None,
    })
}

fn waiting() -> [certificate::State; 2] {
    let tries = Tries::new(NOW);
    [
        certificate::State::AwaitingControl(AwaitingControl {
            order: order(),
            tries: tries.clone(),
            placed_at: NOW,
            next_check: NOW,
        }),
        certificate::State::Validating(Validating {
            order: order(),
            tries,
            told_at: NOW,
            next_poll: NOW,
            polls: 0,
        }),
    ]
}

fn issuing() -> certificate::State {
    certificate::State::Issuing(Issuing {
        order: order(),
        tries: Tries::new(NOW),
        key: SealedBytes::from_vec(Vec::new()),
        csr: Box::default(),
        since: NOW,
        next_poll: NOW,
        polls: 0,
    })
}

fn attempts() -> Vec<(&'static str, certificate::State, CertificateStatus)> {
    use CertificateStatus as S;
    let [awaiting, validating] = waiting();
    let uploaded = Uploaded { certificates: vec![issued(NOW)], since: NOW, next_check: NOW };
    let deploying = Issued { certificate: issued(NOW), since: NOW, next_check: NOW };
    vec![
        ("Ordering", wanted(Vec::new()).attempt, S::Initializing),
        ("AwaitingControl", awaiting, S::PendingValidation),
        ("Validating", validating, S::PendingValidation),
        ("Issuing", issuing(), S::PendingIssuance),
        ("Issued", certificate::State::Issued(deploying), S::PendingDeployment),
        ("Stalled, ordering", stalled(Phase::Ordering), S::InitializingTimedOut),
        ("Stalled, control", stalled(Phase::Control), S::ValidationTimedOut),
        ("Stalled, issuance", stalled(Phase::Issuance), S::IssuanceTimedOut),
        ("Stalled, deployment", stalled(Phase::Deployment), S::DeploymentTimedOut),
        ("Uploaded", certificate::State::Uploaded(uploaded), S::PendingDeployment),
        ("Kept", certificate::State::Kept(Kept { look_at: None }), S::Initializing),
        (
            "Settled",
            certificate::State::Settled(Settled { renew_at: NOW, ask_at: None }),
            S::Initializing,
        ),
    ]
}

fn wanted(active: Vec<Active>) -> Certificate {
    let wanted = Wanted {
        method: DcvMethod::Txt,
        wildcard: false,
        authority: None,
        bundle: BundleMethod::default(),
        tls: TlsPolicy::default(),
        keys: vec![KeyType::P256],
    };
    let (id, hostname) = (PackId::from_bytes([2; 16]), HostnameId::from_bytes([3; 16]));
    Certificate { active, ..Certificate::new(id, hostname, wanted, NOW) }
}

fn active(ends: Timestamp) -> Active {
    Active { issued: issued(ends), deployed_at: NOW, suggestion: None }
}

#[test]
fn each_ownership_has_its_status() {
    for (name, state, expected) in ownerships() {
        assert_eq!(HostnameStatus::of(&state), expected, "{name}");
    }
}

#[test]
fn each_attempt_at_a_first_certificate_has_its_status() {
    for (name, attempt, expected) in attempts() {
        let certificate = Certificate { attempt, ..wanted(Vec::new()) };
        for (ownership, state, _) in ownerships() {
            let expected = match (name, ownership) {
                (_, "Leaving") => CertificateStatus::PendingDeletion,
                ("Uploaded", ownership) if ownership != "Proven" => {
                    CertificateStatus::HoldingDeployment
                }
                _ => expected,
            };
            let status = CertificateStatus::of(&certificate, &state, NOW);
            assert_eq!(status, expected, "{name}, {ownership}");
            let is_listed = status.standings().contains(&Standing::of(Some(&certificate)));
            assert!(is_listed || ownership == "Leaving", "{name}, {ownership}");
        }
    }
}

#[test]
fn what_is_served_stays_active_whatever_the_renewal_does() {
    let proven = ownership::State::new(NOW);
    let minute = Duration::from_secs(60);
    for (name, attempt, _) in attempts() {
        let certificate = Certificate { attempt, ..wanted(vec![active(NOW + minute)]) };
        let status = CertificateStatus::of(&certificate, &proven, NOW);
        assert_eq!(status, CertificateStatus::Active, "{name}");
        let later = CertificateStatus::of(&certificate, &proven, NOW + minute);
        assert_eq!(later, CertificateStatus::Expired, "{name}");
    }
}

#[test]
fn one_of_two_that_is_still_good_is_active() {
    let certificate = wanted(vec![active(NOW), active(NOW + Duration::from_secs(1))]);
    let status = CertificateStatus::of(&certificate, &ownership::State::new(NOW), NOW);
    assert_eq!(status, CertificateStatus::Active);
}

#[test]
fn the_certificate_of_a_leaving_hostname_is_pending_deletion() {
    let leaving = ownership::State::Leaving(Leaving { since: NOW });
    for (name, attempt, _) in attempts() {
        let certificate = Certificate { attempt, ..wanted(Vec::new()) };
        let status = CertificateStatus::of(&certificate, &leaving, NOW);
        assert_eq!(status, CertificateStatus::PendingDeletion, "{name}");
    }
}

#[test]
fn there_are_16_and_21_words_and_no_two_are_alike() {
    let hostname: std::collections::HashSet<_> =
        HostnameStatus::ALL.iter().map(|status| status.word()).collect();
    let certificate: std::collections::HashSet<_> =
        CertificateStatus::ALL.iter().map(|status| status.word()).collect();
    assert_eq!((hostname.len(), certificate.len()), (16, 21));
}

#[test]
fn docs_states_has_the_same_projection_and_names_every_word() {
    let rows: Vec<Vec<&str>> =
        STATES_MD.lines().map(|line| line.split('|').map(str::trim).collect()).collect();
    let has = |state: &str, word: &str| {
        let word = format!("`{word}`");
        rows.iter().any(|row| row.get(1) == Some(&state) && row.get(2) == Some(&word.as_str()))
    };
    for (state, _, status) in ownerships() {
        assert!(has(state, status.word()), "{state} | {}", status.word());
    }
    for (state, _, status) in attempts() {
        assert!(has(state, status.word()), "{state} | {}", status.word());
    }
    let words = HostnameStatus::ALL.iter().map(|status| status.word());
    for word in words.chain(CertificateStatus::ALL.iter().map(|status| status.word())) {
        assert!(STATES_MD.contains(&format!("`{word}`")), "{word}");
    }
}
