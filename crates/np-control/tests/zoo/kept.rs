//! What we know without looking, beside a name that is as it should be.

use np_domain::{
    certificate::{Actor, DcvMethod, KeyType, Ordering, Problem, State, Tries},
    ownership::{
        Blocked, BlockedCause, Doubt, Method, Moved, MovedWhy, Proven, State as Ownership, Watch,
    },
    ports::{AuthorityError, LimitScope},
    text::Explanation,
};

use crate::{
    fault::{Fault, attempt, await_txt, now, owned},
    pointing::RIGHT,
};

pub(crate) fn faults() -> Vec<Fault> {
    vec![
        Fault::new("no fallback origin", RIGHT, &["zone.no_fallback_origin problem provider"])
            .wants(|wanted| wanted.has_origin = false),
        Fault::new("a hold", RIGHT, &["zone.hold problem customer"]).wants(|wanted| {
            let why = Explanation::new("held by the domain's owner");
            let (cause, since, next_check) = (BlockedCause::Hold, now(), now());
            owned(wanted, Ownership::Blocked(Blocked { cause, why, since, next_check }));
        }),
        Fault::new("the block list", RIGHT, &["zone.block_list problem provider"]).wants(
            |wanted| {
                let why = Explanation::new("zoo.com is blocked: phishing");
                let (cause, since, next_check) = (BlockedCause::List, now(), now());
                owned(wanted, Ownership::Blocked(Blocked { cause, why, since, next_check }));
            },
        ),
        Fault::new(
            "led here, and leads elsewhere",
            "app CNAME shop.zoo-rival.com.",
            &["ownership.leaving notice customer", "hostname.wrong_target notice customer"],
        )
        .wants(|wanted| {
            let doubt = Doubt { since: now(), looks: 1, failures: Vec::new() };
            let watch = Watch { doubt: Some(doubt), ..Watch::default() };
            let (by, at, evidence) = (Method::Cname, now(), Explanation::new("CNAME"));
            owned(wanted, Ownership::Proven(Proven { by, at, evidence, watch }));
        }),
        Fault::new(
            "led here, and has led elsewhere for long",
            "app CNAME shop.zoo-rival.com.",
            &[
                "ownership.points_elsewhere problem customer",
                "hostname.wrong_target problem customer",
            ],
        )
        .wants(|wanted| moved(wanted, MovedWhy::PointsElsewhere)),
        Fault::new(
            "proven by another zone",
            RIGHT,
            &["ownership.proven_elsewhere problem customer"],
        )
        .wants(|wanted| moved(wanted, MovedWhy::ProvenElsewhere)),
        Fault::new("never proven", RIGHT, &["ownership.schedule_ended problem provider"])
            .wants(|wanted| moved(wanted, MovedWhy::NeverProven)),
        Fault::new("a rate limit of the CA", RIGHT, &["ca.rate_limited problem ca"]).wants(
            |wanted| {
                let message = Explanation::new("too many orders");
                let why = AuthorityError::RateLimited {
                    scope: LimitScope::Account,
                    retry_after: None,
                    message,
                };
                let problem =
                    Problem { actor: Actor::Authority, message: Explanation::new(why.to_string()) };
                let tries = Tries { problems: vec![problem], ..Tries::new(now()) };
                let ordering = Ordering {
                    key_type: KeyType::P256,
                    tries,
                    refusals: 1,
                    next_try: now(),
                    queued: None,
                };
                attempt(wanted, DcvMethod::Txt, State::Ordering(ordering));
            },
        ),
        Fault::new(
            "an expired token",
            format!("{RIGHT}\n_acme-challenge.app TXT one"),
            &["dcv.token_expired problem provider"],
        )
        .wants(|wanted| {
            await_txt(wanted, &["one"]);
            let certificate = wanted.record.as_mut().and_then(|r| r.certificate.as_mut());
            if let Some(State::AwaitingControl(awaiting)) = certificate.map(|c| &mut c.attempt) {
                awaiting.order.expires_at = Some(now());
            }
        }),
        Fault::new(
            "a name over 64 octets",
            "*.app CNAME customers.zoo-provider.com.",
            &["hostname.over_64_octets notice provider"],
        )
        .wants(|wanted| {
            wanted.name = format!("{}.{}", "a".repeat(60), wanted.name).parse().unwrap()
        }),
    ]
}

fn moved(wanted: &mut np_domain::diagnosis::Wanted, why: MovedWhy) {
    owned(wanted, Ownership::Moved(Moved { why, since: now(), failures: Vec::new() }));
}
