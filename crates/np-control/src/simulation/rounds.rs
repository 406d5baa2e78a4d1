//! What the control process does, round by round: claims what is due, works on it, and dies in the midst of it now and then.

use std::{sync::Arc, time::Instant};

use np_domain::{
    Timestamp,
    authority::Preference,
    certificate::{CertificateRecord, State},
    custom_hostname::HostnameRecord,
    delegation::DelegationDomain,
    ownership::Terms,
    ports::{Authority, Clock, LeaseOwner, Vault},
    text::Explanation,
    zone::Zone,
};
use thiserror::Error;
use time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{
    authority::{BACKDATED, LETS_ENCRYPT, SMALL, SimulatedAuthority},
    chance::Chance,
    customers::Customers,
    judge,
    plan::{MAIN, Plan, SECOND, START, Sabotage},
    report::{Lost, Report},
    serving::Serving,
    settling,
    time::{Ahead, Worker, WorldClock},
};
use crate::{
    reconcile::{
        Authorities, Journal, Rules, Settings, World, driver::Reconcile, issuance::Issuance,
        ownership::Ownership,
    },
    stores::Stores,
    wake::Bells,
};

/// Rows that are claimed and worked on at a time.
const CLAIM: u32 = 128;
/// Rounds come no closer than this, however near an end is.
const ROUND_MIN: Duration = Duration::seconds(30);
/// As an end nears, rounds come closer: so many before it.
const ROUNDS_BEFORE_END: i32 = 16;
/// Whoever was well for this long before the end must be served.
const WELL_BEFORE_END: Duration = Duration::days(4);

