//! The customers: what their DNS and their web servers show at a moment, to us and to CAs.
//!
//! Most names lead here, so that our edges answer CAs' looks at port 80. Some delegate the challenge's TXT record, and
//! some place it by hand, days later. DNS of some breaks, again and again, and heals.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use np_domain::{
    Timestamp,
    caa::Caa,
    certificate::DcvMethod,
    entry::{Entry, HttpToken},
    id::HostnameId,
    name::{DnsName, Hostname},
    ownership::Seen,
    ports::{
        Clock, HttpProbe, LookupFailure, ProbeFailure, ProbeReply, ProbeRequest, Resolver,
        TxtAnswer,
    },
    text::Explanation,
};
use time::Duration;

use super::{
    chance::Chance,
    plan::{Plan, START},
    time::{WorldClock, may_die},
};

/// What customers' names lead to.
pub(super) const TARGET: &str = "customers.provider.com";
/// Where our edges are.
const EDGE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 80);
/// Who answers DNS.
const SERVER: &str = "192.0.2.53:53";
/// What stands before a name that a CA looks at.
const CHALLENGE: &str = "_acme-challenge.";
/// A customer who places records by hand does so within this.
const BY_HAND_MAX: Duration = Duration::days(3);

/// How a customer's DNS may be broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The name is gone.
    Gone,
    /// The servers fail.
    ServerFailure,
    /// The name leads to somebody else.
    Elsewhere,
}

/// How control is shown to CAs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrangement {
    /// The name leads here.
    Pointing,
    /// `_acme-challenge` is a CNAME into our DNS.
    Delegated,
    /// The TXT record is placed by hand, this long after it is shown.
    ByHand(Duration),
}

impl Arrangement {
    /// The method that the provider chooses for it.
    pub fn method(self) -> DcvMethod {
        match self {
            Self::Pointing => DcvMethod::Http,
            Self::Delegated | Self::ByHand(_) => DcvMethod::Txt,
        }
    }

    /// How long the customer takes.
    pub fn delay(self) -> Duration {
        match self {
            Self::Pointing | Self::Delegated => Duration::ZERO,
            Self::ByHand(delay) => delay,
        }
    }
}

/// A customer with one hostname.
pub struct Customer {
    /// The hostname.
    pub id: HostnameId,
    /// Its name.
    pub name: Hostname,
    /// When it is added.
    pub added_at: Timestamp,
    /// How control is shown.
    pub arrangement: Arrangement,
    /// When its DNS is broken, and how; in order, none within another.
    pub broken: Vec<(Timestamp, Timestamp, Fault)>,
    /// What our nodes show for it.
    shown: Mutex<Shown>,
}

/// What our nodes show for a hostname.
#[derive(Default)]
struct Shown {
    tokens: Vec<HttpToken>,
    txt: Vec<Explanation>,
    /// Since when the customer could have copied `txt`.
    txt_since: Option<Timestamp>,
}

impl Customer {
    fn draw(plan: &Plan, number: u32) -> Self {
        let mut chance = Chance::new(plan.seed, u64::from(number) + 1);
        let step = plan.onboarding / plan.hostnames.max(1);
        let added_at = START + step * number;
        let arrangement = match chance.below(100) {
            0..75 => Arrangement::Pointing,
            75..97 => Arrangement::Delegated,
            _ => Arrangement::ByHand(chance.between(Duration::minutes(10), BY_HAND_MAX)),
        };
        let breaks = chance.below(100) < u64::from(plan.broken_percent);
        let broken = if breaks { breaks_of(&mut chance, plan, added_at) } else { Vec::new() };
        let mut id = [0; 16];
        id[12..].copy_from_slice(&(number + 1).to_be_bytes());
        // Not from the same dice: what else is drawn stays what it was.
        let name = match number % 100 < plan.shared_percent {
            true => format!("app{number}.agency.com"),
            false => format!("app.customer{number}.com"),
        };
        Self {
            id: HostnameId::from_bytes(id),
            name: Hostname::restored(dns(&name)),
            added_at,
            arrangement,
            broken,
            shown: Mutex::default(),
        }
    }

