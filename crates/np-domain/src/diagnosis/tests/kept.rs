//! Cases of what we know without looking.

use time::Duration;

use super::{
    Row,
    scene::{CHALLENGE, NOW, Scene},
};
use crate::{
    authority::BudgetKind,
    certificate::{
        Active, Actor, AuthorityName, Certificate, DcvMethod, Issued, IssuedCertificate, KeyType,
        Ordering, Origin, Phase, Problem, Queued, Settled, Stalled, State, Tries, Validating,
        chain::{ChainFacts, ValidatedChain},
    },
    id::CertificateId,
    ownership::{
        self, Blocked, BlockedCause, Doubt, GivenUp, Method, Moved, MovedWhy, Proven, Watch,
    },
    ports::{AuthorityError, LimitScope},
    secret::SealedBytes,
    text::Explanation,
};

fn moved(scene: Scene, why: MovedWhy) -> Scene {
    let moved = Moved { why, since: NOW, failures: Vec::new() };
    scene.ownership(ownership::State::Moved(moved))
}

fn tries(actor: Actor, words: &str) -> Tries {
    let problems = vec![Problem { actor, message: Explanation::new(words) }];
    Tries { failed: 1, problems, ..Tries::new(NOW) }
}

fn ordering(actor: Actor, words: &str) -> State {
    let tries = tries(actor, words);
    let next_try = NOW + Duration::seconds(30);
    State::Ordering(Ordering {
        key_type: KeyType::P256,
        tries,
        refusals: 1,
        next_try,
        queued: None,
    })
}

fn limited() -> String {
    let message = Explanation::new("too many orders");
    AuthorityError::RateLimited { scope: LimitScope::Account, retry_after: None, message }
        .to_string()
}

fn issued(days: i64) -> IssuedCertificate {
    let facts = ChainFacts {
        der: Vec::new(),
        names: Vec::new(),
        not_before: NOW - Duration::days(90),
        not_after: NOW + Duration::days(days),
        issuer: Explanation::new("issuer"),
        serial: Explanation::new("01"),
        signature: Explanation::new("ECDSAWithSHA256"),
        key_type: Some(KeyType::P256),
        key_matches: true,
        is_linked: true,
    };
    IssuedCertificate {
        id: CertificateId::from_bytes([4; 16]),
        origin: Origin::Authority(AuthorityName::LetsEncrypt),
        chain: ValidatedChain::restored(facts),
        key: SealedBytes::from_vec(Vec::new()),
        key_type: KeyType::P256,
        issued_at: NOW,
    }
}

fn serving(certificate: &mut Certificate, days: i64) {
    certificate.active = vec![Active { issued: issued(days), deployed_at: NOW, suggestion: None }];
}

fn told(scene: Scene) -> Scene {
    scene.wants_txt(&["one"]).with(|certificate| {
        let State::AwaitingControl(awaiting) = &certificate.attempt else { return };
        certificate.attempt = State::Validating(Validating {
            order: awaiting.order.clone(),
            tries: Tries::new(NOW),
            told_at: NOW,
            next_poll: NOW,
            polls: 0,
        });
    })
}

fn stalled(words: &str) -> State {
    State::Stalled(Stalled {
        key_type: KeyType::P256,
        phase: Phase::Control,
        problems: tries(Actor::Customer, words).problems,
        since: NOW,
        retry_at: None,
    })
}