/// Why a simulation could not be run.
#[derive(Debug, Error)]
pub enum SimulationError {
    /// The store failed.
    #[error("the simulation's store failed")]
    Store(#[from] np_domain::ports::StoreError),
    /// The zone, the account or a hostname could not be added: the store must be empty.
    #[error("the simulation's store is not empty, or failed: {0}")]
    Add(String),
    /// A key could not be made.
    #[error("the simulated CA has no key")]
    Authority(#[from] rcgen::Error),
}

/// Runs a plan on `stores`, which must be empty.
///
/// # Errors
/// When the store fails. Broken promises are no error, but in the report.
pub async fn run(
    plan: &Plan,
    stores: Stores,
    vault: Arc<dyn Vault>,
) -> Result<Report, SimulationError> {
    let mut simulation = Simulation::new(plan, stores, vault).await?;
    while simulation.now() < plan.end() {
        simulation.round().await?;
    }
    Ok(simulation.report())
}

struct Simulation {
    plan: Plan,
    clock: WorldClock,
    customers: Arc<Customers>,
    serving: Arc<Serving>,
    authorities: Vec<Arc<SimulatedAuthority>>,
    world: Arc<World>,
    ownership: Arc<Ownership>,
    issuance: Arc<Issuance>,
    zone: Zone,
    added: usize,
    rounds: u64,
    crashes: u64,
    lost: Vec<Lost>,
    excused: u64,
    started: Instant,
}

impl Simulation {
    async fn new(
        plan: &Plan,
        stores: Stores,
        vault: Arc<dyn Vault>,
    ) -> Result<Self, SimulationError> {
        let clock = WorldClock::new(START);
        let customers = Customers::draw(plan, clock.clone());
        let bells = Bells::default();
        let domain = "dcv.platform.net".parse();
        let domain = domain.map_err(|_| SimulationError::Add("the domain".to_owned()))?;
        let serving = Arc::new(Serving::new(
            stores.feed.clone(),
            bells.publication.clone(),
            customers.clone(),
            DelegationDomain::new(domain),
            clock.clone(),
        ));
        let authority = |name, limits| {
            SimulatedAuthority::new(name, limits, plan, clock.clone(), customers.clone())
                .map(Arc::new)
        };
        let authorities = vec![authority(MAIN, LETS_ENCRYPT)?, authority(SECOND, SMALL)?];
        let zone = add_zone(&stores).await?;
        let stores = Stores { feed: serving.clone(), ..stores };
        let world = Arc::new(World {
            stores,
            clock: Arc::new(clock.clone()),
            timer: Arc::new(Ahead),
            vault,
            resolver: customers.clone(),
            probe: customers.clone(),
            authorities: configured(plan, &authorities)?,
            bells,
            journal: Journal::default(),
            rules: Rules::default(),
            settings: Settings {
                // Every hostname every day for years would be most of the work, and is not what is simulated.
                watch: Terms { recheck_interval: None, ..Terms::default() },
                ..Settings::new(LeaseOwner(Explanation::new("simulation")))
            },
        });
        Ok(Self {
            plan: plan.clone(),
            clock,
            customers,
            serving,
            authorities,
            ownership: Arc::new(Ownership(world.clone())),
            issuance: Arc::new(Issuance(world.clone())),
            world,
            zone,
            added: 0,
            rounds: 0,
            crashes: 0,
            lost: Vec::new(),
            excused: 0,
            started: Instant::now(),
        })
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Moves the clock, judges what has ended, and does everything that is due.
    async fn round(&mut self) -> Result<(), SimulationError> {
        self.clock.set(self.next_moment());
        self.rounds += 1;
        self.serving.pull().await?;
        self.judge().await?;
        self.add_hostnames().await?;
        while self.work_on_hostnames().await? + self.work_on_certificates().await? > 0 {}
        Ok(())
    }

    /// A round later, but sooner where something ends: time must not jump over its last hours.
    fn next_moment(&self) -> Timestamp {
        let now = self.now();
        let next_end = self.serving.ends.lock().ok().and_then(|ends| ends.next());
        let step = match next_end {
            Some(end) => self.plan.round.min((end - now) / ROUNDS_BEFORE_END),
            None => self.plan.round,
        };
        now + step.max(ROUND_MIN)
    }

    async fn judge(&mut self) -> Result<(), SimulationError> {
        let now = self.now();
        let ended = self.serving.ends.lock().map(|mut ends| ends.ended_by(now)).unwrap_or_default();
        for (id, life) in ended {
            let Some(customer) = self.customers.of(id) else { continue };
            // The second CA is always there.
            if !judge::could_have_been_renewed(customer, life, &[]) {
                self.excused += 1;
                continue;
            }
            let record = self.world.stores.certificates.record_of(id).await?;
            let certificate = record.and_then(|record| record.certificate);
            let attempt = certificate.map(|c| standing(&c.attempt)).unwrap_or_default();
            self.lost.push(Lost { name: customer.name.clone(), at: life.1, attempt });
        }
        Ok(())
    }

    async fn add_hostnames(&mut self) -> Result<(), SimulationError> {
        let now = self.now();
        let coming = self.customers.all.iter().skip(self.added).take_while(|c| c.added_at <= now);
        let additions: Vec<_> =
            coming.map(|customer| settling::addition(customer, &self.zone, now)).collect();
        self.added += additions.len();
        let added = self.world.stores.hostnames.add(additions).await;
        let failed = added.into_iter().find_map(Result::err);
        failed.map_or(Ok(()), |why| Err(SimulationError::Add(why.to_string())))
    }

    async fn work_on_hostnames(&mut self) -> Result<usize, SimulationError> {
        let items = self.ownership.claim(CLAIM).await?;
        let seed = |item: &HostnameRecord| low_bits(item.hostname.id.as_bytes());
        let items = items.into_iter().map(|item| (seed(&item), item)).collect();
        Ok(self.work(self.ownership.clone(), items).await)
    }

    async fn work_on_certificates(&mut self) -> Result<usize, SimulationError> {
        let (now, sabotage) = (self.now(), self.plan.sabotage);
        let items = self.issuance.claim(CLAIM).await?;
        let count = items.len();
        let spared = items.into_iter().filter(|item| !is_neglected(sabotage, item, now));
        let seed = |item: &CertificateRecord| !low_bits(item.certificate.id.as_bytes());
        let items = spared.map(|item| (seed(&item), item)).collect();
        self.work(self.issuance.clone(), items).await;
        Ok(count)
    }

    /// Each item in a task of its own, as the driver does it; how many there were.
    async fn work<R: Reconcile>(
        &mut self,
        reconciler: Arc<R>,
        items: Vec<(u64, R::Item)>,
    ) -> usize {
        let (count, mut works) = (items.len(), JoinSet::new());
        for (what, item) in items {
            let chance = Chance::new(self.plan.seed ^ what, self.rounds);
            let worker = Arc::new(Worker::new(chance, self.plan.crash_odds));
            let reconciler = reconciler.clone();
            works.spawn(async move {
                worker.does(reconciler.work(item, &CancellationToken::new())).await
            });
        }
        while let Some(survived) = works.join_next().await {
            self.crashes += u64::from(!survived.unwrap_or(false));
        }
        count
    }

    fn report(self) -> Report {
        let now = self.now();
        let ends = self.serving.ends.lock().map_err(|_| ());
        let is_served = |id| ends.as_ref().is_ok_and(|ends| ends.is_served(id, now));
        let unserved = self.customers.all.iter().filter(|customer| {
            let since = now - WELL_BEFORE_END - customer.arrangement.delay();
            let is_well = !customer.broken.iter().any(|(_, to, _)| *to > since);
            is_well && customer.added_at < since && !is_served(customer.id)
        });
        let before = |at: Timestamp| {
            let began = |id| ends.as_ref().ok().and_then(|ends| ends.began(id));
            let all = self.customers.all.iter();
            all.filter_map(|customer| began(customer.id)).filter(|began| *began < at).count()
        };
        let recall = self.plan.recall.filter(|at| *at <= now);
        Report {
            seed: self.plan.seed,
            hostnames: self.plan.hostnames,
            days: self.plan.length.whole_days(),
            rounds: self.rounds,
            crashes: self.crashes,
            unserved: unserved.map(|customer| customer.name.clone()).collect(),
            authorities: self.authorities.iter().map(|ca| (ca.name(), ca.tally())).collect(),
            not_recalled: recall.map_or(0, |at| before(at - BACKDATED)) as u64,
            lost: self.lost.clone(),
            excused: self.excused,
            took: self.started.elapsed(),
        }
    }
}

async fn add_zone(stores: &Stores) -> Result<Zone, SimulationError> {
    let refused = |why: &dyn std::error::Error| SimulationError::Add(why.to_string());
    stores.accounts.insert_account(&settling::account()).await.map_err(|why| refused(&why))?;
    let zone = settling::zone().map_err(|why| refused(&why))?;
    stores.zones.insert_zone(&zone).await.map_err(|why| refused(&why))?;
    Ok(zone)
}

/// The CAs that the control process knows.
fn configured(
    plan: &Plan,
    authorities: &[Arc<SimulatedAuthority>],
) -> Result<Authorities, SimulationError> {
    let is_known = |authority: &&Arc<SimulatedAuthority>| {
        authority.name() == MAIN || plan.sabotage != Some(Sabotage::NoFallback)
    };
    let known: Vec<_> = authorities.iter().filter(is_known).collect();
    let others = known.iter().map(|authority| authority.name()).filter(|name| *name != MAIN);
    let preference = Preference { fallback: others.collect(), ..Preference::only(MAIN) };
    let known = known.into_iter().map(|authority| authority.clone() as Arc<dyn Authority>);
    Authorities::new(known.collect(), MAIN)
        .and_then(|known| known.preferring(preference))
        .ok_or_else(|| SimulationError::Add("the main CA is missing".to_owned()))
}

/// Whether the broken rule leaves this one alone.
fn is_neglected(sabotage: Option<Sabotage>, item: &CertificateRecord, now: Timestamp) -> bool {
    let certificate = &item.certificate;
    match (sabotage, &certificate.attempt) {
        (Some(Sabotage::LastDay), State::Settled(_)) => {
            certificate.ends_at().is_some_and(|end| now + Duration::DAY < end)
        }
        (Some(Sabotage::NoRetry), State::Ordering(ordering)) => ordering.refusals > 0,
        (Some(Sabotage::NoRetry), State::AwaitingControl(awaiting)) => awaiting.tries.failed > 0,
        (Some(_) | None, _) => false,
    }
}

/// Where an attempt stands, for people.
fn standing(attempt: &State) -> String {
    let (state, problems) = match attempt {
        State::Settled(s) => return format!("settled until {}", s.renew_at),
        State::Ordering(s) => (format!("ordering, next try {}", s.next_try), &s.tries.problems),
        State::AwaitingControl(s) => {
            (format!("awaiting control, next look {}", s.next_check), &s.tries.problems)
        }
        State::Validating(s) => ("validating".to_owned(), &s.tries.problems),
        State::Issuing(s) => ("issuing".to_owned(), &s.tries.problems),
        State::Stalled(s) => (format!("stalled, again at {:?}", s.retry_at), &s.problems),
        State::Issued(_) => return "issued, not deployed".to_owned(),
        State::Uploaded(_) | State::Kept(_) => return "uploaded".to_owned(),
    };
    let why = problems.first().map_or("", |problem| problem.message.as_str());
    format!("{state}: {why}")
}

fn low_bits(bytes: &[u8]) -> u64 {
    bytes.iter().rev().take(8).fold(0, |bits, byte| bits << 8 | u64::from(*byte))
}