    /// What is wrong with its DNS at `at`.
    pub fn fault(&self, at: Timestamp) -> Option<Fault> {
        let now = self.broken.iter().find(|(from, to, _)| *from <= at && at < *to);
        now.map(|(_, _, fault)| *fault)
    }

    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Our nodes were told this.
    pub(super) fn told(&self, entry: Option<&Entry>, at: Timestamp) {
        let mut shown = self.shown();
        let txt: Vec<_> = entry
            .and_then(|entry| entry.delegation.as_ref())
            .map(|delegation| delegation.txt.clone())
            .unwrap_or_default();
        if shown.txt != txt {
            shown.txt_since = Some(at);
            shown.txt = txt;
        }
        shown.tokens = entry.map(|entry| entry.tokens.clone()).unwrap_or_default();
    }

    /// The values of `_acme-challenge` at `at`.
    fn txt(&self, at: Timestamp) -> Vec<Explanation> {
        let shown = self.shown();
        let is_there = match self.arrangement {
            Arrangement::Pointing => false,
            Arrangement::Delegated => true,
            Arrangement::ByHand(delay) => shown.txt_since.is_some_and(|since| since + delay <= at),
        };
        if is_there { shown.txt.clone() } else { Vec::new() }
    }

    /// The body at `path` of port 80 at `at`.
    fn body(&self, path: &str) -> Option<Explanation> {
        let shown = self.shown();
        shown.tokens.iter().find(|t| t.path.as_str() == path).map(|token| token.body.clone())
    }
}

/// From ten minutes to six weeks, a few times a year.
fn breaks_of(
    chance: &mut Chance,
    plan: &Plan,
    from: Timestamp,
) -> Vec<(Timestamp, Timestamp, Fault)> {
    let mut breaks = Vec::new();
    let mut at = from + chance.between(Duration::days(5), Duration::days(100));
    while at < plan.end() {
        let end = at + chance.between(Duration::minutes(10), Duration::days(42));
        let fault = match chance.below(3) {
            0 => Fault::Gone,
            1 => Fault::ServerFailure,
            _ => Fault::Elsewhere,
        };
        breaks.push((at, end, fault));
        at = end + chance.between(Duration::hours(1), Duration::days(150));
    }
    breaks
}

/// All customers, behind the resolver and the HTTP probe.
pub struct Customers {
    /// In the order in which they come.
    pub all: Vec<Customer>,
    by_name: HashMap<Box<str>, usize>,
    by_id: HashMap<HostnameId, usize>,
    clock: WorldClock,
}

impl Customers {
    /// The customers of a plan.
    pub fn draw(plan: &Plan, clock: WorldClock) -> Arc<Self> {
        let all: Vec<_> = (0..plan.hostnames).map(|number| Customer::draw(plan, number)).collect();
        let by_name =
            all.iter().enumerate().map(|(i, c)| (Box::from(c.name.as_str()), i)).collect();
        let by_id = all.iter().enumerate().map(|(i, c)| (c.id, i)).collect();
        Arc::new(Self { all, by_name, by_id, clock })
    }

    /// The customer whose hostname has this id.
    pub fn of(&self, id: HostnameId) -> Option<&Customer> {
        self.by_id.get(&id).and_then(|i| self.all.get(*i))
    }

    fn named(&self, name: &str) -> Option<&Customer> {
        self.by_name.get(name).and_then(|i| self.all.get(*i))
    }

    /// Whether a CA that looks at `at` sees the proof.
    pub(super) fn shows_body(&self, host: &Hostname, path: &str, at: Timestamp) -> Option<String> {
        let customer = self.named(host.as_str())?;
        match customer.fault(at) {
            None => customer.body(path).map(|body| body.to_string()),
            Some(_) => None,
        }
    }

