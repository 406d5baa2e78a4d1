//! The zone, and its hostnames as a create adds them.

use np_domain::{
    Timestamp,
    account::Account,
    certificate::{BundleMethod, Certificate, KeyType, Wanted},
    custom_hostname::{CustomHostname, HostnameRecord, Metadata, OwnershipToken},
    delegation::DelegationId,
    id::{AccountId, PackId, ZoneId},
    name::HostnameError,
    origin::FallbackOrigin,
    ownership,
    ports::Addition,
    text::Explanation,
    tls_policy::TlsPolicy,
    zone::{self, Zone, ZoneKind},
};
use uuid::Uuid;

use super::{
    customers::{Arrangement, Customer},
    plan::START,
};

const ACCOUNT: AccountId = AccountId::from_bytes([9; 16]);

/// The provider's account.
pub(super) fn account() -> Account {
    Account { id: ACCOUNT, name: Explanation::new("Provider"), created_at: START }
}

/// The provider's zone.
pub(super) fn zone() -> Result<Zone, HostnameError> {
    let origin = "origin.provider.com".parse().ok();
    let fallback =
        origin.map(|origin| FallbackOrigin { origin, created_at: START, updated_at: START });
    Ok(Zone {
        id: ZoneId::from_bytes([1; 16]),
        account: ACCOUNT,
        name: "provider.com".parse()?,
        kind: ZoneKind::Full,
        delegation: DelegationId::from_bytes([1; 8]),
        fallback,
        state: zone::State::automatic(START),
        paused: false,
        settings: Default::default(),
        original_name_servers: None,
        hold: None,
        created_at: START,
        modified_at: START,
        version: 0,
    })
}

/// A customer's hostname, added now.
pub(super) fn addition(customer: &Customer, zone: &Zone, now: Timestamp) -> Addition {
    let bytes = *customer.id.as_bytes();
    let hostname = CustomHostname {
        id: customer.id,
        zone: zone.id,
        name: customer.name.clone(),
        token: OwnershipToken::from_uuid(Uuid::from_bytes(bytes)),
        ownership: ownership::State::new(now),
        origin: None,
        metadata: Metadata::default(),
        created_at: now,
        version: 0,
    };
    let wanted = Wanted {
        method: customer.arrangement.method(),
        wildcard: matches!(customer.arrangement, Arrangement::ByHand(_)),
        authority: None,
        bundle: BundleMethod::default(),
        tls: TlsPolicy::default(),
        keys: vec![KeyType::P256],
    };
    let certificate = Certificate::new(PackId::from_bytes(bytes), customer.id, wanted, now);
    let record = HostnameRecord { hostname, certificate: Some(certificate) };
    Addition { record, events: Vec::new(), hostnames_max: None }
}
