//! The steps of an attempt at a certificate: pure functions from a state and what came back to the next state.
//!
//! The reconciler performs one exchange with the world, calls the function named after its outcome, saves the [`Step`],
//! and goes on. Tries that failed are counted across orders, so that a customer who never acts ends on the published
//! schedule whatever the CA does with its tokens (behaviour.md 3.2, 3.3).

mod placing;
mod serving;

use std::time::Duration;

use super::{
    Active, Actor, AuthorityName, AwaitingControl, Certificate, Issuing, KeyType, Order, Ordering,
    Phase, Problem, Queued, Stalled, State, Tries, Validating, renewal, upload,
};
use crate::{
    Timestamp,
    authority::choice::OUTAGE_WAIT_MAX,
    event::EventKind,
    ports::{AuthorityError, Publish},
    schedule,
    secret::SealedBytes,
    text::Explanation,
};

pub use placing::{declined, not_placed, placed, postponed, queued};
pub use serving::{Answer, advised, deployed, issued, replaced, undeployed};

use placing::{clock_time, decline, free_at, told_again};
use serving::activate_issued;

/// A CA that has not come to a verdict by then is taken to have lost the order.
pub const VERDICT_WAIT_MAX: Duration = Duration::from_secs(15 * 60);
/// A CA that has not issued by then is taken to have lost the order.
pub const ISSUANCE_WAIT_MAX: Duration = Duration::from_secs(60 * 60);
/// An order that cannot be placed for this long ends the attempt (as long as the DCV schedule).
pub const ORDERING_WAIT_MAX: Duration = Duration::from_secs(14 * 24 * 3600);
/// An attempt that stalled while a certificate is served begins anew after this time.
pub const STALLED_RENEWAL_RETRY: Duration = Duration::from_secs(24 * 3600);
/// How many days the tokens of a CA are good for (behaviour.md 3.4).
const TOKEN_DAYS: [(AuthorityName, u64); 4] = [
    (AuthorityName::Digicert, 30),
    (AuthorityName::Google, 14),
    (AuthorityName::LetsEncrypt, 7),
    (AuthorityName::SslCom, 14),
];
/// A CA that answers a step with nothing but failures for this long loses the order.
pub const STEP_WAIT_MAX: Duration = Duration::from_secs(24 * 3600);
/// A certificate that some live edge serves counts as deployed after this time, whatever keeps another from it.
pub const DEPLOYMENT_WAIT_MAX: Duration = Duration::from_secs(600);
/// How long after its issue a certificate is next looked for on the nodes when no report wakes us.
pub const DEPLOYMENT_LOOK: Duration = Duration::from_secs(1);

const POLL_FIRST_MS: u64 = 10;
const POLL_DELAY_MAX: Duration = Duration::from_secs(10);
const ORDER_RETRY_FIRST: Duration = Duration::from_secs(5);
/// A CA that cannot be told is told again after this time.
const TELL_RETRY: Duration = Duration::from_secs(60);
const ORDER_RETRY_MAX: Duration = Duration::from_secs(900);
/// A CA that found itself forbidden by CAA records is asked again after this time.
const FORBIDDEN_WAIT: Duration = Duration::from_secs(3600);

/// How long an order of this CA is taken to be good for when the CA did not say: a day less than its tokens are.
pub fn life_assumed(authority: AuthorityName) -> Duration {
    let days = TOKEN_DAYS.iter().find(|(name, _)| *name == authority).map_or(7, |(_, days)| *days);
    Duration::from_secs((days - 1) * 24 * 3600)
}

/// The next state of an attempt, what happened, and whether serving nodes must hear of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The next state.
    pub state: State,
    /// What happened, with the evidence; `None` for a step that is not worth remembering.
    pub event: Option<(EventKind, Explanation)>,
    /// Whether what is served changes: tokens, above all.
    pub publish: Publish,
}

impl Step {
    pub(super) fn quiet(state: State) -> Self {
        Self { state, event: None, publish: Publish::No }
    }

    pub(super) fn told(
        state: State,
        event: EventKind,
        detail: impl AsRef<str>,
        publish: Publish,
    ) -> Self {
        Self { state, event: Some((event, Explanation::new(detail))), publish }
    }
}