    /// The TXT values at `name`.
    pub(super) fn values(
        &self,
        name: &str,
        at: Timestamp,
    ) -> Result<Vec<Explanation>, LookupFailure> {
        let customer = name.strip_prefix(CHALLENGE).and_then(|name| self.named(name));
        let customer = customer.ok_or(LookupFailure::NoSuchName)?;
        match customer.fault(at) {
            Some(Fault::ServerFailure) => Err(LookupFailure::ServerFailure),
            Some(Fault::Gone | Fault::Elsewhere) => Err(LookupFailure::NoSuchName),
            None => Some(customer.txt(at))
                .filter(|values| !values.is_empty())
                .ok_or(LookupFailure::NoSuchName),
        }
    }

    fn lead(&self, name: &DnsName) -> Result<Option<Fault>, LookupFailure> {
        let Some(customer) = self.named(name.as_str()) else {
            return Err(LookupFailure::NoSuchName);
        };
        match customer.fault(self.clock.now()) {
            Some(Fault::ServerFailure) => Err(LookupFailure::ServerFailure),
            Some(Fault::Gone) => Err(LookupFailure::NoSuchName),
            fault => Ok(fault),
        }
    }
}

/// A name that is written in this file.
fn dns(name: &str) -> DnsName {
    name.parse().unwrap_or_else(|why| unreachable!("{name} is a name: {why:?}"))
}

#[async_trait]
impl Resolver for Customers {
    async fn txt(&self, name: &DnsName) -> Result<TxtAnswer, LookupFailure> {
        may_die().await;
        let values = self.values(name.as_str(), self.clock.now())?;
        let seen = |value| Seen { value, from: Explanation::new(SERVER) };
        Ok(values.into_iter().map(seen).collect())
    }

    async fn cname(&self, name: &DnsName) -> Result<Option<DnsName>, LookupFailure> {
        may_die().await;
        match self.lead(name) {
            Ok(None) => Ok(Some(dns(TARGET))),
            Ok(Some(_)) => Ok(Some(dns("shop.elsewhere.net"))),
            Err(LookupFailure::NoSuchName) => Ok(None),
            Err(why) => Err(why),
        }
    }

    async fn addresses(&self, name: &DnsName) -> Result<Vec<IpAddr>, LookupFailure> {
        may_die().await;
        if name.as_str() == TARGET {
            return Ok(vec![EDGE.into()]);
        }
        Ok(match self.lead(name)? {
            None => vec![EDGE.into()],
            Some(_) => vec![Ipv4Addr::new(198, 51, 100, 1).into()],
        })
    }

    async fn all_addresses(&self, name: &DnsName) -> Result<Vec<IpAddr>, LookupFailure> {
        self.addresses(name).await
    }

    async fn caa(&self, name: &DnsName) -> Result<Vec<(DnsName, Caa)>, LookupFailure> {
        may_die().await;
        match self.lead(name) {
            Err(LookupFailure::ServerFailure) => Err(LookupFailure::ServerFailure),
            _ => Ok(Vec::new()),
        }
    }

    async fn name_servers(&self, _name: &DnsName) -> Result<Vec<DnsName>, LookupFailure> {
        Err(LookupFailure::NoRecords)
    }
}

#[async_trait]
impl HttpProbe for Customers {
    async fn fetch(&self, request: &ProbeRequest) -> Result<ProbeReply, ProbeFailure> {
        may_die().await;
        let from = SocketAddr::from((EDGE, 80));
        match self.lead(request.host.as_dns()) {
            Err(why) => Err(ProbeFailure::Lookup(why)),
            Ok(Some(_)) => Err(ProbeFailure::Status { from, status: 404 }),
            Ok(None) => {
                let customer = self.named(request.host.as_str());
                match customer.and_then(|customer| customer.body(request.path.as_str())) {
                    Some(body) => Ok(ProbeReply { body, from }),
                    None => Err(ProbeFailure::Status { from, status: 404 }),
                }
            }
        }
    }
}
