//! What happens by itself: each reconciler reads the state, does the next thing towards what was asked for, saves, and
//! looks again.
//!
//! All of them are level-triggered: they take no input, so that the way after a crash is the ordinary way. A row is
//! claimed with a lease, which only saves work; the version named by each save is what keeps two workers from doing a
//! thing twice. No transaction is held across the network, nothing is retried inside a step: a failure becomes a state
//! with a time at which to look again. A bell makes a pass come sooner, a period makes it come anyway.
//!
//! - [`activation`]: proves whose a zone's name is.
//! - [`scan`]: finds the DNS records that a zone has elsewhere.
//! - [`ownership`]: proves who controls a hostname; gives up what stayed moved.
//! - [`retirement`]: removes what was deleted once no node serves it.
//! - [`renewal`]: begins an attempt at a certificate when one is due.
//! - [`issuance`]: takes an attempt from order to certificate.
//! - [`deployment`]: makes a certificate active once every live node has it.
//!
//! [`Authorities`] are the CAs that issuance asks, each behind a breaker, within its limits.
//!
//! Publication has no file here: [`crate::feed_server`] numbers changes when a node asks for them.

pub mod activation;
pub mod deployment;
pub mod driver;
pub mod issuance;
pub mod ownership;
pub mod renewal;
pub mod retirement;
pub mod scan;

mod authorities;
mod automatic;
mod caa;
mod control;
mod journal;
mod looks;
mod pacing;
mod revocation;
mod rules;
mod standin;
mod timer;

use std::{sync::Arc, time::Duration};

use np_domain::{
    certificate::automatic::Policy as Automatic,
    name::DnsName,
    ownership as ownership_rules,
    ports::{Clock, Hold, HttpProbe, Lease, LeaseOwner, Resolver, StoreError, Vault},
    zone::activation::Policy,
};

pub use self::{
    authorities::Authorities,
    journal::Journal,
    rules::{FixedRules, Rules},
    timer::{Timer, TokioTimer},
};
use crate::{stores::Stores, wake::Bells};

/// The vault context of certificates' private keys.
pub const KEY_CONTEXT: &str = "certificate-key";

/// Everything that reconcilers work with. Built once, shared by all.
pub struct World {
    /// Memory.
    pub stores: Stores,
    /// Wall clock time.
    pub clock: Arc<dyn Clock>,
    /// Time that passes within a step.
    pub timer: Arc<dyn Timer>,
    /// Seals private keys.
    pub vault: Arc<dyn Vault>,
    /// DNS.
    pub resolver: Arc<dyn Resolver>,
    /// HTTP look at customers' tokens.
    pub probe: Arc<dyn HttpProbe>,
    /// The CAs.
    pub authorities: Authorities,
    /// Signals.
    pub bells: Bells,
    /// One line and one count for each event.
    pub journal: Journal,
    /// What the operator keeps from everybody, and what belongs to accounts.
    pub rules: Rules,
    /// The limits.
    pub settings: Settings,
}

/// The limits of the reconcilers.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Who we are in leases.
    pub owner: LeaseOwner,
    /// How long a claim lasts unless it is renewed. After a crash, work goes on no later than this.
    pub lease: Duration,
    /// A pass comes at least this often.
    pub period: Duration,
    /// How many hostnames or certificates are worked on at a time, per reconciler.
    pub in_flight_max: usize,
    /// A worker stays with what is due again within this time, instead of releasing it.
    pub patience: Duration,
    /// How long the serving nodes may take to have a token before we look for it anyway.
    pub publication_wait: Duration,
    /// A node that was not heard of for this long does not count as serving.
    pub node_silence_max: Duration,
    /// What CNAMEs of a partial zone's hostnames lead to: `<zone>.<this>`; `None`: partial set-up has no CNAME proof.
    pub cdn_domain: Option<DnsName>,
    /// Our name servers, to which full zones are delegated.
    pub name_servers: Vec<DnsName>,
    /// How zones become active.
    pub activation: Policy,
    /// How renewals are validated.
    pub automatic: Automatic,
    /// How active and blocked hostnames are watched.
    pub watch: ownership_rules::Terms,
    /// The operator's rules that stand in the configuration.
    pub rules: FixedRules,
}

impl Settings {
    /// The defaults for a process that calls itself `owner`.
    pub fn new(owner: LeaseOwner) -> Self {
        Self {
            owner,
            lease: Duration::from_secs(30),
            period: Duration::from_secs(1),
            in_flight_max: 64,
            patience: Duration::from_secs(2),
            publication_wait: Duration::from_secs(5),
            node_silence_max: Duration::from_secs(15),
            cdn_domain: None,
            name_servers: Vec::new(),
            activation: Policy::default(),
            automatic: Automatic::default(),
            watch: ownership_rules::Terms::default(),
            rules: FixedRules::default(),
        }
    }
}

impl World {
    /// Ends the leases of an earlier process of our name, which must have ended: to be called once, before the
    /// reconcilers run, so that what was under way at a crash goes on at once.
    ///
    /// # Errors
    /// When memory fails; then the leases run out by themselves.
    pub async fn take_over(&self) -> Result<(), StoreError> {
        let due_by = self.clock.now() + self.settings.patience + self.settings.lease;
        self.stores.hostnames.release_leases(&self.settings.owner, due_by).await
    }

    /// A lease from now on.
    fn lease(&self) -> Lease {
        Lease { owner: self.settings.owner.clone(), until: self.clock.now() + self.settings.lease }
    }

    /// Keeps what is due again soon, releases all else.
    fn hold(&self, due: Option<np_domain::Timestamp>) -> Hold {
        let soon = self.clock.now() + self.settings.patience;
        match due {
            Some(due) if due <= soon => Hold::Keep(self.lease()),
            _ => Hold::Release,
        }
    }
}
