//! The configured CAs: which is asked, whether it may be asked now, and what is measured of it.
//!
//! Every call goes through [`Asked`], which keeps a CA that is down from holding up workers, and counts what comes back. What a
//! process has learned of a CA is its own: another one learns it within a few calls.

use std::{
    collections::BTreeMap,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use np_domain::{
    Timestamp,
    approval::Asking,
    authority::{
        Breaker, Candidate, Limits, Preference,
        breaker::{self, Outcome},
    },
    certificate::{AuthorityName, CertName, DcvMethod, Methods, Order, renewal::Advice},
    diagnosis::Issuer,
    ports::{Authority, AuthorityError, Clock, LimitScope, OrderStatus, OrderTerms, QueueLength},
    text::Explanation,
};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

/// How long an account is left alone that the CA has limited without saying for how long.
const PAUSE_UNSAID: Duration = Duration::from_secs(60);

/// The queues are counted this often, for metrics.
const QUEUES_PERIOD: Duration = Duration::from_secs(15);

/// The configured CAs.
#[derive(Clone)]
pub struct Authorities {
    by_name: BTreeMap<AuthorityName, Arc<Party>>,
    preference: Preference,
    breaker_terms: breaker::Terms,
    meters: Meters,
    queues_noted_at: Arc<Mutex<Option<Timestamp>>>,
}

/// One CA.
struct Party {
    driver: Arc<dyn Authority>,
    breaker: Mutex<Breaker>,
}

impl Party {
    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Authorities {
    /// The CAs, and which of them is used when a hostname names none. `None` when the default is not among them.
    pub fn new(authorities: Vec<Arc<dyn Authority>>, default: AuthorityName) -> Option<Self> {
        let party = |driver: Arc<dyn Authority>| {
            (driver.name(), Arc::new(Party { driver, breaker: Mutex::default() }))
        };
        let by_name: BTreeMap<_, _> = authorities.into_iter().map(party).collect();
        let meters = Meters::of(by_name.keys().copied());
        let (preference, breaker_terms) = (Preference::only(default), Default::default());
        let queues_noted_at = Arc::default();
        let is_there = by_name.contains_key(&default);
        is_there.then_some(Self { by_name, preference, breaker_terms, meters, queues_noted_at })
    }

    /// The same with breakers on these terms.
    #[must_use]
    pub fn breaking(mut self, terms: breaker::Terms) -> Self {
        self.breaker_terms = terms;
        self
    }

    /// The same with others that are asked in the place of one that cannot issue. `None` when one is not among them.
    pub fn preferring(mut self, preference: Preference) -> Option<Self> {
        let is_there = |name: &AuthorityName| self.by_name.contains_key(name);
        if !is_there(&preference.default) || !preference.fallback.iter().all(is_there) {
            return None;
        }
        self.preference = preference;
        Some(self)
    }

    /// Makes what is measured visible in `registry`.
    pub fn register(&self, registry: &mut Registry) {
        self.meters.register(registry);
    }

    /// What each of them validates by.
    pub fn methods(&self) -> BTreeMap<AuthorityName, Methods> {
        self.by_name.iter().map(|(name, party)| (*name, party.driver.methods())).collect()
    }

    /// All of them as CAA records know them, the default first.
    pub fn issuers(&self) -> Vec<Issuer> {
        let default = self.preference.default;
        let first = self.by_name.get(&default).into_iter();
        let others = self.by_name.iter().filter(|(name, _)| **name != default);
        first.chain(others.map(|(_, party)| party)).map(|party| party.driver.issuer()).collect()
    }

    /// The CA with this name, or the default one, past its breaker; `None` when it is not configured (any more).
    pub(super) fn get(&self, name: Option<AuthorityName>) -> Option<&Arc<dyn Authority>> {
        self.by_name.get(&self.wanted(name)).map(|party| &party.driver)
    }

    /// The CA as CAA records know it.
    pub(super) fn issuer(&self, authority: AuthorityName) -> Option<Issuer> {
        self.by_name.get(&authority).map(|party| party.driver.issuer())
    }

    /// The CA that is wanted where `wanted` is what a hostname names.
    pub(super) fn wanted(&self, wanted: Option<AuthorityName>) -> AuthorityName {
        wanted.unwrap_or(self.preference.default)
    }

    /// The CAs that could issue what is wanted, in the order in which they are asked.
    pub(super) fn candidates(
        &self,
        wanted: Option<AuthorityName>,
        method: DcvMethod,
        names: &[CertName],
        now: Timestamp,
    ) -> Vec<Candidate> {
        let first = self.wanted(wanted);
        let candidate = |authority: AuthorityName| {
            let party = self.by_name.get(&authority)?;
            // The one that is wanted says itself what it cannot do.
            let fits = authority == first || party.driver.methods().fit_names(method, names);
            let admits_at = party.breaker().admits_at(now);
            fits.then_some(Candidate { authority, admits_at })
        };
        self.preference.order(wanted).into_iter().filter_map(candidate).collect()
    }

    /// Since when the CA has not answered; `None` while it is asked as usual.
    pub(super) fn down_since(&self, authority: AuthorityName) -> Option<Timestamp> {
        self.by_name.get(&authority).and_then(|party| party.breaker().down_since())
    }

    /// How often the CA may be asked.
    pub(super) fn limits(&self, authority: AuthorityName) -> Limits {
        self.by_name.get(&authority).map_or(Limits::NONE, |party| party.driver.limits())
    }

    /// A CA, to be asked; `None` when it is not configured (any more).
    pub(super) fn ask<'a>(
        &'a self,
        authority: AuthorityName,
        clock: &'a dyn Clock,
    ) -> Option<Asked<'a>> {
        let party = self.by_name.get(&authority)?;
        let (meters, terms) = (&self.meters, &self.breaker_terms);
        Some(Asked { authority, party, meters, terms, clock })
    }

    /// Whether it is time to look how many wait; true once for whoever asks first.
    pub(super) fn queues_are_stale(&self, now: Timestamp) -> bool {
        let mut noted_at = self.queues_noted_at.lock().unwrap_or_else(PoisonError::into_inner);
        let is_stale = noted_at.is_none_or(|at| now >= at + QUEUES_PERIOD);
        if is_stale {
            *noted_at = Some(now);
        }
        is_stale
    }

    /// Notes how many wait for each CA.
    pub(super) fn note_queues(&self, queues: &[QueueLength], now: Timestamp) {
        for authority in self.by_name.keys() {
            let queue = queues.iter().find(|queue| queue.authority == *authority);
            self.meters.note_queue(*authority, queue, now);
        }
    }
}

