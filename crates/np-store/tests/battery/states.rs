//! Every state with every field filled comes back equal.

use uuid::Uuid;

use np_domain::{
    authority::BudgetKind,
    certificate::{
        Active, Actor, AuthorityName, AwaitingControl, BundleMethod, CertName, Control,
        ControlProof, DcvMethod, Declined, Issued, IssuedCertificate, Issuing, Kept, KeyType,
        Order, Ordering, Origin, Phase, Presented, Problem, Queued, Settled, Stalled, State, Tries,
        Uploaded, Validating, ValidationAddress,
        chain::{ChainFacts, ValidatedChain},
        renewal::Suggestion,
    },
    custom_hostname::Metadata,
    id::{CertificateId, CsrId},
    origin::{CustomOrigin, OriginSni},
    ownership::{
        self, Blocked, BlockedCause, Doubt, Failure, GivenUp, Method, Moved, MovedWhy, Proven,
        Unproven, Watch,
    },
    ports::{CertificateStore, Hold, HostnameStore},
    secret::SealedBytes,
    text::Explanation,
    tls_policy::{CIPHERS, CipherList, Switch, TlsPolicy, TlsVersion},
};

use crate::{
    values::{at, certificate_change, change, leaving, proven, record, text},
    world::World,
};

fn failures() -> Vec<Failure> {
    vec![
        Failure::NotPointedHere,
        Failure::NoFallbackOrigin,
        Failure::CnameLoop,
        Failure::CnameTooLong,
        Failure::Unreachable(text("TXT look-up: no answer in time \"é\"")),
    ]
}

fn ownership_states() -> Vec<ownership::State> {
    let moved = |why| ownership::State::Moved(Moved { why, since: at(7), failures: failures() });
    let by = |by, watch| {
        ownership::State::Proven(Proven { by, at: at(8), evidence: text("seen"), watch })
    };
    let watched = Watch {
        next_check: Some(at(12)),
        led_here: Some(at(8)),
        doubt: Some(Doubt { since: at(9), looks: 2, failures: failures() }),
    };
    let blocked = |cause| {
        let (why, since, next_check) = (text("phishing"), at(10), at(13));
        ownership::State::Blocked(Blocked { cause, why, since, next_check })
    };
    vec![
        ownership::State::Unproven(Unproven {
            since: at(1),
            attempt: 3,
            next_check: at(4),
            failures: failures(),
        }),
        proven(at(5)),
        by(Method::Cname, watched),
        by(Method::Apex, Watch::default()),
        by(Method::Http, Watch::default()),
        moved(MovedWhy::NeverProven),
        moved(MovedWhy::ProvenElsewhere),
        moved(MovedWhy::PointsElsewhere),
        ownership::State::GivenUp(GivenUp { since: at(9) }),
        blocked(BlockedCause::Hold),
        blocked(BlockedCause::List),
        leaving(at(11)),
    ]
}

pub(crate) async fn every_ownership_state_comes_back_equal(world: World) {
    let mut expected = record(world.zone.id, "app.customer.com");
    world.store.insert(&expected, &[]).await.unwrap();
    for state in ownership_states() {
        let change = change(&expected.hostname, state);
        world.store.save(std::slice::from_ref(&change), &Hold::Release).await.unwrap();
        expected.hostname = change.hostname;
        expected.hostname.version += 1;
        // Leaving, it is found by its claim only.
        let found = match expected.hostname.ownership {
            ownership::State::Leaving(_) => {
                let lease = crate::values::lease("a", at(99));
                world.store.claim_ownership(at(50), &lease, 1).await.unwrap().pop()
            }
            _ => world.store.find(world.zone.id, expected.hostname.id).await.unwrap(),
        };
        assert_eq!(found.as_ref(), Some(&expected));
    }
}

fn problems() -> Vec<Problem> {
    [Actor::Authority, Actor::Customer, Actor::Provider]
        .map(|actor| Problem { actor, message: text("do this \\ and that") })
        .into()
}

fn tries() -> Tries {
    let declined = Declined {
        authority: AuthorityName::Google,
        times: 3,
        until: at(2),
        problem: problems().remove(0),
    };
    Tries { since: at(1), failed: 5, problems: problems(), declined: vec![declined] }
}

