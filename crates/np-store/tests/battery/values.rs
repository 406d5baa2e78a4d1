//! Values to keep. Ids are drawn at random, times are fixed.

use time::{Duration, macros::datetime};
use uuid::Uuid;

use np_domain::{
    Timestamp,
    account::Account,
    certificate::{
        BundleMethod, Certificate, CertificateRecord, DcvMethod, Holder, KeyType, Owner, Wanted,
    },
    certificate_pack::{Pack, PackHosts, PackKind, PackRecord, Validity},
    custom_hostname::{CustomHostname, HostnameRecord, Metadata, OwnershipToken},
    delegation::DelegationId,
    event::{Event, EventKind},
    id::{AccountId, HostnameId, PackId, ZoneId},
    ownership,
    ports::{CertificateChange, HostnameChange, Lease, LeaseOwner, PackChange, Publish},
    text::Explanation,
    tls_policy::TlsPolicy,
    zone::{self, Zone, ZoneKind},
};

/// When everything begins.
pub(crate) const START: Timestamp = datetime!(2026-11-22 12:00:00.123456 UTC);

/// So many seconds after [`START`].
pub(crate) fn at(seconds: i64) -> Timestamp {
    START + Duration::seconds(seconds)
}

pub(crate) fn text(text: &str) -> Explanation {
    Explanation::new(text)
}

pub(crate) fn account() -> Account {
    Account {
        id: AccountId::from_uuid(Uuid::new_v4()),
        name: text("Provider Inc."),
        created_at: START,
    }
}

pub(crate) fn zone(account: AccountId, name: &str) -> Zone {
    Zone {
        id: ZoneId::from_uuid(Uuid::new_v4()),
        account,
        name: name.parse().unwrap(),
        kind: ZoneKind::Partial,
        delegation: DelegationId::from_bytes([0x9d, 0xbb, 0x86, 0x63, 0x51, 0x15, 0x71, 0x8e]),
        fallback: None,
        state: zone::State::automatic(START),
        paused: false,
        original_name_servers: None,
        settings: Default::default(),
        hold: None,
        created_at: START,
        modified_at: START,
        version: 0,
    }
}

/// A hostname that was just asked for, without a certificate.
pub(crate) fn bare(zone: ZoneId, name: &str) -> HostnameRecord {
    let hostname = CustomHostname {
        id: HostnameId::from_uuid(Uuid::new_v4()),
        zone,
        name: name.parse().unwrap(),
        token: OwnershipToken::from_uuid(Uuid::new_v4()),
        ownership: ownership::State::new(START),
        origin: None,
        metadata: Metadata::default(),
        created_at: START,
        version: 0,
    };
    HostnameRecord { hostname, certificate: None }
}

/// The same with a certificate.
pub(crate) fn record(zone: ZoneId, name: &str) -> HostnameRecord {
    let record = bare(zone, name);
    let certificate = certificate(record.hostname.id);
    HostnameRecord { certificate: Some(certificate), ..record }
}

pub(crate) fn certificate(hostname: HostnameId) -> Certificate {
    let wanted = Wanted {
        method: DcvMethod::Txt,
        wildcard: false,
        authority: None,
        bundle: BundleMethod::Ubiquitous,
        tls: TlsPolicy::default(),
        keys: vec![KeyType::P256],
    };
    Certificate::new(PackId::from_uuid(Uuid::new_v4()), hostname, wanted, START)
}

/// The record as it is claimed for its certificate.
pub(crate) fn claimed(record: HostnameRecord) -> CertificateRecord {
    let holder = Holder::Hostname(record.hostname);
    CertificateRecord { holder, certificate: record.certificate.unwrap() }
}

/// A pack that was just ordered.
pub(crate) fn pack(zone: ZoneId, hosts: &[&str]) -> PackRecord {
    let id = PackId::from_uuid(Uuid::new_v4());
    let hosts = hosts.iter().map(|host| host.parse().unwrap()).collect();
    let pack = Pack {
        id,
        zone,
        kind: PackKind::Advanced,
        hosts: PackHosts::restored(hosts),
        validity: Validity::Days30,
        branding: true,
        created_at: START,
        leaving_since: None,
    };
    let wanted = certificate(HostnameId::from_uuid(Uuid::new_v4())).wanted;
    PackRecord { pack, certificate: Certificate::new(id, Owner::Zone(zone), wanted, START) }
}

/// A save of a pack as it is.
pub(crate) fn pack_change(record: &PackRecord) -> PackChange {
    PackChange { record: record.clone(), events: Vec::new(), publish: Publish::No }
}

pub(crate) fn proven(at: Timestamp) -> ownership::State {
    ownership::State::Proven(ownership::Proven {
        by: ownership::Method::Txt,
        at,
        evidence: text("token in TXT, seen by 192.0.2.53"),
        watch: ownership::Watch::default(),
    })
}

pub(crate) fn leaving(since: Timestamp) -> ownership::State {
    ownership::State::Leaving(ownership::Leaving { since })
}

pub(crate) fn event(seconds: i64, kind: EventKind) -> Event {
    Event { at: at(seconds), kind, detail: text(kind.as_str()) }
}

/// A save of a hostname in another state.
pub(crate) fn change(hostname: &CustomHostname, ownership: ownership::State) -> HostnameChange {
    let hostname = CustomHostname { ownership, ..hostname.clone() };
    HostnameChange { hostname, events: Vec::new(), publish: Publish::No }
}

/// A save of a certificate as it is.
pub(crate) fn certificate_change(certificate: &Certificate) -> CertificateChange {
    CertificateChange { certificate: certificate.clone(), events: Vec::new(), publish: Publish::No }
}

pub(crate) fn lease(owner: &str, until: Timestamp) -> Lease {
    Lease { owner: LeaseOwner(text(owner)), until }
}
