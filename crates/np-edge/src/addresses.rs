//! Origins' addresses as one thread knows them, so that most requests find them without asking anybody.
//!
//! An answer is kept for a second at most: how long it may be kept in all is the resolver's affair. When the resolver fails,
//! what is known is used on for a while: a resolver that is away must not take origins with it.

use std::{
    cell::RefCell,
    collections::HashMap,
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use np_domain::name::Hostname;
use tokio::runtime::Handle;

use crate::origin_resolver::OriginResolver;

/// For how long an answer is used.
const FRESH: Duration = Duration::from_secs(1);
/// For how long it is used while there is no other.
const STALE: Duration = Duration::from_secs(600);
/// The most names kept.
const NAMES_MAX: usize = 10_000;

/// The addresses.
pub(crate) struct Addresses {
    resolver: Arc<dyn OriginResolver>,
    /// Where the resolver lives: its connections outlast this thread.
    home: Handle,
    known: RefCell<HashMap<Hostname, (Instant, Vec<IpAddr>)>>,
}

impl Addresses {
    pub(crate) fn new(resolver: Arc<dyn OriginResolver>, home: Handle) -> Self {
        Self { resolver, home, known: RefCell::default() }
    }

    /// The addresses of `name`; empty when it has none.
    ///
    /// # Errors
    /// When nobody answered and nothing is known, with the reason.
    pub(crate) async fn of(&self, name: &Hostname) -> Result<Vec<IpAddr>, String> {
        if let Some(known) = self.known_within(name, FRESH) {
            return Ok(known);
        }
        match self.ask(name).await {
            Ok(found) => {
                self.keep(name, &found);
                Ok(found)
            }
            Err(why) => self.known_within(name, STALE).ok_or(why),
        }
    }

    async fn ask(&self, name: &Hostname) -> Result<Vec<IpAddr>, String> {
        let (resolver, name) = (Arc::clone(&self.resolver), name.clone());
        let asked = self.home.spawn(async move { resolver.addresses(&name).await });
        asked.await.map_err(|why| why.to_string())?.map_err(|why| why.to_string())
    }

    fn known_within(&self, name: &Hostname, age: Duration) -> Option<Vec<IpAddr>> {
        let known = self.known.borrow();
        let (at, addresses) = known.get(name)?;
        (at.elapsed() < age).then(|| addresses.clone())
    }

    fn keep(&self, name: &Hostname, found: &[IpAddr]) {
        let mut known = self.known.borrow_mut();
        if known.len() >= NAMES_MAX {
            known.retain(|_, (at, _)| at.elapsed() < FRESH);
        }
        if known.len() < NAMES_MAX {
            known.insert(name.clone(), (Instant::now(), found.to_vec()));
        }
    }
}