/// A CA that is being asked.
pub(super) struct Asked<'a> {
    authority: AuthorityName,
    party: &'a Party,
    meters: &'a Meters,
    terms: &'a breaker::Terms,
    clock: &'a dyn Clock,
}

impl Asked<'_> {
    pub(super) async fn place(&self, terms: &OrderTerms) -> Result<Order, AuthorityError> {
        let placed = self.through(self.party.driver.place(terms)).await;
        if placed.is_ok() {
            self.meters.note_order(self.authority);
        }
        placed
    }

    pub(super) async fn invite(
        &self,
        order: &Order,
        asking: &Asking,
    ) -> Result<(), AuthorityError> {
        // What is asked here are mail servers: it shows nothing of the CA.
        self.party.driver.invite(order, asking).await
    }

    pub(super) async fn tell(&self, order: &Order) -> Result<(), AuthorityError> {
        self.through(self.party.driver.tell(order)).await
    }

    pub(super) async fn poll(&self, order: &Order) -> Result<OrderStatus, AuthorityError> {
        self.judged(self.through(self.party.driver.poll(order)).await)
    }

    pub(super) async fn finalize(
        &self,
        order: &Order,
        csr_der: &[u8],
    ) -> Result<OrderStatus, AuthorityError> {
        self.judged(self.through(self.party.driver.finalize(order, csr_der)).await)
    }

    pub(super) async fn fetch(&self, order: &Order) -> Result<Vec<Box<[u8]>>, AuthorityError> {
        self.through(self.party.driver.fetch(order)).await
    }

    pub(super) async fn renewal_advice(
        &self,
        leaf_der: &[u8],
    ) -> Result<Option<Advice>, AuthorityError> {
        self.through(self.party.driver.renewal_advice(leaf_der)).await
    }

    /// Asks, unless the CA is to be left alone; and notes what that shows of it.
    async fn through<T>(
        &self,
        call: impl Future<Output = Result<T, AuthorityError>>,
    ) -> Result<T, AuthorityError> {
        let now = self.clock.now();
        {
            let mut breaker = self.party.breaker();
            let admits_at = breaker.admits_at(now);
            if admits_at > now {
                return Err(left_alone(self.authority, admits_at));
            }
            *breaker = breaker.asked(now);
        }
        let answer = call.await;
        let now = self.clock.now();
        let mut breaker = self.party.breaker();
        let before = *breaker;
        *breaker = before.observed(outcome(&answer, now), self.terms, now);
        self.meters.note_breaker(self.authority, &breaker);
        if before.as_str() != breaker.as_str() {
            let (authority, state) = (self.authority.as_str(), breaker.as_str());
            tracing::warn!(authority, state, until = %breaker.admits_at(now), "authority.breaker");
        }
        if let Err(why) = &answer {
            self.meters.note_failure(self.authority, failure_kind(why));
        }
        answer
    }

    /// Counts the verdicts against us.
    fn judged(
        &self,
        status: Result<OrderStatus, AuthorityError>,
    ) -> Result<OrderStatus, AuthorityError> {
        match &status {
            Ok(OrderStatus::Invalid(_)) => self.meters.note_failure(self.authority, "rejected"),
            Ok(OrderStatus::Forbidden(_)) => self.meters.note_failure(self.authority, "forbidden"),
            _ => {}
        }
        status
    }
}