/// Begins an attempt: the renewal of a settled certificate, or a stalled one anew.
pub fn begin(certificate: &Certificate, now: Timestamp) -> Step {
    let key_type = next_key(certificate, now);
    let detail = match certificate.active.is_empty() {
        true => "a certificate is wanted".to_owned(),
        false => format!(
            "the {} certificate is due for renewal{}",
            key_type.as_str(),
            suggestion(certificate, key_type)
        ),
    };
    Step::told(
        fresh(key_type, Tries::new(now), now),
        EventKind::RenewalStarted,
        detail,
        Publish::No,
    )
}

/// In whose words it is due: the CA's, if it has said so.
fn suggestion(certificate: &Certificate, key_type: KeyType) -> String {
    let active = obtained(certificate).find(|active| active.issued.key_type == key_type);
    let Some(said) = active.and_then(|active| active.suggestion.as_ref()) else {
        return String::new();
    };
    let why = said.explanation.as_ref().map(|url| format!(", see {url}")).unwrap_or_default();
    format!(": its CA suggests to renew it between {} and {}{why}", said.start, said.end)
}

/// Does not begin a renewal: the hostname was given up. A restart by the API brings the attempt back.
pub fn abandoned(certificate: &Certificate, now: Timestamp) -> Step {
    let message = "The hostname was given up after it had stayed moved; restart its validation to renew its certificate.";
    let problems = vec![Problem { actor: Actor::Customer, message: Explanation::new(message) }];
    let key_type = next_key(certificate, now);
    let state = State::Stalled(Stalled {
        key_type,
        phase: Phase::Control,
        problems,
        since: now,
        retry_at: None,
    });
    Step::told(state, EventKind::CertificateStalled, message, Publish::No)
}

/// The proofs are visible and the CA was told.
pub fn told(awaiting: &AwaitingControl, evidence: &str, now: Timestamp) -> Step {
    let state = State::Validating(Validating {
        order: awaiting.order.clone(),
        tries: awaiting.tries.clone(),
        told_at: now,
        next_poll: now + poll_delay(0),
        polls: 0,
    });
    Step::told(state, EventKind::ControlSeen, evidence, Publish::No)
}

/// A proof is not visible: one try has failed. An order that the CA has forgotten by the next try is replaced.
pub fn unseen(
    certificate: &Certificate,
    awaiting: &AwaitingControl,
    problems: Vec<Problem>,
    now: Timestamp,
) -> Step {
    let tries = failed(&awaiting.tries, problems);
    if let Some(urgent) = more_urgent(certificate, awaiting.order.key_type, now) {
        return gives_way(urgent, now);
    }
    let Some(wait) = next_try(&tries) else {
        return stalled(certificate, awaiting.order.key_type, Phase::Control, tries, now);
    };
    let next_check = now + wait;
    if let Some(end) = awaiting.order.expires_at.filter(|end| *end <= next_check) {
        return expired(awaiting, tries, end, now);
    }
    let detail = summary(&tries);
    let state = State::AwaitingControl(AwaitingControl { tries, next_check, ..awaiting.clone() });
    Step::told(state, EventKind::ControlUnseen, detail, Publish::No)
}

/// The CA's tokens end before we look again: new ones are ordered. What was missing is of no use to anybody any more, so that
/// this is what is said until the new ones have been looked for.
fn expired(awaiting: &AwaitingControl, tries: Tries, end: Timestamp, now: Timestamp) -> Step {
    let words = format!(
        "The tokens of {} end on {} {:02}:{:02} UTC: new ones take their place, and what was placed for the old ones is of no \
         more use. Read validation_records again.",
        awaiting.order.authority.as_str(),
        end.date(),
        end.hour(),
        end.minute()
    );
    let message = Explanation::new(&words);
    let tries = Tries { problems: vec![Problem { actor: Actor::Customer, message }], ..tries };
    let state = fresh(awaiting.order.key_type, tries, now);
    Step::told(state, EventKind::ControlExpired, words, Publish::Yes)
}

