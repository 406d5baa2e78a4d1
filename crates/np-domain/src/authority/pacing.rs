//! How often a CA may be asked: token buckets for its published limits, as functions of a given time.
//!
//! A bucket is one moment (GCRA): when it will be full again. An order takes from all buckets that concern it, or from none;
//! one that finds too little waits, and is told when it will find enough. The store keeps the moments, so that all
//! control processes spend the same budget.

use std::{fmt, time::Duration};

use crate::{
    Timestamp,
    certificate::{CertName, Order},
    name::{DnsName, Hostname},
};

/// How much later than the first of a row of orders we count them from, because the CA counts from when it hears of one, and
/// clocks of processes differ.
pub const SLACK: Duration = Duration::from_secs(5);

/// One that waits with others ahead does not look more often than this.
const LOOK_DELAY_MIN: Duration = Duration::from_secs(1);

/// So many within a time, refilled evenly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    count: u32,
    per: Duration,
}

impl Limit {
    /// `None` for a limit that would allow nothing, or anything.
    pub const fn new(count: u32, per: Duration) -> Option<Self> {
        if count == 0 || per.is_zero() { None } else { Some(Self { count, per }) }
    }

    /// How many.
    pub fn count(self) -> u32 {
        self.count
    }

    /// Within which time.
    pub fn per(self) -> Duration {
        self.per
    }

    /// The time in which one comes back.
    pub fn interval(self) -> Duration {
        self.per / self.count
    }

    /// When `units` can be taken from a bucket that is full again at `full_at`, while `ahead` are taken before.
    pub fn available_at(
        self,
        full_at: Timestamp,
        ahead: u32,
        units: u32,
        now: Timestamp,
    ) -> Timestamp {
        let wanted = self.interval().saturating_mul(ahead.saturating_add(units));
        (full_at.max(now) + wanted - self.per).max(now)
    }

    /// When the bucket is full again once `units` were taken at `now`.
    pub fn taken(self, full_at: Timestamp, units: u32, now: Timestamp) -> Timestamp {
        let from = if full_at > now { full_at } else { now + SLACK };
        from + self.interval().saturating_mul(units)
    }

    /// The same once `units` were given back, of an order that turned out not to count.
    pub fn given_back(self, full_at: Timestamp, units: u32) -> Timestamp {
        full_at - self.interval().saturating_mul(units)
    }
}

/// The limits of an account at a CA. `None`: as many as one likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// New orders.
    pub orders: Option<Limit>,
    /// Certificates for one registered domain and what is below it.
    pub per_domain: Option<Limit>,
    /// Certificates for exactly the same names.
    pub per_name_set: Option<Limit>,
    /// Failed validations of one name.
    pub failures_per_name: Option<Limit>,
}

const HOUR: Duration = Duration::from_secs(3600);
const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

impl Limits {
    /// None at all.
    pub const NONE: Self =
        Self { orders: None, per_domain: None, per_name_set: None, failures_per_name: None };

    /// What Let's Encrypt publishes (peers.md 1.4). A renewal that names what it replaces (RFC 9773) is exempt.
    pub const LETS_ENCRYPT: Self = Self {
        orders: Limit::new(300, Duration::from_secs(3 * 3600)),
        per_domain: Limit::new(50, WEEK),
        per_name_set: Limit::new(5, WEEK),
        failures_per_name: Limit::new(5, HOUR),
    };

    /// What an order for these names takes. A try after one that failed also takes from what such tries may take together,
    /// which is half of all, so that failures leave room for what is asked for the first time. CAs count certificates when
    /// they issue them, and refuse orders for more: for these there must be room, which is taken later.
    pub fn of_order(&self, names: &[CertName], tried: Tried) -> Vec<Charge> {
        let mut charges = Vec::new();
        charges.extend(one(Budget::Orders, self.orders));
        if tried == Tried::Before {
            charges.extend(one(Budget::Retries, self.orders.and_then(half)));
        }
        let later = self.of_certificate(names).into_iter();
        charges.extend(later.map(|charge| Charge { spend: Spend::Later, ..charge }));
        charges
    }