pub(super) const ROWS: &[Row] = &[
    (
        "on hold",
        |s| {
            let why = Explanation::new("held by the zone customer.com");
            let cause = BlockedCause::Hold;
            let blocked = Blocked { cause, why, since: NOW, next_check: NOW };
            s.pointed().ownership(ownership::State::Blocked(blocked))
        },
        &["zone.hold problem customer"],
    ),
    (
        "on the block list",
        |s| {
            let why = Explanation::new("customer.com is blocked: phishing");
            let cause = BlockedCause::List;
            let blocked = Blocked { cause, why, since: NOW, next_check: NOW };
            s.pointed().ownership(ownership::State::Blocked(blocked))
        },
        &["zone.block_list problem provider"],
    ),
    (
        "led here, and leads elsewhere",
        |s| {
            let doubt = Doubt { since: NOW, looks: 2, failures: Vec::new() };
            let watch = Watch { doubt: Some(doubt), ..Watch::default() };
            let (by, evidence) = (Method::Cname, Explanation::new("CNAME"));
            let proven = Proven { by, at: NOW, evidence, watch };
            s.ownership(ownership::State::Proven(proven)).customer("app CNAME shop.rival.com")
        },
        &["ownership.leaving notice customer", "hostname.wrong_target notice customer"],
    ),
    (
        "led here, and has led elsewhere for long",
        |s| moved(s.customer("app CNAME shop.rival.com"), MovedWhy::PointsElsewhere),
        &["ownership.points_elsewhere problem customer", "hostname.wrong_target problem customer"],
    ),
    (
        "a zone that is not active",
        |mut s| {
            s.wanted.zone_is_active = false;
            s.pointed()
        },
        &["zone.not_active problem provider"],
    ),
    (
        "no fallback origin",
        |mut s| {
            s.wanted.has_origin = false;
            s.pointed()
        },
        &["zone.no_fallback_origin problem provider"],
    ),
    ("owned", |s| s.pointed().owned(), &["ownership.proven good provider"]),
    (
        "owned, and then led elsewhere",
        |s| s.owned().customer("app CNAME shop.rival.com"),
        &["hostname.wrong_target notice customer"],
    ),
    (
        "proven elsewhere",
        |s| moved(s.pointed(), MovedWhy::ProvenElsewhere),
        &["ownership.proven_elsewhere problem customer"],
    ),
    (
        "never proven in time",
        |s| moved(s.pointed(), MovedWhy::NeverProven),
        &["ownership.schedule_ended problem provider"],
    ),
    (
        "given up",
        |s| s.pointed().ownership(ownership::State::GivenUp(GivenUp { since: NOW })),
        &["ownership.schedule_ended problem provider"],
    ),
    (
        "a long name",
        |s| {
            let label = "a".repeat(54);
            let record = format!("{label} CNAME customers.provider.com");
            s.named(&format!("{label}.customer.com")).customer(&record)
        },
        &["hostname.over_64_octets notice provider"],
    ),
    (
        "no room for a challenge",
        |s| {
            let labels = ["a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(40)].join(".");
            s.named(&format!("{labels}.customer.com"))
                .customer(&format!("{labels} CNAME customers.provider.com"))
                .certificate(DcvMethod::Txt, ordering_quiet())
        },
        &["hostname.no_room_for_challenge problem provider"],
    ),
    (
        "nobody has approved",
        |s| s.pointed().wants_approval(),
        &["dcv.approval_awaited problem customer"],
    ),
    (
        "mails could not be sent",
        |s| {
            s.pointed().wants_approval().with(|certificate| {
                if let State::AwaitingControl(awaiting) = &mut certificate.attempt {
                    let message = Explanation::new("no mail could be sent: connection refused");
                    awaiting.tries.problems = vec![Problem { actor: Actor::Provider, message }];
                }
            })
        },
        &["dcv.mail_unsent problem provider"],
    ),
    (
        "the tokens ended",
        |s| {
            s.pointed().wants_txt(&["one"]).record(&format!("{CHALLENGE} TXT one")).with(
                |certificate| {
                    if let State::AwaitingControl(awaiting) = &mut certificate.attempt {
                        awaiting.order.expires_at = Some(NOW);
                    }
                },
            )
        },
        &["dcv.token_expired problem provider"],
    ),
    (
        "a certificate is served",
        |s| {
            let settled =
                State::Settled(Settled { renew_at: NOW + Duration::days(30), ask_at: None });
            s.pointed().owned().certificate(DcvMethod::Txt, settled).with(|c| serving(c, 60))
        },
        &["certificate.active good provider"],
    ),
    (
        "the certificate ended",
        |s| {
            s.pointed()
                .owned()
                .certificate(DcvMethod::Txt, ordering_quiet())
                .with(|c| serving(c, -1))
        },
        &["certificate.expired problem provider"],
    ),
    (
        "a renewal waits while a certificate is served",
        |s| s.pointed().owned().wants_txt(&["one"]).with(|c| serving(c, 20)),
        &["certificate.active good provider", "dcv.txt_missing notice customer"],
    ),
    (
        "the CA looks",
        |s| told(s.pointed()).record(&format!("{CHALLENGE} TXT one")),
        &["certificate.under_way good ca"],
    ),
    (
        "on the way to the nodes",
        |s| {
            let state = Issued { certificate: issued(90), since: NOW, next_check: NOW };
            s.pointed().certificate(DcvMethod::Txt, State::Issued(state))
        },
        &["certificate.deploying good provider"],
    ),
    (
        "the attempts ended",
        |s| s.pointed().certificate(DcvMethod::Txt, stalled("no TXT record")),
        &["certificate.schedule_ended problem customer"],
    ),
    (
        "the CA's limit",
        |s| s.pointed().certificate(DcvMethod::Txt, ordering(Actor::Authority, &limited())),
        &["ca.rate_limited problem ca"],
    ),
    (
        "the CA's limit has it wait for its turn",
        |s| s.pointed().certificate(DcvMethod::Txt, queued()),
        &["ca.rate_limited problem ca"],
    ),
    (
        "the CA refuses",
        |s| {
            s.pointed().certificate(
                DcvMethod::Txt,
                ordering(Actor::Customer, "The name is forbidden by policy"),
            )
        },
        &["ca.refused problem customer"],
    ),
    (
        "the CA is down",
        |s| {
            s.pointed()
                .certificate(DcvMethod::Txt, ordering(Actor::Authority, "connection refused"))
        },
        &["ca.unreachable problem ca"],
    ),
];

fn queued() -> State {
    let State::Ordering(ordering) = ordering_quiet() else { return ordering_quiet() };
    let (authority, budget) = (AuthorityName::LetsEncrypt, BudgetKind::Orders);
    let queued = Some(Queued { authority, budget, expected_at: NOW + Duration::HOUR });
    State::Ordering(Ordering { queued, ..ordering })
}

fn ordering_quiet() -> State {
    let tries = Tries::new(NOW);
    State::Ordering(Ordering {
        key_type: KeyType::P256,
        tries,
        refusals: 0,
        next_try: NOW,
        queued: None,
    })
}
