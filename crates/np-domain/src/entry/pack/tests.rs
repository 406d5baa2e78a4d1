//! What nodes are told of a pack, for each state that matters.

use time::macros::datetime;

use super::*;
use crate::{
    certificate::{
        AuthorityName, BundleMethod, Control, DcvMethod, KeyType, Order, Owner, State, Wanted,
        order,
    },
    certificate_pack::{PackHosts, Validity},
    delegation::DelegationId,
    id::AccountId,
    tls_policy::TlsPolicy,
    zone,
};

const START: Timestamp = datetime!(2026-11-22 12:00 UTC);
const OWN: &str = "_acme-challenge.provider.com";
const TARGET: &str = "provider.com.9dbb86635115718e.dcv.platform.net";

fn zone_of(kind: ZoneKind) -> Zone {
    Zone {
        id: ZoneId::from_bytes([1; 16]),
        account: AccountId::from_bytes([2; 16]),
        name: "provider.com".parse().unwrap(),
        kind,
        delegation: "9dbb86635115718e".parse::<DelegationId>().unwrap(),
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

fn record(method: DcvMethod, hosts: &[&str]) -> PackRecord {
    let zone = zone_of(ZoneKind::Full);
    let id = PackId::from_bytes([3; 16]);
    let hosts = hosts.iter().map(|host| host.parse().unwrap()).collect();
    let wanted = Wanted {
        method,
        wildcard: false,
        authority: None,
        bundle: BundleMethod::default(),
        tls: TlsPolicy::default(),
        keys: vec![KeyType::P256],
    };
    let pack = Pack {
        id,
        zone: zone.id,
        kind: PackKind::Advanced,
        hosts: PackHosts::new(hosts, &zone.name).unwrap(),
        validity: Validity::Days90,
        branding: false,
        created_at: START,
        leaving_since: None,
    };
    PackRecord { pack, certificate: Certificate::new(id, Owner::Zone(zone.id), wanted, START) }
}

fn ordered(mut record: PackRecord, proofs: Vec<ControlProof>) -> PackRecord {
    let names = record.pack.hosts.as_slice().iter().cloned();
    let order = Order {
        authority: AuthorityName::LetsEncrypt,
        url: Explanation::new("order/1"),
        key_type: KeyType::P256,
        controls: names
            .zip(proofs)
            .map(|(name, proof)| Control { name, proof, satisfied: false })
            .collect(),
        expires_at: None,
        is_renewal: false,
    };
    let State::Ordering(ordering) = record.certificate.attempt.clone() else { unreachable!() };
    record.certificate.attempt = order::placed(&ordering, order, START).state;
    record
}

fn txt(value: &str) -> ControlProof {
    ControlProof::Txt { name: OWN.parse().unwrap(), value: Explanation::new(value) }
}

fn told(record: &PackRecord, kind: ZoneKind) -> Option<PackEntry> {
    let domain = DelegationDomain::new("dcv.platform.net".parse().unwrap());
    pack_entry(record, &zone_of(kind), &[], &domain)
}

fn challenge(name: &str, values: &[&str]) -> Delegation {
    let txt = values.iter().map(Explanation::new).collect();
    Delegation { name: name.parse().unwrap(), txt }
}

#[test]
fn both_values_of_a_wildcard_stand_at_one_name_and_at_the_own_name_only_where_dns_is_ours() {
    let waiting = record(DcvMethod::Txt, &["provider.com", "*.provider.com"]);
    let open = ordered(waiting.clone(), vec![txt("apex"), txt("wildcard")]);
    let both = ["apex", "wildcard"];
    for (record, kind, expected) in [
        (&waiting, ZoneKind::Full, vec![challenge(TARGET, &[])]),
        (&open, ZoneKind::Full, vec![challenge(OWN, &both), challenge(TARGET, &both)]),
        (&open, ZoneKind::Partial, vec![challenge(TARGET, &both)]),
    ] {
        assert_eq!(told(record, kind).unwrap().challenges, expected, "{kind:?}");
    }
}

#[test]
fn http_tokens_are_told_with_their_hosts() {
    let http = |number: u8| ControlProof::Http {
        path: Explanation::new(format!("/.well-known/acme-challenge/{number}")),
        body: Explanation::new(format!("{number}.thumbprint")),
    };
    let open = record(DcvMethod::Http, &["provider.com", "www.provider.com"]);
    let told = told(&ordered(open, vec![http(1), http(2)]), ZoneKind::Full).unwrap();
    let tokens: Vec<_> =
        told.tokens.iter().map(|token| (token.host.as_str(), token.path.as_str())).collect();
    let path = "/.well-known/acme-challenge/";
    let expected = [("provider.com", format!("{path}1")), ("www.provider.com", format!("{path}2"))];
    assert_eq!(tokens, expected.each_ref().map(|(host, path)| (*host, path.as_str())));
}

#[test]
fn of_a_zone_that_is_not_its_accounts_only_the_delegation_is_told() {
    let open = ordered(record(DcvMethod::Txt, &["provider.com"]), vec![txt("apex")]);
    let domain = DelegationDomain::new("dcv.platform.net".parse().unwrap());
    let initializing = zone::activation::Initializing { next_check: START };
    let state = zone::State::Initializing(initializing);
    let zone = Zone { state, ..zone_of(ZoneKind::Full) };
    let told = pack_entry(&open, &zone, &[], &domain).unwrap();
    assert_eq!(told.challenges, [challenge(TARGET, &["apex"])]);
    let http = ControlProof::Http { path: Explanation::new("/x"), body: Explanation::new("y") };
    let open = ordered(record(DcvMethod::Http, &["provider.com"]), vec![http]);
    let told = pack_entry(&open, &zone, &[], &domain).unwrap();
    assert!(told.tokens.is_empty() && told.certificates.is_empty());
}

#[test]
fn hosts_that_another_accounts_zone_is_closer_to_are_neither_served_nor_proven() {
    let http = |path: &str| ControlProof::Http {
        path: Explanation::new(path),
        body: Explanation::new("body"),
    };
    let hosts = ["provider.com", "www.provider.com", "a.shop.provider.com", "*.shop.provider.com"];
    let open =
        ordered(record(DcvMethod::Http, &hosts), hosts.iter().map(|host| http(host)).collect());
    let domain = DelegationDomain::new("dcv.platform.net".parse().unwrap());
    let zone = zone_of(ZoneKind::Full);
    let shop = Zone {
        id: ZoneId::from_bytes([9; 16]),
        account: AccountId::from_bytes([9; 16]),
        name: "shop.provider.com".parse().unwrap(),
        ..zone.clone()
    };
    let told = |around: &[Zone]| pack_entry(&open, &zone, around, &domain).unwrap();
    let names = |entry: &PackEntry| -> (Vec<String>, Vec<String>) {
        let tokens = entry.tokens.iter().map(|token| token.host.to_string());
        (entry.hosts.iter().map(ToString::to_string).collect(), tokens.collect())
    };
    let (served, proven) = names(&told(&[zone.clone(), shop.clone()]));
    assert_eq!(served, ["provider.com", "www.provider.com"]);
    assert_eq!(proven, served);
    let mine = Zone { account: zone.account, ..shop.clone() };
    let initializing = zone::activation::Initializing { next_check: START };
    let waiting = Zone { state: zone::State::Initializing(initializing), ..shop };
    for harmless in [mine, waiting] {
        let (served, _) = names(&told(&[zone.clone(), harmless.clone()]));
        assert_eq!(served, hosts, "{harmless:?}");
    }
}

#[test]
fn a_leaving_pack_is_forgotten() {
    let mut record = record(DcvMethod::Txt, &["provider.com"]);
    assert!(told(&record, ZoneKind::Full).is_some());
    record.pack.leaving_since = Some(START);
    assert_eq!(told(&record, ZoneKind::Full), None);
}
