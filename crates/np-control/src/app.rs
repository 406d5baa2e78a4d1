//! The use cases behind the API: what it means to add, change and remove zones, origins and hostnames.
//!
//! Free functions over [`App`]. They know the ports and the pure rules of np-domain, and neither HTTP nor SQL. They write
//! what is wanted and ring the [`Bells`]; none but [`diagnostics`] looks at the world, and none speaks to a CA. Called by [`crate::api`], and
//! [`tokens`] by the executable at its first start.

pub mod access;
pub mod approvals;
pub mod csrs;
pub mod diagnostics;
pub mod dns_records;
pub mod draws;
pub mod fallback_origins;
pub mod hostnames;
pub mod identity;
pub mod known_zones;
pub mod limits;
pub mod packs;
pub mod reissue;
pub mod scans;
pub mod tokens;
pub mod users;
pub mod zone_holds;
pub mod zone_settings;
pub mod zones;

mod race;
mod shelf;
mod token_uses;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use np_domain::{
    Timestamp,
    certificate::{AuthorityName, KeyType, Methods},
    name::DnsName,
    ports::{Clock, Vault},
    zone::activation::Policy,
};

use crate::{adapters::trust_store::TrustStore, reconcile::Journal, stores::Stores, wake::Bells};
use diagnostics::Diagnostics;
use draws::Draws;
use identity::Identities;
use known_zones::KnownZones;

/// How long what was read of callers and zones may be used without asking memory again, unless configured otherwise: for
/// so long, the change of another control process may go unnoticed here.
pub const KNOWN_AGE_MAX: Duration = Duration::from_secs(2);

/// What the use cases share.
#[derive(Clone)]
pub struct App {
    /// Memory.
    pub stores: Stores,
    /// Who calls.
    pub identities: Arc<Identities>,
    /// Zones, for calls that only look.
    pub known_zones: Arc<KnownZones>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Who is told of changes.
    pub bells: Bells,
    /// One line and one count for each event.
    pub journal: Journal,
    /// Where ids and tokens come from.
    pub draws: Arc<dyn Draws>,
    /// Seals private keys.
    pub vault: Arc<dyn Vault>,
    /// The roots that uploaded certificates must lead to.
    pub trust: Arc<TrustStore>,
    /// Looks at hostnames on request.
    pub diagnostics: Diagnostics,
    /// What can be asked for here.
    pub terms: Terms,
}

/// What can be asked for in this installation.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The CAs that are configured.
    pub authorities: Vec<AuthorityName>,
    /// The CA of those who name none.
    pub default_authority: AuthorityName,
    /// What each of the CAs validates by.
    pub methods: BTreeMap<AuthorityName, Methods>,
    /// The kinds of keys that certificates are obtained for, in order.
    pub keys: Vec<KeyType>,
    /// How long a create waits for the CA's tokens.
    pub create_wait: Duration,
    /// How many hostnames a zone may have; `None`: any number.
    pub hostnames_per_zone_max: Option<u64>,
    /// Those of the CAs that no public rule binds: the built-in one.
    pub private_authorities: Vec<AuthorityName>,
    /// How many certificate packs a zone may have, besides its universal one.
    pub packs_per_zone_max: u32,
    /// How zones become active.
    pub activation: Policy,
    /// Our own domains: nobody can have them, or names below them, as zones.
    pub own_domains: Vec<DnsName>,
}

impl App {
    /// Now.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
