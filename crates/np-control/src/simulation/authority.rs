//! A CA that signs for real, has published limits, counts who exceeds them, and fails as CAs do: an outage, refused nonces, and
//! now and then an order that it has lost or a proof that it does not accept.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use np_domain::{
    Timestamp,
    authority::pacing,
    certificate::{
        Actor, AuthorityName, CertName, Control, ControlProof, DcvMethod, Order, Problem,
        renewal::{Advice, Suggestion},
    },
    ports::{Authority, AuthorityError, Clock, LimitScope, OrderStatus, OrderTerms},
    text::Explanation,
};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DnType, IsCa, Issuer,
    KeyPair,
};
use time::Duration;

use super::{
    customers::Customers,
    plan::{MAIN, Plan},
    time::{WorldClock, may_die, throw},
};

/// A CA forgets an order that nobody finishes within this.
const ORDER_LIFE: Duration = Duration::days(7);
/// Certificates begin this long before they are signed, as those of public CAs do.
pub(super) const BACKDATED: Duration = Duration::hours(1);
/// It wants to be asked so often when to renew.
const ASK_AFTER: std::time::Duration = std::time::Duration::from_secs(12 * 3600);
/// Old orders are forgotten each time so many were placed.
const FORGET_EVERY: u64 = 512;
/// Of the calls that fail by themselves, one in so many loses the order.
const LOST_ODDS: u32 = 20;
/// Of the proofs that are there, one in so many is not accepted: the CA looks from several networks.
const REJECT_ODDS: u32 = 200;

/// The published limits of a CA, each so many in a time.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// New orders of one account; the count comes back evenly over the time.
    pub orders: (u32, Duration),
    /// Validations of one name that failed.
    pub failures: (u32, Duration),
    /// Certificates for exactly the same names.
    pub duplicates: (u32, Duration),
    /// Certificates for one registered domain, renewals that name what they replace aside.
    pub per_domain: Option<(u32, Duration)>,
}

/// Let's Encrypt's, as published on 2026-08-05.
pub const LETS_ENCRYPT: Limits = Limits {
    orders: (300, Duration::hours(3)),
    failures: (5, Duration::hours(1)),
    duplicates: (5, Duration::days(7)),
    per_domain: Some((50, Duration::days(7))),
};
/// Smaller ones for the CA that steps in: no page says Google's.
pub const SMALL: Limits = Limits {
    orders: (100, Duration::hours(1)),
    failures: (5, Duration::hours(1)),
    duplicates: (5, Duration::days(7)),
    per_domain: None,
};

/// What a CA saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Orders placed.
    pub orders: u64,
    /// Certificates signed.
    pub signed: u64,
    /// Proofs that it did not see, or did not accept.
    pub rejected: u64,
    /// Calls that it failed by itself.
    pub failures: u64,
    /// Orders placed beyond the limit of new orders.
    pub too_many_orders: u64,
    /// Validations begun for a name beyond the limit of failed ones.
    pub too_many_failures: u64,
    /// Certificates asked for beyond the limit of those with the same names.
    pub too_many_duplicates: u64,
    /// Certificates asked for beyond the limit of those for a domain.
    pub too_many_of_domain: u64,
}

impl Tally {
    /// How often a limit was exceeded.
    pub fn violations(&self) -> u64 {
        let Self { too_many_orders, too_many_failures, .. } = self;
        too_many_orders + too_many_failures + self.too_many_duplicates + self.too_many_of_domain
    }
}

/// The CA.
pub struct SimulatedAuthority {
    name: AuthorityName,
    limits: Limits,
    plan: Plan,
    clock: WorldClock,
    customers: Arc<Customers>,
    issuer: Issuer<'static, KeyPair>,
    root: Box<[u8]>,
    memory: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    orders: HashMap<Box<str>, Kept>,
    /// New orders that may be placed at once, as of then.
    allowance: Option<(f64, Timestamp)>,
    failed: HashMap<Box<str>, VecDeque<Timestamp>>,
    signed: HashMap<Box<str>, VecDeque<Timestamp>>,
    signed_of_domain: HashMap<Box<str>, VecDeque<Timestamp>>,
    /// When which leaf was signed; only in a simulation in which it is asked.
    leaves: HashMap<Box<[u8]>, Timestamp>,
    tally: Tally,
}

