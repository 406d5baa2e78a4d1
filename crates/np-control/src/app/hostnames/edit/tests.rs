//! What an edit restarts, what it keeps, and what it refuses.

use np_domain::{
    certificate::{self, AwaitingControl, KeyType, Methods, Order, Phase, Stalled, Tries},
    custom_hostname::OwnershipToken,
    id::ZoneId,
    ownership::{GivenUp, Method, Proven, State, Watch},
    text::Explanation,
};
use time::macros::datetime;

use super::*;

const BEFORE: Timestamp = datetime!(2026-11-22 12:00 UTC);
const NOW: Timestamp = datetime!(2026-11-22 18:00 UTC);

fn terms() -> Terms {
    Terms {
        authorities: vec![AuthorityName::LetsEncrypt, AuthorityName::Google],
        default_authority: AuthorityName::LetsEncrypt,
        methods: [AuthorityName::LetsEncrypt, AuthorityName::Google]
            .map(|name| (name, Methods::acme()))
            .into(),
        keys: vec![KeyType::P256],
        create_wait: std::time::Duration::ZERO,
        hostnames_per_zone_max: None,
        private_authorities: Vec::new(),
        packs_per_zone_max: 100,
        activation: np_domain::zone::activation::Policy::Automatic,
        own_domains: Vec::new(),
    }
}

fn hostname() -> CustomHostname {
    CustomHostname {
        id: HostnameId::from_bytes([1; 16]),
        zone: ZoneId::from_bytes([2; 16]),
        name: "app.customer.com".parse().unwrap(),
        token: OwnershipToken::from_uuid(uuid::Uuid::nil()),
        ownership: State::new(BEFORE),
        origin: None,
        metadata: Metadata::default(),
        created_at: BEFORE,
        version: 3,
    }
}

fn certificate() -> Certificate {
    let wanted = Wanted {
        method: DcvMethod::Txt,
        wildcard: false,
        authority: None,
        bundle: BundleMethod::default(),
        tls: TlsPolicy::default(),
        keys: vec![KeyType::P256],
    };
    Certificate::new(PackId::from_bytes([3; 16]), hostname().id, wanted, BEFORE)
}

fn awaiting() -> AwaitingControl {
    let order = Order {
        authority: AuthorityName::LetsEncrypt,
        url: Explanation::new("https://ca.invalid/order/1"),
        key_type: KeyType::P256,
        controls: Vec::new(),
        expires_at: None,
        is_renewal: false,
    };
    let tries = Tries { failed: 7, ..Tries::new(BEFORE) };
    AwaitingControl { order, tries, placed_at: BEFORE, next_check: NOW + terms().create_wait }
}

fn record(certificate: Option<Certificate>) -> HostnameRecord {
    HostnameRecord { hostname: hostname(), certificate }
}

fn run(
    record: HostnameRecord,
    edit: Edit,
) -> Result<(HostnameChange, Option<CertificateChange>), EditError> {
    decide(record, &edit, NewCertificate(PackId::from_bytes([9; 16])), None, &terms(), NOW)
}

fn of_certificate(certificate: CertificateEdit) -> Edit {
    Edit { certificate: Some(certificate), ..Edit::default() }
}

fn same_ssl() -> Edit {
    let method = Some(DcvMethod::Txt);
    of_certificate(CertificateEdit { method, is_type_named: true, ..CertificateEdit::default() })
}

#[test]
fn the_same_ssl_restarts_both_checks_and_keeps_the_order() {
    let attempt = certificate::State::AwaitingControl(awaiting());
    let (hostname, certificate) =
        run(record(Some(Certificate { attempt, ..certificate() })), same_ssl()).unwrap();
    assert_eq!(hostname.hostname.ownership, State::new(NOW));
    let kept = awaiting();
    let expected = AwaitingControl { tries: Tries::new(NOW), next_check: NOW, ..kept };
    let change = certificate.unwrap();
    assert_eq!(change.certificate.attempt, certificate::State::AwaitingControl(expected));
    assert_eq!((hostname.publish, change.publish), (Publish::No, Publish::No));
}

#[test]
fn the_same_ssl_brings_a_given_up_hostname_and_a_stalled_certificate_back() {
    let stalled = Stalled {
        key_type: KeyType::P256,
        phase: Phase::Control,
        problems: Vec::new(),
        since: BEFORE,
        retry_at: None,
    };
    let attempt = certificate::State::Stalled(stalled);
    let mut given_up = record(Some(Certificate { attempt, ..certificate() }));
    given_up.hostname.ownership = State::GivenUp(GivenUp { since: BEFORE });
    let (hostname, certificate) = run(given_up, same_ssl()).unwrap();
    assert_eq!(hostname.hostname.ownership, State::new(NOW));
    assert_eq!(hostname.publish, Publish::Yes, "its token must be answered again");
    assert!(matches!(certificate.unwrap().certificate.attempt, certificate::State::Ordering(_)));
}

