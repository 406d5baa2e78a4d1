//! The rules of an upload, and its way through the machine.

use time::{Duration, macros::datetime};

use super::*;
use crate::{
    certificate::{BundleMethod, DcvMethod, chain::ValidatedChain, order},
    id::CertificateId,
    name::Hostname,
    secret::SealedBytes,
    tls_policy::TlsPolicy,
};

const NOW: Timestamp = datetime!(2026-11-22 12:00 UTC);

fn facts() -> ChainFacts {
    ChainFacts {
        der: vec![Box::from([0x30].as_slice())],
        names: vec![Explanation::new("App.customer.com")],
        not_before: NOW,
        not_after: NOW + Duration::days(90),
        issuer: Explanation::new("Test CA"),
        serial: Explanation::new("42"),
        signature: Explanation::new("SHA256WithRSA"),
        key_type: Some(KeyType::Rsa3072),
        key_matches: true,
        is_linked: true,
    }
}

fn app() -> Hostname {
    "app.customer.com".parse().unwrap()
}

#[test]
fn each_broken_rule_of_a_leaf_has_its_own_fault() {
    let check = |change: &dyn Fn(&mut ChainFacts)| {
        let mut facts = facts();
        change(&mut facts);
        check_leaf(&facts, &[CertName::Exact(app())], NOW)
    };
    let until = NOW + Duration::days(90);
    let name = CertName::Exact(app());
    assert_eq!(check(&|_| {}), Ok(KeyType::Rsa3072));
    assert_eq!(check(&|f| f.key_type = None), Err(UploadFault::KeyType));
    assert_eq!(check(&|f| f.key_matches = false), Err(UploadFault::KeyMismatch));
    assert_eq!(check(&|f| f.names.clear()), Err(UploadFault::NameMissing(name)));
    let ed25519 = Explanation::new("Ed25519");
    assert_eq!(
        check(&|f| f.signature = ed25519.clone()),
        Err(UploadFault::Signature(ed25519.clone()))
    );
    assert_eq!(
        check(&|f| f.not_after = NOW),
        Err(UploadFault::NotInForce { from: NOW, until: NOW })
    );
    let later = NOW + Duration::SECOND;
    assert_eq!(
        check(&|f| f.not_before = later),
        Err(UploadFault::NotInForce { from: later, until })
    );
}

#[test]
fn a_wildcard_covers_one_label_and_not_itself() {
    let names = |names: &[&str]| names.iter().map(Explanation::new).collect::<Vec<_>>();
    let exact = CertName::Exact(app());
    let wildcard = CertName::Wildcard(app().wildcard());
    for (on_certificate, wanted, expected) in [
        (names(&["app.customer.com"]), &exact, true),
        (names(&["*.CUSTOMER.com"]), &exact, true),
        (names(&["*.com"]), &exact, false),
        (names(&["*.app.customer.com"]), &exact, false),
        (names(&["customer.com"]), &exact, false),
        (names(&["app.customer.com"]), &wildcard, false),
        (names(&["*.customer.com"]), &wildcard, false),
        (names(&["*.app.customer.com"]), &wildcard, true),
    ] {
        assert_eq!(covers(&on_certificate, wanted), expected, "{on_certificate:?} {wanted}");
    }
}

#[test]
fn one_certificate_of_each_kind_is_taken() {
    let (rsa, ecdsa) = (KeyKind::Rsa, KeyKind::Ecdsa);
    assert_eq!(check_kinds(&[rsa, ecdsa]), Ok(()));
    assert_eq!(check_kinds(&[rsa]), Ok(()));
    assert_eq!(check_kinds(&[ecdsa, ecdsa]), Err(UploadFault::TwoOfAKind(ecdsa)));
}

fn wanted() -> Wanted {
    Wanted {
        method: DcvMethod::Http,
        wildcard: false,
        authority: None,
        bundle: BundleMethod::Ubiquitous,
        tls: TlsPolicy::default(),
        keys: vec![KeyType::P256],
    }
}

/// A certificate that lives 90 days from [`NOW`].
fn one(id: u8, key_type: KeyType, origin: Origin) -> IssuedCertificate {
    let facts = ChainFacts { key_type: Some(key_type), ..facts() };
    let names = [CertName::Exact(app())];
    IssuedCertificate {
        id: CertificateId::from_bytes([id; 16]),
        origin,
        chain: ValidatedChain::check(facts, &names, key_type, NOW).unwrap(),
        key: SealedBytes::from_vec(vec![1]),
        key_type,
        issued_at: NOW,
    }
}

fn presented(csr: Option<CsrId>) -> Origin {
    Origin::Uploaded(Presented { certificates: vec![Box::from([0x30].as_slice())], csr })
}