    /// What a certificate for these names takes.
    pub fn of_certificate(&self, names: &[CertName]) -> Vec<Charge> {
        let mut domains: Vec<_> = names.iter().map(|name| name.base().registrable()).collect();
        domains.sort_unstable_by(|a, b| a.as_str().cmp(b.as_str()));
        domains.dedup();
        let domains = domains.into_iter().filter_map(|d| one(Budget::Domain(d), self.per_domain));
        let mut names = names.to_vec();
        names.sort_unstable();
        domains.chain(one(Budget::NameSet(names), self.per_name_set)).collect()
    }

    /// What telling the CA to look takes, until it has accepted: a validation each that may fail.
    pub fn of_validation(&self, order: &Order) -> Vec<Charge> {
        let Some(limit) = self.failures_per_name else { return Vec::new() };
        let mut charges = Vec::<Charge>::new();
        for control in order.controls.iter().filter(|control| !control.satisfied) {
            let budget = Budget::Failures(control.name.base().clone());
            match charges.iter_mut().find(|charge| charge.budget == budget) {
                Some(charge) => charge.units = (charge.units + 1).min(limit.count),
                None => charges.extend(one(budget, Some(limit))),
            }
        }
        charges
    }
}

fn one(budget: Budget, limit: Option<Limit>) -> Option<Charge> {
    limit.map(|limit| Charge { budget, limit, units: 1, spend: Spend::Now })
}

/// Half as many in the same time, and at least one.
fn half(limit: Limit) -> Option<Limit> {
    Limit::new((limit.count / 2).max(1), limit.per)
}

/// Whether an order is the first that is tried for what is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tried {
    /// One was placed before and was lost.
    Before,
    /// It is the first.
    Never,
}

/// A bucket of a CA.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Budget {
    /// Validations of the name that fail.
    Failures(Hostname),
    /// Certificates for the registered domain.
    Domain(DnsName),
    /// Certificates for exactly these names, which are in order.
    NameSet(Vec<CertName>),
    /// Orders of the account.
    Orders,
    /// Orders of the account after one that was lost.
    Retries,
}

/// The kind of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BudgetKind {
    /// Of [`Budget::Failures`].
    Failures,
    /// Of [`Budget::Domain`].
    Domain,
    /// Of [`Budget::NameSet`].
    NameSet,
    /// Of [`Budget::Orders`].
    Orders,
    /// Of [`Budget::Retries`].
    Retries,
}

impl BudgetKind {
    /// All kinds, with the word that store and API use.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::Failures, "failed_validations"),
        (Self::Domain, "domain"),
        (Self::NameSet, "name_set"),
        (Self::Orders, "orders"),
        (Self::Retries, "retries"),
    ];

    /// The word.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, word)| word)
    }

    /// The kind with that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == word).map(|(kind, _)| *kind)
    }

    /// What it counts, for people.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Failures => "failed validations of a name",
            Self::Domain => "certificates for one registered domain",
            Self::NameSet => "certificates for the same names",
            Self::Orders => "new orders",
            Self::Retries => "new orders after failed ones, which get half of all",
        }
    }
}

impl Budget {
    /// Its kind.
    pub fn kind(&self) -> BudgetKind {
        match self {
            Self::Failures(_) => BudgetKind::Failures,
            Self::Domain(_) => BudgetKind::Domain,
            Self::NameSet(_) => BudgetKind::NameSet,
            Self::Orders => BudgetKind::Orders,
            Self::Retries => BudgetKind::Retries,
        }
    }
}