#[test]
fn another_method_name_set_or_authority_orders_anew_and_withdraws_the_tokens() {
    let base = CertificateEdit { is_type_named: true, ..CertificateEdit::default() };
    for edit in [
        CertificateEdit { method: Some(DcvMethod::Http), ..base.clone() },
        CertificateEdit { wildcard: Some(true), ..base.clone() },
        CertificateEdit { authority: Some(Some(AuthorityName::Google)), ..base },
    ] {
        let attempt = certificate::State::AwaitingControl(awaiting());
        let open = Certificate { attempt, ..certificate() };
        let (_, change) = run(record(Some(open)), of_certificate(edit.clone())).unwrap();
        let change = change.unwrap();
        let ordering = matches!(change.certificate.attempt, certificate::State::Ordering(_));
        assert!(ordering && change.publish == Publish::Yes, "{edit:?}");
    }
}

#[test]
fn naming_the_default_authority_keeps_the_order() {
    let authority = Some(Some(AuthorityName::LetsEncrypt));
    let attempt = certificate::State::AwaitingControl(awaiting());
    let open = Certificate { attempt: attempt.clone(), ..certificate() };
    let edit = of_certificate(CertificateEdit { authority, ..CertificateEdit::default() });
    let (_, change) = run(record(Some(open)), edit).unwrap();
    assert_eq!(change.unwrap().certificate.attempt, attempt);
}

#[test]
fn settings_are_merged_by_key_and_touch_neither_order_nor_ownership() {
    let mut before = certificate();
    before.wanted.tls.http2 = Some(Switch::Off);
    let tls = vec![TlsEdit::MinVersion(Some(TlsVersion::V1_2))];
    let edit = of_certificate(CertificateEdit { tls, ..CertificateEdit::default() });
    let (hostname, change) = run(record(Some(before.clone())), edit).unwrap();
    let change = change.unwrap();
    let expected = TlsPolicy {
        http2: Some(Switch::Off),
        min_version: Some(TlsVersion::V1_2),
        ..TlsPolicy::default()
    };
    assert_eq!(change.certificate.wanted.tls, expected);
    assert_eq!(change.certificate.attempt, before.attempt);
    assert_eq!(change.publish, Publish::Yes);
    assert_eq!(hostname.hostname.ownership, State::new(BEFORE));
}

#[test]
fn a_proven_hostname_stays_proven_at_a_restart() {
    let (evidence, watch) = (Explanation::new("seen"), Watch::default());
    let proof = Proven { by: Method::Txt, at: BEFORE, evidence, watch };
    let mut proven = record(Some(certificate()));
    proven.hostname.ownership = State::Proven(proof.clone());
    let (hostname, _) = run(proven, same_ssl()).unwrap();
    assert_eq!(hostname.hostname.ownership, State::Proven(proof));
}

#[test]
fn a_first_certificate_needs_type_and_method() {
    let half =
        of_certificate(CertificateEdit { wildcard: Some(true), ..CertificateEdit::default() });
    assert!(matches!(run(record(None), half), Err(EditError::TypeAndMethodNeeded)));
    let (_, change) = run(record(None), same_ssl()).unwrap();
    let change = change.unwrap();
    assert_eq!(change.certificate.version, 0);
    assert_eq!(change.certificate.id, PackId::from_bytes([9; 16]));
}

#[test]
fn the_name_may_be_repeated_and_not_changed() {
    let named = |name: &str| Edit { name: Some(name.into()), ..Edit::default() };
    assert!(run(record(None), named("APP.customer.com")).is_ok());
    assert!(matches!(run(record(None), named("b.customer.com")), Err(EditError::NameFixed)));
}

#[test]
fn an_origin_keeps_its_sni_and_takes_it_along_when_it_goes() {
    let server = FieldEdit::OriginServer("origin.provider.com".parse().ok());
    let sni = FieldEdit::OriginSni(OriginSni::RequestHost);
    let fields = |fields: &[FieldEdit]| Edit { fields: fields.to_vec(), ..Edit::default() };
    let (both, _) = run(record(None), fields(&[server.clone(), sni.clone()])).unwrap();
    assert_eq!(both.publish, Publish::Yes);
    assert_eq!(both.hostname.origin.as_ref().map(|o| &o.sni), Some(&OriginSni::RequestHost));
    let moved = HostnameRecord { hostname: both.hostname, certificate: None };
    let other = FieldEdit::OriginServer("other.provider.com".parse().ok());
    let (other, _) = run(moved.clone(), fields(&[other])).unwrap();
    assert_eq!(other.hostname.origin.map(|o| o.sni), Some(OriginSni::RequestHost));
    let (gone, _) = run(moved, fields(&[FieldEdit::OriginServer(None)])).unwrap();
    assert_eq!(gone.hostname.origin, None);
    assert!(matches!(run(record(None), fields(&[sni])), Err(EditError::SniWithoutOrigin)));
}