fn pair() -> Vec<IssuedCertificate> {
    let csr = Some(CsrId::from_bytes([7; 16]));
    vec![one(1, KeyType::Rsa3072, presented(None)), one(2, KeyType::P384, presented(csr))]
}

fn kept() -> Certificate {
    let (id, hostname) = (PackId::from_bytes([8; 16]), HostnameId::from_bytes([9; 16]));
    let mut certificate = Certificate::uploaded(id, hostname, wanted(), pair(), NOW);
    certificate.attempt = delivered(&mut certificate, NOW).unwrap().state;
    certificate
}

fn ids(certificates: Vec<&IssuedCertificate>) -> Vec<u8> {
    certificates.iter().map(|one| one.id.as_bytes()[0]).collect()
}

#[test]
fn an_uploaded_pair_is_served_at_once_and_active_when_it_is_confirmed() {
    let (id, hostname) = (PackId::from_bytes([8; 16]), HostnameId::from_bytes([9; 16]));
    let mut certificate = Certificate::uploaded(id, hostname, wanted(), pair(), NOW);
    assert_eq!(ids(certificate.to_serve()), [1, 2]);
    assert_eq!((certificate.due_at(), certificate.active.len()), (Some(NOW), 0));
    certificate.attempt = delivered(&mut certificate, NOW).unwrap().state;
    assert_eq!(ids(certificate.to_serve()), [1, 2]);
    assert_eq!(certificate.active.len(), 2);
    assert!(certificate.is_uploaded());
    assert_eq!(certificate.csrs().next(), Some(CsrId::from_bytes([7; 16])));
    assert_eq!(order::restart(&certificate, NOW), None);
}

#[test]
fn whoever_uploaded_is_told_before_the_end_and_at_it_and_nothing_is_renewed() {
    let mut certificate = kept();
    let mut told = Vec::new();
    while let Some(due) = certificate.due_at() {
        let step = notice(&certificate, due).unwrap();
        let (kind, _) = step.event.clone().unwrap();
        told.push(((NOW + Duration::days(90) - due).whole_days(), kind));
        certificate.attempt = step.state;
    }
    let expiring = |days| (days, EventKind::CertificateExpiring);
    let mut expected: Vec<_> = [30, 14, 7, 3, 1].map(expiring).into();
    expected.push((0, EventKind::CertificateExpired));
    assert_eq!(told, expected);
    assert!(certificate.is_uploaded());
}

#[test]
fn a_managed_one_takes_the_place_of_an_uploaded_pair_only_once_it_is_deployed() {
    let mut certificate = kept();
    order::reorder(&mut certificate, NOW);
    assert!(!certificate.is_uploaded());
    assert_eq!(ids(certificate.to_serve()), [1, 2]);
    let managed = one(3, KeyType::P256, Origin::Authority(AuthorityName::LetsEncrypt));
    certificate.attempt = order::issued(managed, NOW).state;
    assert_eq!(ids(certificate.to_serve()), [1, 3]);
    let step = order::deployed(&mut certificate, NOW).unwrap();
    assert_eq!(step.publish, Publish::Yes);
    certificate.attempt = step.state;
    assert_eq!(ids(certificate.to_serve()), [3]);
    assert_eq!(certificate.csrs().next(), None);
}

#[test]
fn what_is_uploaded_takes_the_place_of_everything() {
    let mut certificate = kept();
    deliver(&mut certificate, vec![one(4, KeyType::P256, presented(None))], NOW);
    assert_eq!(ids(certificate.to_serve()), [4]);
    // Until it is confirmed, what was there counts as active.
    assert_eq!(certificate.active.len(), 2);
    certificate.attempt = delivered(&mut certificate, NOW).unwrap().state;
    assert_eq!(ids(certificate.to_serve()), [4]);
    assert_eq!(certificate.active.len(), 1);
}

#[test]
fn a_certificate_on_its_way_is_active_when_a_managed_one_is_asked_for() {
    let (id, hostname) = (PackId::from_bytes([8; 16]), HostnameId::from_bytes([9; 16]));
    let mut certificate = Certificate::uploaded(id, hostname, wanted(), pair(), NOW);
    order::reorder(&mut certificate, NOW);
    assert_eq!(ids(certificate.to_serve()), [1, 2]);
    // An uploaded one that is near its end makes nobody order its kind of key.
    let late = NOW + Duration::days(80);
    let step = order::begin(&certificate, late);
    assert!(
        matches!(&step.state, State::Ordering(ordering) if ordering.key_type == KeyType::P256),
        "{step:?}"
    );
}