fn left_alone(authority: AuthorityName, until: Timestamp) -> AuthorityError {
    let words = format!(
        "{} did not answer or asked for patience, and is left alone until {:02}:{:02}:{:02} UTC",
        authority.as_str(),
        until.hour(),
        until.minute(),
        until.second()
    );
    AuthorityError::Unreachable(Explanation::new(words))
}

/// What an answer shows of the CA.
fn outcome<T>(answer: &Result<T, AuthorityError>, now: Timestamp) -> Outcome {
    match answer {
        Err(AuthorityError::Unreachable(_) | AuthorityError::Account(_)) => Outcome::Failed,
        Err(AuthorityError::RateLimited { scope: LimitScope::Account, retry_after, .. }) => {
            Outcome::Paused(now + retry_after.unwrap_or(PAUSE_UNSAID))
        }
        Err(
            AuthorityError::RateLimited { scope: LimitScope::Names, .. }
            | AuthorityError::Refused(_)
            | AuthorityError::Forbidden(_)
            | AuthorityError::NotReplaceable(_)
            | AuthorityError::OrderGone,
        )
        | Ok(_) => Outcome::Answered,
    }
}

/// Its name in metrics.
fn failure_kind(why: &AuthorityError) -> &'static str {
    match why {
        AuthorityError::RateLimited { .. } => "rate_limited",
        AuthorityError::Refused(_) => "refused",
        AuthorityError::Forbidden(_) => "forbidden",
        AuthorityError::NotReplaceable(_) => "not_replaceable",
        AuthorityError::OrderGone => "order_gone",
        AuthorityError::Unreachable(_) => "unreachable",
        AuthorityError::Account(_) => "account",
    }
}

/// What is counted of each CA. Clones count together.
#[derive(Clone, Default)]
struct Meters {
    orders: Family<Label, Counter>,
    failures: Family<FailureLabel, Counter>,
    breaker: Family<Label, Gauge>,
    queue: Family<Label, Gauge>,
    queue_seconds: Family<Label, Gauge>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Label {
    authority: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct FailureLabel {
    authority: &'static str,
    kind: &'static str,
}

impl Meters {
    /// Everything is there from the start, at 0.
    fn of(authorities: impl Iterator<Item = AuthorityName>) -> Self {
        let meters = Self::default();
        for authority in authorities {
            let label = Label { authority: authority.as_str() };
            let _: u64 = meters.orders.get_or_create(&label).get();
            meters.note_breaker(authority, &Breaker::default());
            meters.queue.get_or_create(&label).set(0);
            meters.queue_seconds.get_or_create(&label).set(0);
        }
        meters
    }

    fn register(&self, registry: &mut Registry) {
        registry.register(
            "authority_orders",
            "Orders placed at certificate authorities",
            self.orders.clone(),
        );
        registry.register(
            "authority_failures",
            "Calls to certificate authorities, and orders there, that failed, by kind",
            self.failures.clone(),
        );
        registry.register(
            "authority_breaker",
            "Whether a certificate authority is asked: 0 as usual, 1 for a trial, 2 not at all",
            self.breaker.clone(),
        );
        registry.register(
            "authority_queue",
            "Certificates that wait for their turn within the limits of a certificate authority",
            self.queue.clone(),
        );
        registry.register(
            "authority_queue_seconds",
            "Until the last of those that wait expects its turn",
            self.queue_seconds.clone(),
        );
    }

    fn note_order(&self, authority: AuthorityName) {
        self.orders.get_or_create(&Label { authority: authority.as_str() }).inc();
    }

    fn note_failure(&self, authority: AuthorityName, kind: &'static str) {
        let label = FailureLabel { authority: authority.as_str(), kind };
        self.failures.get_or_create(&label).inc();
    }

    fn note_breaker(&self, authority: AuthorityName, breaker: &Breaker) {
        let value = match breaker {
            Breaker::Closed { .. } => 0,
            Breaker::HalfOpen { .. } => 1,
            Breaker::Open { .. } => 2,
        };
        self.breaker.get_or_create(&Label { authority: authority.as_str() }).set(value);
    }

    fn note_queue(&self, authority: AuthorityName, queue: Option<&QueueLength>, now: Timestamp) {
        let label = Label { authority: authority.as_str() };
        let waiting = queue.map_or(0, |queue| i64::try_from(queue.waiting).unwrap_or(i64::MAX));
        let seconds = queue.map_or(0, |queue| (queue.longest_until - now).whole_seconds().max(0));
        self.queue.get_or_create(&label).set(waiting);
        self.queue_seconds.get_or_create(&label).set(seconds);
    }
}