/// An order as the CA keeps it.
struct Kept {
    at: At,
    names: Vec<CertName>,
    is_renewal: bool,
    placed_at: Timestamp,
}

enum At {
    Pending,
    Ready,
    Invalid(Explanation),
    Valid(Box<[u8]>),
}

impl SimulatedAuthority {
    /// A CA without any memory.
    ///
    /// # Errors
    /// When the system gives no randomness for its key.
    pub fn new(
        name: AuthorityName,
        limits: Limits,
        plan: &Plan,
        clock: WorldClock,
        customers: Arc<Customers>,
    ) -> Result<Self, rcgen::Error> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, format!("Simulated {}", name.as_str()));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate()?;
        let root = params.self_signed(&key)?.der().to_vec().into_boxed_slice();
        let issuer = Issuer::new(params, key);
        let (plan, memory) = (plan.clone(), Mutex::default());
        Ok(Self { name, limits, plan, clock, customers, issuer, root, memory })
    }

    /// What it saw so far.
    pub fn tally(&self) -> Tally {
        self.memory().tally
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call reaches it, or fails, or the caller dies.
    async fn reached(&self) -> Result<Timestamp, AuthorityError> {
        may_die().await;
        let now = self.clock.now();
        if self.name == MAIN && self.plan.is_main_away(now) {
            return Err(AuthorityError::Unreachable(Explanation::new("connection refused")));
        }
        if throw(|chance| chance.one_in(self.plan.failure_odds)).unwrap_or(false) {
            self.memory().tally.failures += 1;
            let is_lost = throw(|chance| chance.one_in(LOST_ODDS)).unwrap_or(false);
            return Err(match is_lost {
                true => AuthorityError::OrderGone,
                false => AuthorityError::Unreachable(Explanation::new("badNonce, again and again")),
            });
        }
        Ok(now)
    }

    /// Looks at the proof as the CA would.
    fn sees(&self, control: &Control, now: Timestamp) -> Result<(), Explanation> {
        let host = control.name.base();
        let is_there = match &control.proof {
            ControlProof::Http { path, body } => self
                .customers
                .shows_body(host, path.as_str(), now)
                .is_some_and(|seen| seen == body.as_str()),
            ControlProof::Txt { name, value } => {
                self.customers.values(name.as_str(), now).is_ok_and(|values| values.contains(value))
            }
            ControlProof::Email { .. } | ControlProof::Cname { .. } => false,
        };
        match is_there {
            true if throw(|chance| chance.one_in(REJECT_ODDS)).unwrap_or(false) => {
                Err(Explanation::new(format!("{host}: not seen from one of several networks")))
            }
            true => Ok(()),
            false => Err(Explanation::new(format!("{host}: the proof is not there"))),
        }
    }
}

impl Memory {
    /// Takes one of the allowance for new orders; how long to wait when there is none.
    fn take_order(
        &mut self,
        limit: (u32, Duration),
        now: Timestamp,
    ) -> Result<(), std::time::Duration> {
        let (most, per_second) =
            (f64::from(limit.0), f64::from(limit.0) / limit.1.as_seconds_f64());
        let (left, at) = self.allowance.unwrap_or((most, now));
        let passed = (now - at).as_seconds_f64().max(0.0);
        let left = (left + passed * per_second).min(most);
        if left < 1.0 {
            self.allowance = Some((left, now.max(at)));
            return Err(std::time::Duration::from_secs_f64((1.0 - left) / per_second));
        }
        self.allowance = Some((left - 1.0, now.max(at)));
        Ok(())
    }

    fn forget_old(&mut self, now: Timestamp) {
        if self.tally.orders.is_multiple_of(FORGET_EVERY) {
            self.orders.retain(|_, kept| kept.placed_at + ORDER_LIFE > now);
        }
    }