fn order() -> Order {
    let name: np_domain::name::Hostname = "app.customer.com".parse().unwrap();
    let http = ControlProof::Http {
        path: text("/.well-known/acme-challenge/token"),
        body: text("token.thumbprint"),
    };
    let txt = ControlProof::Txt { name: name.acme_challenge(), value: text("digest_-") };
    let email = ControlProof::Email { addresses: ValidationAddress::of(&name) };
    let cname = ControlProof::Cname {
        name: "_0a1b.app.customer.com".parse().unwrap(),
        target: "validate.ca.example".parse().unwrap(),
    };
    Order {
        authority: AuthorityName::LetsEncrypt,
        url: text("https://ca.example/order/1?x=%20"),
        key_type: KeyType::Rsa2048,
        controls: vec![
            Control { name: CertName::Exact(name.clone()), proof: http, satisfied: true },
            Control { name: CertName::Wildcard(name.wildcard()), proof: txt, satisfied: false },
            Control { name: CertName::Exact(name.clone()), proof: email, satisfied: false },
            Control { name: CertName::Exact(name.clone()), proof: cname, satisfied: false },
        ],
        expires_at: Some(at(1000)),
        is_renewal: true,
    }
}

fn uploaded(key_type: KeyType, csr: Option<CsrId>) -> IssuedCertificate {
    let certificates = vec![Box::from([1, 2].as_slice()), Box::from([3].as_slice())];
    let origin = Origin::Uploaded(Presented { certificates, csr });
    IssuedCertificate { origin, ..issued(AuthorityName::Google, key_type) }
}

fn issued(authority: AuthorityName, key_type: KeyType) -> IssuedCertificate {
    let facts = ChainFacts {
        der: vec![vec![0x30, 0x82, 0, 255].into(), vec![0x30].into()],
        names: vec![text("app.customer.com"), text("*.app.customer.com")],
        not_before: at(-3600),
        not_after: at(7_776_000),
        issuer: text("CN=R3, O=Let's Encrypt"),
        serial: text("123456789012345678901234567890"),
        signature: text("SHA256WithRSA"),
        key_type: Some(key_type),
        key_matches: true,
        is_linked: true,
    };
    IssuedCertificate {
        id: CertificateId::from_uuid(Uuid::new_v4()),
        origin: Origin::Authority(authority),
        chain: ValidatedChain::restored(facts),
        key: SealedBytes::from_vec(vec![1, 2, 3, 0]),
        key_type,
        issued_at: at(20),
    }
}

/// A certificate that ends at this moment.
pub(crate) fn issued_until(not_after: np_domain::Timestamp) -> IssuedCertificate {
    let issued = issued(AuthorityName::LetsEncrypt, KeyType::P256);
    let facts = ChainFacts { not_after, ..issued.chain.facts().clone() };
    IssuedCertificate { chain: ValidatedChain::restored(facts), ..issued }
}

fn attempts() -> Vec<State> {
    let stalled = |phase, retry_at| {
        State::Stalled(Stalled {
            key_type: KeyType::Rsa2048,
            phase,
            problems: problems(),
            since: at(30),
            retry_at,
        })
    };
    vec![
        State::Settled(Settled { renew_at: at(2), ask_at: None }),
        State::Ordering(Ordering {
            key_type: KeyType::P256,
            tries: tries(),
            refusals: 2,
            next_try: at(3),
            queued: None,
        }),
        State::Ordering(Ordering {
            key_type: KeyType::P256,
            tries: tries(),
            refusals: 0,
            next_try: at(3),
            queued: Some(Queued {
                authority: AuthorityName::LetsEncrypt,
                budget: BudgetKind::Domain,
                expected_at: at(4),
            }),
        }),
        State::Settled(Settled { renew_at: at(2), ask_at: Some(at(1)) }),
        State::AwaitingControl(AwaitingControl {
            order: order(),
            tries: tries(),
            placed_at: at(4),
            next_check: at(5),
        }),
        State::Validating(Validating {
            order: Order { expires_at: None, ..order() },
            tries: tries(),
            told_at: at(6),
            next_poll: at(7),
            polls: 8,
        }),
        State::Issuing(Issuing {
            order: order(),
            tries: tries(),
            key: SealedBytes::from_vec(vec![9; 300]),
            csr: vec![0x30, 0, 255].into(),
            since: at(9),
            next_poll: at(10),
            polls: 11,
        }),
        State::Uploaded(Uploaded {
            certificates: vec![
                uploaded(KeyType::Rsa4096, None),
                uploaded(KeyType::P384, Some(CsrId::from_bytes([7; 16]))),
            ],
            since: at(1),
            next_check: at(2),
        }),
        State::Kept(Kept { look_at: Some(at(3)) }),
        State::Kept(Kept { look_at: None }),
        State::Issued(Issued {
            certificate: issued(AuthorityName::Google, KeyType::P256),
            since: at(12),
            next_check: at(13),
        }),
        stalled(Phase::Ordering, None),
        stalled(Phase::Control, Some(at(14))),
        stalled(Phase::Issuance, None),
        stalled(Phase::Deployment, None),
    ]
}