/// Telling or asking the CA failed. An order that the CA does not know, or that it has failed for [`STEP_WAIT_MAX`], is
/// replaced at the price of one try, so that a forgetful CA is not flooded with orders. One whose CA is down for longer than
/// [`OUTAGE_WAIT_MAX`] moves to another one, if there is one that it may move to, and costs nothing. Otherwise the step is
/// repeated, more slowly as time goes on, and no try is counted: this is no fault of the customer's. Only trouble that is
/// new is worth an event.
pub fn authority_failed(
    certificate: &Certificate,
    why: &AuthorityError,
    elsewhere: Elsewhere,
    now: Timestamp,
) -> Step {
    let (order, tries, failing) = match &certificate.attempt {
        // When telling began to fail is not kept: the order's own end is the bound.
        State::AwaitingControl(s) => (&s.order, &s.tries, TELL_RETRY * 2),
        State::Validating(s) => (&s.order, &s.tries, age(s.told_at, now)),
        State::Issuing(s) => (&s.order, &s.tries, age(s.since, now)),
        _ => return Step::quiet(certificate.attempt.clone()),
    };
    let problems = vec![problem(why)];
    let has_ended = order.expires_at.is_some_and(|end| end <= now) || failing >= STEP_WAIT_MAX;
    if matches!(why, AuthorityError::OrderGone) || has_ended {
        return order_lost(certificate, EventKind::OrderFailed, problems, now);
    }
    if let Elsewhere::Possible { down_since } = elsewhere
        && now >= down_since + OUTAGE_WAIT_MAX
    {
        return moved(order, tries, down_since, problem(why), now);
    }
    let is_new = tries.problems != problems;
    let tries = Tries { problems, ..tries.clone() };
    let state = repeated(&certificate.attempt, tries, now + step_wait(why, failing));
    match is_new {
        true => Step::told(state, EventKind::OrderFailed, why.to_string(), Publish::No),
        false => Step::quiet(state),
    }
}

/// Whether the order of a CA that is down may move to another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Elsewhere {
    /// There is no other CA, or the customer would have to show other tokens.
    Nowhere,
    /// It may, once the CA has not answered since this moment for long enough.
    Possible {
        /// When it answered last, or thereabouts.
        down_since: Timestamp,
    },
}

/// The order's CA is down: another one is asked, and no try is counted.
fn moved(
    order: &Order,
    tries: &Tries,
    down_since: Timestamp,
    problem: Problem,
    now: Timestamp,
) -> Step {
    let mut tries = tries.clone();
    decline(&mut tries, order.authority, problem, ORDER_RETRY_MAX, now);
    tries.problems = tries.declined.iter().map(told_again).collect();
    let detail = format!(
        "{} has not answered since {down_since}: the order moves to another CA",
        order.authority.as_str()
    );
    Step::told(fresh(order.key_type, tries, now), EventKind::OrderFailed, detail, Publish::Yes)
}

/// CAA records do not let the CA of the open order issue, as it found. Another of `candidates` that has not declined is asked
/// at once, at no cost; without one the proof counts as rejected.
pub fn forbidden(
    certificate: &Certificate,
    problems: Vec<Problem>,
    candidates: &[AuthorityName],
    now: Timestamp,
) -> Step {
    let (Some((order, tries)), Some(first)) = (order_and_tries(certificate), problems.first())
    else {
        return rejected(certificate, problems, now);
    };
    let mut tries = tries.clone();
    decline(&mut tries, order.authority, first.clone(), FORBIDDEN_WAIT, now);
    if !candidates.iter().any(|candidate| free_at(&tries, *candidate, now) <= now) {
        return rejected(certificate, problems, now);
    }
    tries.problems = tries.declined.iter().map(told_again).collect();
    let detail = format!("{}: {}", order.authority.as_str(), first.message);
    let state = fresh(order.key_type, tries, now);
    Step::told(state, EventKind::ControlRejected, detail, Publish::Yes)
}

fn order_and_tries(certificate: &Certificate) -> Option<(&Order, &Tries)> {
    match &certificate.attempt {
        State::AwaitingControl(s) => Some((&s.order, &s.tries)),
        State::Validating(s) => Some((&s.order, &s.tries)),
        State::Issuing(s) => Some((&s.order, &s.tries)),
        _ => None,
    }
}