    fn kept(&mut self, order: &Order, now: Timestamp) -> Result<&mut Kept, AuthorityError> {
        let kept = self.orders.get_mut(order.url.as_str());
        kept.filter(|kept| kept.placed_at + ORDER_LIFE > now).ok_or(AuthorityError::OrderGone)
    }
}

/// Notes that something happened; whether it is beyond the limit.
fn note(
    times: &mut HashMap<Box<str>, VecDeque<Timestamp>>,
    what: &str,
    limit: (u32, Duration),
    now: Timestamp,
) -> bool {
    let times = times.entry(what.into()).or_default();
    while times.front().is_some_and(|first| *first + limit.1 <= now) {
        times.pop_front();
    }
    times.push_back(now);
    times.len() > limit.0 as usize
}

fn proof(method: DcvMethod, name: &CertName, number: u64, position: usize) -> ControlProof {
    let token = format!("token-{number}-{position}");
    match method {
        DcvMethod::Http => ControlProof::Http {
            path: Explanation::new(format!("/.well-known/acme-challenge/{token}")),
            body: Explanation::new(format!("{token}.thumbprint")),
        },
        // No customer of the simulation chooses another one.
        DcvMethod::Txt | DcvMethod::Email | DcvMethod::Cname => ControlProof::Txt {
            name: name.base().acme_challenge(),
            value: Explanation::new(format!("digest-{number}-{position}")),
        },
    }
}