pub(crate) async fn every_attempt_comes_back_equal(world: World) {
    let mut expected = record(world.zone.id, "app.customer.com");
    world.store.insert(&expected, &[]).await.unwrap();
    for attempt in attempts() {
        let certificate = expected.certificate.as_mut().unwrap();
        certificate.attempt = attempt;
        certificate.active = vec![
            Active {
                issued: issued(AuthorityName::Digicert, KeyType::P256),
                deployed_at: at(40),
                suggestion: Some(Suggestion {
                    start: at(50),
                    end: at(60),
                    explanation: Some(Explanation::new("https://ca.invalid/why")),
                }),
            },
            Active {
                issued: issued(AuthorityName::SslCom, KeyType::Rsa2048),
                deployed_at: at(41),
                suggestion: None,
            },
        ];
        let change = certificate_change(certificate);
        world.store.save_certificate(&change, &Hold::Release).await.unwrap();
        certificate.version += 1;
        let found = world.store.record_of(expected.hostname.id).await.unwrap();
        assert_eq!(found.as_ref(), Some(&expected));
    }
}

pub(crate) async fn every_setting_comes_back_equal(world: World) {
    let policy = |min_version, switch| TlsPolicy {
        min_version: Some(min_version),
        tls_1_3: Some(switch),
        http2: Some(switch),
        early_hints: Some(switch),
        ciphers: Some(CipherList::parse(CIPHERS).unwrap()),
    };
    let origin = |server: &str, sni| Some(CustomOrigin { server: server.parse().unwrap(), sni });
    let names = [AuthorityName::Google, AuthorityName::SslCom];
    for (number, (tls, origin, bundle, method)) in [
        (
            policy(TlsVersion::V1_0, Switch::On),
            origin("o.provider.com:8443", OriginSni::Name("sni.provider.com".parse().unwrap())),
            BundleMethod::Force,
            DcvMethod::Http,
        ),
        (
            policy(TlsVersion::V1_1, Switch::Off),
            origin("o.provider.com", OriginSni::RequestHost),
            BundleMethod::Optimal,
            DcvMethod::Txt,
        ),
        (
            policy(TlsVersion::V1_2, Switch::On),
            origin("o.provider.com", OriginSni::Origin),
            BundleMethod::Ubiquitous,
            DcvMethod::Txt,
        ),
        (policy(TlsVersion::V1_3, Switch::On), None, BundleMethod::Force, DcvMethod::Txt),
    ]
    .into_iter()
    .enumerate()
    {
        let mut record = record(world.zone.id, &format!("h{number}.customer.com"));
        record.hostname.origin = origin;
        let pairs = [("customer", "\"42\""), ("plan", r#"{"tier":"é"}"#)];
        record.hostname.metadata =
            Metadata(pairs.map(|(key, value)| (key.into(), value.into())).into());
        let wanted = &mut record.certificate.as_mut().unwrap().wanted;
        (wanted.tls, wanted.bundle, wanted.method) = (tls, bundle, method);
        wanted.authority = names.get(number).copied();
        wanted.keys = vec![KeyType::P256, KeyType::Rsa2048];
        wanted.wildcard = true;
        world.store.insert(&record, &[]).await.unwrap();
        let found = world.store.find(world.zone.id, record.hostname.id).await.unwrap();
        assert_eq!(found, Some(record));
    }
}