/// The CA is not told before `until`, because it would not allow another failure of a validation: it is when its limit allows
/// it. No try is counted.
pub fn not_told_yet(awaiting: &AwaitingControl, until: Timestamp) -> Step {
    let message = format!(
        "The proof is visible. {} limits failed validations of a name: it is told after {} UTC on {}.",
        awaiting.order.authority.as_str(),
        clock_time(until),
        until.date()
    );
    let problems = vec![Problem { actor: Actor::Authority, message: Explanation::new(&message) }];
    let is_new = awaiting.tries.problems != problems;
    let tries = Tries { problems, ..awaiting.tries.clone() };
    let state =
        State::AwaitingControl(AwaitingControl { tries, next_check: until, ..awaiting.clone() });
    match is_new {
        true => Step::told(state, EventKind::OrderQueued, message, Publish::No),
        false => Step::quiet(state),
    }
}

fn age(since: Timestamp, now: Timestamp) -> Duration {
    (now - since).max(time::Duration::ZERO).unsigned_abs()
}

/// Half as long as it has failed already, and at least as long as the CA asks.
fn step_wait(why: &AuthorityError, failing: Duration) -> Duration {
    let grown = (failing / 2).clamp(ORDER_RETRY_FIRST, ORDER_RETRY_MAX);
    match why {
        AuthorityError::RateLimited { retry_after: Some(asked), .. } => grown.max(*asked),
        _ => grown,
    }
}

fn repeated(attempt: &State, tries: Tries, at: Timestamp) -> State {
    match attempt {
        State::AwaitingControl(s) => {
            State::AwaitingControl(AwaitingControl { tries, next_check: at, ..s.clone() })
        }
        State::Validating(s) => State::Validating(Validating { tries, next_poll: at, ..s.clone() }),
        State::Issuing(s) => State::Issuing(Issuing { tries, next_poll: at, ..s.clone() }),
        State::Settled(_)
        | State::Ordering(_)
        | State::Issued(_)
        | State::Stalled(_)
        | State::Uploaded(_)
        | State::Kept(_) => attempt.clone(),
    }
}

/// The CA has no verdict yet.
pub fn undecided(certificate: &Certificate, validating: &Validating, now: Timestamp) -> Step {
    if now >= validating.told_at + VERDICT_WAIT_MAX {
        return order_lost(certificate, EventKind::OrderFailed, vec![silence()], now);
    }
    let polls = validating.polls.saturating_add(1);
    let next_poll = now + poll_delay(polls);
    Step::quiet(State::Validating(Validating { next_poll, polls, ..validating.clone() }))
}

/// The CA accepted the proofs; `key` and `csr` are what the certificate will be asked for with.
pub fn accepted(validating: &Validating, key: SealedBytes, csr: Box<[u8]>, now: Timestamp) -> Step {
    let state = State::Issuing(Issuing {
        order: validating.order.clone(),
        tries: validating.tries.clone(),
        key,
        csr,
        since: now,
        next_poll: now,
        polls: 0,
    });
    let detail = format!("{} accepted the proof of control", validating.order.authority.as_str());
    Step::told(state, EventKind::IssuanceRequested, detail, Publish::Yes)
}

/// The CA accepted the proofs, and allows no further certificate for such names before the turn that `queued` says: the order
/// stays open until `look_at`.
pub fn not_requested_yet(validating: &Validating, queued: Queued, look_at: Timestamp) -> Step {
    let message = format!(
        "The proof of control is accepted. {} limits {}: the certificate is requested when its turn comes, which is expected \
         at {} UTC on {}.",
        queued.authority.as_str(),
        queued.budget.meaning(),
        clock_time(queued.expected_at),
        queued.expected_at.date()
    );
    let is_new = validating.tries.problems.is_empty();
    let problems = vec![Problem { actor: Actor::Authority, message: Explanation::new(&message) }];
    let tries = Tries { problems, ..validating.tries.clone() };
    let state = State::Validating(Validating { tries, next_poll: look_at, ..validating.clone() });
    match is_new {
        true => Step::told(state, EventKind::OrderQueued, message, Publish::No),
        false => Step::quiet(state),
    }
}