fn set_of(names: &[CertName]) -> String {
    names.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

#[async_trait]
impl Authority for SimulatedAuthority {
    fn name(&self) -> AuthorityName {
        self.name
    }

    /// What is published. All but orders is counted here in any stretch of the time, not by a bucket: half a bucket is what
    /// never exceeds that.
    fn limits(&self) -> pacing::Limits {
        let limit = |count: u32, per: Duration| pacing::Limit::new(count, per.unsigned_abs());
        let half = |(count, per): (u32, Duration)| limit((count / 2).max(1), per);
        pacing::Limits {
            orders: limit(self.limits.orders.0, self.limits.orders.1),
            per_domain: self.limits.per_domain.and_then(half),
            per_name_set: half(self.limits.duplicates),
            failures_per_name: half(self.limits.failures),
        }
    }

    async fn place(&self, terms: &OrderTerms) -> Result<Order, AuthorityError> {
        let now = self.reached().await?;
        let order = {
            let mut memory = self.memory();
            // A renewal that names what it replaces is outside of the limits, as Let's Encrypt has it.
            if terms.replaces.is_none()
                && let Err(wait) = memory.take_order(self.limits.orders, now)
            {
                memory.tally.too_many_orders += 1;
                return Err(AuthorityError::RateLimited {
                    scope: LimitScope::Account,
                    retry_after: Some(wait),
                    message: Explanation::new("too many new orders recently"),
                });
            }
            memory.tally.orders += 1;
            let number = memory.tally.orders;
            memory.forget_old(now);
            let url = format!("order/{number}");
            let kept = Kept {
                at: At::Pending,
                names: terms.names.clone(),
                is_renewal: terms.replaces.is_some(),
                placed_at: now,
            };
            memory.orders.insert(url.as_str().into(), kept);
            let controls = terms.names.iter().enumerate().map(|(position, name)| Control {
                name: name.clone(),
                proof: proof(terms.method, name, number, position),
                satisfied: false,
            });
            Order {
                authority: self.name,
                url: Explanation::new(url),
                key_type: terms.key_type,
                controls: controls.collect(),
                expires_at: Some(now + ORDER_LIFE),
                is_renewal: terms.replaces.is_some(),
            }
        };
        may_die().await;
        Ok(order)
    }

    async fn tell(&self, order: &Order) -> Result<(), AuthorityError> {
        let now = self.reached().await?;
        let verdict = order.controls.iter().try_for_each(|control| self.sees(control, now));
        {
            let mut memory = self.memory();
            let kept = memory.kept(order, now)?;
            if !matches!(kept.at, At::Pending) {
                return Ok(());
            }
            kept.at = match &verdict {
                Ok(()) => At::Ready,
                Err(why) => At::Invalid(why.clone()),
            };
            if verdict.is_err() {
                memory.tally.rejected += 1;
                let names = order.controls.iter().map(|control| control.name.base().as_str());
                for name in names.collect::<std::collections::BTreeSet<_>>() {
                    if note(&mut memory.failed, name, self.limits.failures, now) {
                        memory.tally.too_many_failures += 1;
                    }
                }
            }
        }
        may_die().await;
        Ok(())
    }

    async fn poll(&self, order: &Order) -> Result<OrderStatus, AuthorityError> {
        let now = self.reached().await?;
        let mut memory = self.memory();
        Ok(match &memory.kept(order, now)?.at {
            At::Pending => OrderStatus::Pending,
            At::Ready => OrderStatus::Ready,
            At::Valid(_) => OrderStatus::Valid,
            At::Invalid(why) => {
                OrderStatus::Invalid(vec![Problem { actor: Actor::Customer, message: why.clone() }])
            }
        })
    }

    async fn finalize(&self, order: &Order, csr_der: &[u8]) -> Result<OrderStatus, AuthorityError> {
        let status = self.poll(order).await?;
        if status != OrderStatus::Ready {
            return Ok(status);
        }
        let now = self.clock.now();
        let refuse = |why: rcgen::Error| {
            AuthorityError::Refused(Problem {
                actor: Actor::Provider,
                message: Explanation::new(why.to_string()),
            })
        };
        let mut request =
            CertificateSigningRequestParams::from_der(&csr_der.into()).map_err(refuse)?;
        request.params.not_before = now - BACKDATED;
        request.params.not_after = now - BACKDATED + self.plan.life - Duration::SECOND;
        let leaf = request.signed_by(&self.issuer).map_err(refuse)?;
        {
            let mut memory = self.memory();
            let kept = memory.kept(order, now)?;
            kept.at = At::Valid(leaf.der().to_vec().into_boxed_slice());
            let names = set_of(&kept.names);
            let domain = kept.names.first().map(|name| name.base().registrable().to_string());
            let counts = !kept.is_renewal;
            memory.tally.signed += 1;
            if self.plan.recall.is_some() {
                memory.leaves.insert(leaf.der().to_vec().into_boxed_slice(), now);
            }
            if let (true, Some(limit), Some(domain)) = (counts, self.limits.per_domain, domain)
                && note(&mut memory.signed_of_domain, &domain, limit, now)
            {
                memory.tally.too_many_of_domain += 1;
            }
            if note(&mut memory.signed, &names, self.limits.duplicates, now) {
                memory.tally.too_many_duplicates += 1;
            }
        }
        may_die().await;
        Ok(OrderStatus::Valid)
    }

    async fn fetch(&self, order: &Order) -> Result<Vec<Box<[u8]>>, AuthorityError> {
        let now = self.reached().await?;
        let chain = match &self.memory().kept(order, now)?.at {
            At::Valid(leaf) => vec![leaf.clone(), self.root.clone()],
            _ => return Err(AuthorityError::OrderGone),
        };
        may_die().await;
        Ok(chain)
    }

    /// What it has issued before a recall is to be renewed at once, all else around the day when two thirds of its life are over.
    async fn renewal_advice(&self, leaf_der: &[u8]) -> Result<Option<Advice>, AuthorityError> {
        let Some(recall) = self.plan.recall else { return Ok(None) };
        let now = self.reached().await?;
        let Some(signed_at) = self.memory().leaves.get(leaf_der).copied() else { return Ok(None) };
        let at = match signed_at < recall && recall <= now {
            true => recall - Duration::DAY,
            false => signed_at + self.plan.life * 2 / 3,
        };
        let (start, end) = (at - Duration::DAY, at + Duration::DAY);
        let suggestion = Suggestion { start, end, explanation: None };
        Ok(Some(Advice { suggestion, ask_after: Some(ASK_AFTER) }))
    }
}
