//! What nodes are told, for each state that matters.

use time::macros::datetime;
use uuid::uuid;

use super::*;
use crate::{
    certificate::{
        self, AuthorityName, CertName, Control, DcvMethod, KeyType, Order, State, Wanted, order,
    },
    custom_hostname::{CustomHostname, Metadata, OwnershipToken},
    delegation::DelegationId,
    id::{AccountId, PackId},
    name::WildcardName,
    ownership::Method,
    zone::{self, ZoneKind},
};

const START: Timestamp = datetime!(2026-11-22 12:00 UTC);
const DELEGATION: &str = "app.customer.com.9dbb86635115718e.dcv.platform.net";

fn zone() -> Zone {
    Zone {
        id: ZoneId::from_bytes([1; 16]),
        account: AccountId::from_bytes([2; 16]),
        name: "provider.com".parse().unwrap(),
        kind: ZoneKind::Full,
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

fn record(ownership: ownership::State) -> HostnameRecord {
    let hostname = CustomHostname {
        id: HostnameId::from_bytes([3; 16]),
        zone: zone().id,
        name: "app.customer.com".parse().unwrap(),
        token: OwnershipToken::from_uuid(uuid!("5cc07c04-ea62-4a5a-95f0-419334a875a4")),
        ownership,
        origin: None,
        metadata: Metadata::default(),
        created_at: START,
        version: 0,
    };
    HostnameRecord { hostname, certificate: None }
}

fn proven() -> ownership::State {
    ownership::State::Proven(Proven {
        by: Method::Cname,
        at: START,
        evidence: Explanation::new("CNAME"),
        watch: ownership::Watch::default(),
    })
}

/// A certificate with an open order for these proofs.
fn ordered(wildcard: bool, proofs: Vec<ControlProof>) -> certificate::Certificate {
    let wanted = Wanted {
        method: DcvMethod::Txt,
        wildcard,
        authority: None,
        bundle: Default::default(),
        tls: TlsPolicy::default(),
        keys: vec![KeyType::P256],
    };
    let mut certificate = certificate::Certificate::new(
        PackId::from_bytes([4; 16]),
        HostnameId::from_bytes([3; 16]),
        wanted,
        START,
    );
    let name = CertName::Exact("app.customer.com".parse().unwrap());
    let controls = proofs
        .into_iter()
        .map(|proof| Control { name: name.clone(), proof, satisfied: false })
        .collect();
    let order = Order {
        authority: AuthorityName::LetsEncrypt,
        url: Explanation::new("order"),
        key_type: KeyType::P256,
        controls,
        expires_at: None,
        is_renewal: false,
    };
    let State::Ordering(ordering) = &certificate.attempt else { panic!() };
    certificate.attempt = order::placed(ordering, order, START).state;
    certificate
}

fn told(record: &HostnameRecord) -> Option<Entry> {
    let domain = DelegationDomain::new("dcv.platform.net".parse().unwrap());
    entry(record, &zone(), &domain).0
}

#[test]
fn nothing_is_routed_without_proven_ownership() {
    let moved = ownership::State::Moved(ownership::Moved {
        why: ownership::MovedWhy::ProvenElsewhere,
        since: START,
        failures: vec![],
    });
    let blocked = ownership::State::Blocked(ownership::Blocked {
        cause: ownership::BlockedCause::Hold,
        why: Explanation::new("held"),
        since: START,
        next_check: START,
    });
    for state in [ownership::State::new(START), moved, blocked] {
        assert_eq!(told(&record(state)).unwrap().routing, None);
    }
    assert!(told(&record(proven())).unwrap().routing.is_some());
}

#[test]
fn nodes_forget_what_is_leaving_or_given_up() {
    let leaving = ownership::State::Leaving(ownership::Leaving { since: START });
    let given_up = ownership::State::GivenUp(ownership::GivenUp { since: START });
    assert_eq!((told(&record(leaving)), told(&record(given_up))), (None, None));
}

#[test]
fn our_own_edges_never_answer_the_ownership_token() {
    for state in [ownership::State::new(START), proven()] {
        assert_eq!(told(&record(state)).unwrap().tokens, []);
    }
}

#[test]
fn proofs_stand_in_our_dns_only_while_an_order_is_open() {
    let name: DnsName = "_acme-challenge.app.customer.com".parse().unwrap();
    let txt = |value| ControlProof::Txt { name: name.clone(), value: Explanation::new(value) };
    let mut record = record(proven());
    record.certificate = Some(ordered(true, vec![txt("one"), txt("two")]));
    let expected = |values: &[&str]| {
        let txt = values.iter().map(Explanation::new).collect();
        Some(Delegation { name: DELEGATION.parse().unwrap(), txt })
    };
    assert_eq!(told(&record).unwrap().delegation, expected(&["one", "two"]));
    record.certificate.as_mut().unwrap().attempt =
        State::Settled(certificate::Settled { renew_at: START, ask_at: None });
    assert_eq!(told(&record).unwrap().delegation, expected(&[]));
}

#[test]
fn an_http_proof_is_a_token_of_the_hostname() {
    let (path, body) =
        (Explanation::new("/.well-known/acme-challenge/t"), Explanation::new("t.key"));
    let mut record = record(proven());
    record.certificate =
        Some(ordered(false, vec![ControlProof::Http { path: path.clone(), body: body.clone() }]));
    assert_eq!(told(&record).unwrap().tokens, [HttpToken { path, body }]);
}

#[test]
fn a_name_too_long_to_be_delegated_is_a_warning_and_is_served_all_the_same() {
    let mut record = record(proven());
    record.hostname.name = format!("{}customer.com", "abcdefg.".repeat(28)).parse().unwrap();
    let domain = DelegationDomain::new("dcv.platform.net".parse().unwrap());
    let (entry, warnings) = entry(&record, &zone(), &domain);
    assert_eq!(warnings, [Warning::DelegationTooLong(record.hostname.id)]);
    let entry = entry.unwrap();
    assert!(entry.delegation.is_none() && entry.routing.is_some());
}

#[test]
fn wildcard_names_print_with_their_star() {
    let name: WildcardName = "customer.com".parse::<Hostname>().unwrap().wildcard();
    assert_eq!(name.to_string(), "*.customer.com");
}

#[test]
fn a_proxied_record_leads_where_its_value_says() {
    use crate::dns_record::{Content, Given};
    let target = |kind: &str, content: &str| {
        let given = Given { content: Some(content), ..Given::default() };
        let content = Content::parse(kind.parse().expect("a type"), given).expect("content");
        let entry = RecordEntry {
            record: DnsRecordId::from_bytes([1; 16]),
            zone: ZoneId::from_bytes([2; 16]),
            name: "www.provider.com".parse().expect("a name"),
            type_code: content.kind().code(),
            rdata: content.rdata().into(),
            ttl_seconds: 300,
            proxied: Some(ProxiedAddresses::All),
        };
        entry.target()
    };
    let address = |text: &str| Some(RecordTarget::Address(text.parse().expect("an address")));
    assert_eq!(target("A", "192.0.2.1"), address("192.0.2.1"));
    assert_eq!(target("AAAA", "2001:db8::1"), address("2001:db8::1"));
    let name = "a.provider.com".parse().expect("a name");
    assert_eq!(target("CNAME", "a.provider.com"), Some(RecordTarget::Name(name)));
    assert_eq!(target("TXT", "text"), None);
}