/// The kind, and whose bucket it is.
impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind().as_str())?;
        match self {
            Self::Failures(name) => write!(f, "/{name}"),
            Self::Domain(name) => write!(f, "/{name}"),
            Self::NameSet(names) => names.iter().try_for_each(|name| write!(f, "/{name}")),
            Self::Orders | Self::Retries => Ok(()),
        }
    }
}

/// What is taken from one bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// The bucket.
    pub budget: Budget,
    /// Its limit.
    pub limit: Limit,
    /// How many.
    pub units: u32,
    /// When.
    pub spend: Spend,
}

/// When a charge is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spend {
    /// There must be room for it, but it is taken with a later wish.
    Later,
    /// With this wish.
    Now,
}

/// Whether what was taken at `taken_at` may be given back: not once the bucket could have been full in between, which would
/// have made good for it already.
pub fn may_be_given_back(limit: Limit, taken_at: Timestamp, now: Timestamp) -> bool {
    now < taken_at + limit.interval()
}

/// The place in a queue of one that comes now: zones take turns, so that who has many queued does not keep others waiting.
/// `served` is the turn that was served last, `last_of_zone` the last turn that the zone has in the queue.
pub fn turn(served: i64, last_of_zone: Option<i64>) -> i64 {
    last_of_zone.map_or(served, |last| served.max(last.saturating_add(1)))
}