/// The CA rejected the proofs, or the request: its tokens are void, a new order is placed at once so that the new ones
/// can be shown, and looked for on the schedule.
pub fn rejected(certificate: &Certificate, problems: Vec<Problem>, now: Timestamp) -> Step {
    order_lost(certificate, EventKind::ControlRejected, problems, now)
}

/// The open order is of no more use, and one try with it: a new one is placed, or the attempt ends when the schedule is
/// used up. Every way in which an order ends early comes through here, so that each is counted.
fn order_lost(
    certificate: &Certificate,
    event: EventKind,
    problems: Vec<Problem>,
    now: Timestamp,
) -> Step {
    let (order, tries, phase) = match &certificate.attempt {
        State::AwaitingControl(s) => (&s.order, &s.tries, Phase::Control),
        State::Validating(s) => (&s.order, &s.tries, Phase::Control),
        State::Issuing(s) => (&s.order, &s.tries, Phase::Issuance),
        _ => return Step::quiet(certificate.attempt.clone()),
    };
    let tries = failed(tries, problems);
    if next_try(&tries).is_none() {
        return stalled(certificate, order.key_type, phase, tries, now);
    }
    let detail = summary(&tries);
    Step::told(fresh(order.key_type, tries, now), event, detail, Publish::Yes)
}

/// The CA has not issued yet.
pub fn unissued(certificate: &Certificate, issuing: &Issuing, now: Timestamp) -> Step {
    if now >= issuing.since + ISSUANCE_WAIT_MAX {
        return order_lost(certificate, EventKind::OrderFailed, vec![silence()], now);
    }
    let polls = issuing.polls.saturating_add(1);
    Step::quiet(State::Issuing(Issuing {
        next_poll: now + poll_delay(polls),
        polls,
        ..issuing.clone()
    }))
}

/// Begins the checks of the attempt anew at once, keeping an open order and its tokens; `None` where there is nothing to
/// hasten. This is what a PATCH with the same `ssl` asks for (behaviour.md 3.3).
pub fn restart(certificate: &Certificate, now: Timestamp) -> Option<State> {
    let tries = Tries::new(now);
    match &certificate.attempt {
        State::Settled(_) | State::Issued(_) | State::Uploaded(_) | State::Kept(_) => None,
        State::Ordering(s) => Some(fresh(s.key_type, tries, now)),
        State::AwaitingControl(s) => {
            Some(State::AwaitingControl(AwaitingControl { tries, next_check: now, ..s.clone() }))
        }
        State::Validating(s) => Some(State::Validating(Validating { next_poll: now, ..s.clone() })),
        State::Issuing(s) => Some(State::Issuing(Issuing { next_poll: now, ..s.clone() })),
        State::Stalled(s) => Some(fresh(s.key_type, tries, now)),
    }
}

/// Looks for the proofs at once: something was done about them that we know of. `None` when we are not waiting for any.
pub fn hasten(certificate: &Certificate, now: Timestamp) -> Option<State> {
    match &certificate.attempt {
        State::AwaitingControl(s) => {
            Some(State::AwaitingControl(AwaitingControl { next_check: now, ..s.clone() }))
        }
        _ => None,
    }
}

/// Abandons the attempt and orders anew, because what is wanted has changed: the method, the names or the CA. What is
/// active goes on being served, and so does what was issued and is on its way to the nodes.
pub fn reorder(certificate: &mut Certificate, now: Timestamp) {
    activate_issued(certificate, now);
    upload::activate(certificate, now);
    let key_type = certificate.wanted.keys.first().copied().unwrap_or(KeyType::P256);
    certificate.attempt = fresh(key_type, Tries::new(now), now);
}

fn gives_way(urgent: KeyType, now: Timestamp) -> Step {
    let detail = format!("the {} certificate is due for renewal first", urgent.as_str());
    let state = fresh(urgent, Tries::new(now), now);
    Step::told(state, EventKind::RenewalStarted, detail, Publish::Yes)
}

pub(super) fn fresh(key_type: KeyType, tries: Tries, now: Timestamp) -> State {
    State::Ordering(Ordering { key_type, tries, refusals: 0, next_try: now, queued: None })
}