/// When one that waits looks again: who is next when it expects its turn; others sooner than that, because those ahead may
/// give up, but seldom while there is long to wait.
pub fn look_at(expected_at: Timestamp, ahead: u32, now: Timestamp) -> Timestamp {
    let wait: time::Duration = expected_at - now;
    let most = wait.max(time::Duration::ZERO).unsigned_abs();
    let part = (most * 3 / 4).max(LOOK_DELAY_MIN.min(most));
    if ahead == 0 { expected_at } else { now + part }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: Timestamp = datetime!(2026-11-30 12:00 UTC);
    const LONG_AGO: Timestamp = datetime!(2020-01-01 0:00 UTC);

    fn limit(count: u32, seconds: u64) -> Limit {
        Limit::new(count, Duration::from_secs(seconds)).expect("a limit")
    }

    fn seconds(at: Timestamp) -> i64 {
        (at - NOW).whole_seconds()
    }

    #[test]
    fn a_bucket_gives_its_burst_and_then_one_each_interval() {
        let limit = limit(3, 30);
        let mut full_at = LONG_AGO;
        let mut given = Vec::new();
        let mut now = NOW;
        for _ in 0..6 {
            now = limit.available_at(full_at, 0, 1, now);
            given.push(seconds(now));
            full_at = limit.taken(full_at, 1, now);
        }
        // The last of the burst waits for the slack.
        assert_eq!(given, [0, 0, 5, 15, 25, 35]);
    }

    #[test]
    fn who_has_others_ahead_expects_a_later_turn() {
        let limit = limit(2, 20);
        for (ahead, units, full_at, expected) in [
            (0, 1, LONG_AGO, 0),
            (1, 1, LONG_AGO, 0),
            (2, 1, LONG_AGO, 10),
            (9, 1, LONG_AGO, 80),
            (0, 2, LONG_AGO, 0),
            (1, 2, LONG_AGO, 10),
            (0, 1, NOW + Duration::from_secs(20), 10),
            (3, 1, NOW + Duration::from_secs(20), 40),
        ] {
            let at = limit.available_at(full_at, ahead, units, NOW);
            assert_eq!(seconds(at), expected, "{ahead} ahead, {units} wanted");
        }
    }

    #[test]
    fn what_is_given_back_can_be_taken_again() {
        let limit = limit(1, 60);
        let full_at = limit.taken(LONG_AGO, 1, NOW);
        assert_eq!(seconds(limit.available_at(full_at, 0, 1, NOW)), 65);
        assert_eq!(limit.available_at(limit.given_back(full_at, 1), 0, 1, NOW), NOW + SLACK);
        assert!(may_be_given_back(limit, NOW, NOW + Duration::from_secs(59)));
        assert!(!may_be_given_back(limit, NOW, NOW + Duration::from_secs(60)));
    }

    /// Whatever the rhythm, a CA that counts with the same bucket and hears of each order up to the slack later refuses none.
    #[test]
    fn a_ca_with_the_same_bucket_refuses_nothing_however_late_it_hears_of_orders() {
        for (count, per) in [(1, 60), (2, 10), (5, 3600), (300, 10_800)] {
            let limit = limit(count, per);
            let interval = time::Duration::try_from(limit.interval()).expect("short");
            let (mut ours, mut theirs, mut now, mut last_heard) = (LONG_AGO, LONG_AGO, NOW, NOW);
            for n in 0..2000_u64 {
                now = limit.available_at(ours, 0, 1, now);
                ours = limit.taken(ours, 1, now);
                // Between at once and the slack, in an order of its own.
                let late = Duration::from_millis(n * 7919 % 5000);
                last_heard = (now + late).max(last_heard);
                let room = last_heard.max(theirs) + interval - last_heard;
                assert!(room <= time::Duration::seconds(per as i64), "{count} per {per} s, {n}");
                theirs = theirs.max(last_heard) + interval;
                // Now and then there is nothing to order.
                if n % 97 == 0 {
                    now += interval * 3;
                }
            }
        }
    }

    fn names(texts: &[&str]) -> Vec<CertName> {
        texts.iter().map(|text| text.parse().expect(text)).collect()
    }

    #[test]
    fn an_order_takes_from_the_account_its_domains_and_its_names() {
        let limits = Limits::LETS_ENCRYPT;
        let texts = |charges: Vec<Charge>| {
            let text = |c: &Charge| format!("{} {} {:?}", c.budget, c.limit.count, c.spend);
            charges.iter().map(text).collect::<Vec<_>>()
        };
        let wanted = names(&["b.customer.com", "*.b.customer.com", "a.other.co.uk"]);
        assert_eq!(
            texts(limits.of_order(&wanted, Tried::Never)),
            [
                "orders 300 Now",
                "domain/customer.com 50 Later",
                "domain/other.co.uk 50 Later",
                "name_set/a.other.co.uk/b.customer.com/*.b.customer.com 5 Later"
            ]
        );
        let again = limits.of_order(&names(&["a.customer.com"]), Tried::Before);
        assert_eq!(
            texts(again),
            [
                "orders 300 Now",
                "retries 150 Now",
                "domain/customer.com 50 Later",
                "name_set/a.customer.com 5 Later"
            ]
        );
        assert_eq!(
            texts(limits.of_certificate(&names(&["a.customer.com"]))),
            ["domain/customer.com 50 Now", "name_set/a.customer.com 5 Now"]
        );
        assert_eq!(Limits::NONE.of_order(&wanted, Tried::Before), []);
    }

    #[test]
    fn zones_take_turns_and_a_new_one_does_not_catch_up() {
        for (served, last_of_zone, expected) in
            [(0, None, 0), (7, None, 7), (7, Some(7), 8), (7, Some(40), 41), (7, Some(3), 7)]
        {
            assert_eq!(turn(served, last_of_zone), expected);
        }
    }

    #[test]
    fn the_next_looks_at_its_turn_and_others_sooner() {
        let at = NOW + Duration::from_secs(400);
        assert_eq!(look_at(at, 0, NOW), at);
        assert_eq!(seconds(look_at(at, 5, NOW)), 300);
        assert_eq!(
            look_at(NOW + Duration::from_millis(100), 5, NOW),
            NOW + Duration::from_millis(100)
        );
    }

    #[test]
    fn every_kind_of_budget_has_a_word() {
        for (kind, word) in BudgetKind::ALL {
            assert_eq!(BudgetKind::parse(word), Some(kind));
            assert_eq!(kind.as_str(), word);
        }
    }
}