pub(super) fn failed(tries: &Tries, problems: Vec<Problem>) -> Tries {
    Tries { failed: tries.failed.saturating_add(1), problems, ..tries.clone() }
}

/// How long after the last failed try the next one comes; `None` when the schedule is used up.
fn next_try(tries: &Tries) -> Option<Duration> {
    schedule::dcv_delay(tries.failed.saturating_sub(1))
        .filter(|_| tries.failed < schedule::DCV_TRIES)
}

fn stalled(
    certificate: &Certificate,
    key_type: KeyType,
    phase: Phase,
    tries: Tries,
    now: Timestamp,
) -> Step {
    let detail = summary(&tries);
    // Sooner than in a day where another kind of key is due before.
    let daily = now + STALLED_RENEWAL_RETRY;
    let due = obtained(certificate).map(renewal_of).filter(|due| *due > now).min();
    let retry_at =
        (!certificate.active.is_empty()).then(|| due.map_or(daily, |due| due.min(daily)));
    let state =
        State::Stalled(Stalled { key_type, phase, problems: tries.problems, since: now, retry_at });
    Step::told(state, EventKind::CertificateStalled, detail, Publish::Yes)
}

fn has_active(certificate: &Certificate, key_type: KeyType) -> bool {
    obtained(certificate).any(|active| active.issued.key_type == key_type)
}

/// Those of CAs: what was uploaded, or stands in, is not ours to renew.
fn obtained(certificate: &Certificate) -> impl Iterator<Item = &Active> {
    certificate.active.iter().filter(|active| active.issued.origin.is_obtained())
}

/// The kind of key to obtain next: the one whose renewal is due, else one that is missing, else the next to be due.
fn next_key(certificate: &Certificate, now: Timestamp) -> KeyType {
    let soonest = obtained(certificate).min_by_key(|active| renewal_of(active));
    let due = soonest.filter(|active| renewal_of(active) <= now);
    let missing = certificate.wanted.keys.iter().find(|key| !has_active(certificate, **key));
    let of = |active: &Active| active.issued.key_type;
    due.map(of).or(missing.copied()).or(soonest.map(of)).unwrap_or(KeyType::P256)
}

/// The kind of key whose renewal is due while the attempt is for another one that is still missing: what serves comes
/// before what never did.
fn more_urgent(certificate: &Certificate, attempted: KeyType, now: Timestamp) -> Option<KeyType> {
    let urgent = next_key(certificate, now);
    (urgent != attempted && !has_active(certificate, attempted) && has_active(certificate, urgent))
        .then_some(urgent)
}

fn renewal_of(active: &Active) -> Timestamp {
    renewal::due(active)
}

fn renew_at(certificate: &Certificate, now: Timestamp) -> Timestamp {
    obtained(certificate).map(renewal_of).min().unwrap_or(now)
}

/// Fast at first, because a CA nearby answers within milliseconds; then at most every [`POLL_DELAY_MAX`].
fn poll_delay(polls: u32) -> Duration {
    let factor = 1.5_f64.powi(polls.min(30) as i32);
    Duration::from_millis(POLL_FIRST_MS).mul_f64(factor).min(POLL_DELAY_MAX)
}

/// A step that failed, in words for whoever can act.
pub fn problem(why: &AuthorityError) -> Problem {
    match why {
        AuthorityError::Refused(problem) | AuthorityError::Forbidden(problem) => problem.clone(),
        AuthorityError::Account(_) => {
            Problem { actor: Actor::Provider, message: Explanation::new(why.to_string()) }
        }
        _ => Problem { actor: Actor::Authority, message: Explanation::new(why.to_string()) },
    }
}

fn silence() -> Problem {
    let message = "The certificate authority did not answer in time; a new order is placed.";
    Problem { actor: Actor::Authority, message: Explanation::new(message) }
}

fn summary(tries: &Tries) -> String {
    let first = tries.problems.first().map_or("", |problem| problem.message.as_str());
    format!("try {} of {}: {first}", tries.failed, schedule::DCV_TRIES)
}

fn names(order: &Order) -> String {
    order.controls.iter().map(|control| control.name.to_string()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
