//! The operator's rules, as every check needs them: those of the configuration, and those kept in memory, read again now
//! and then.

use std::{collections::HashMap, sync::Arc, time::Duration};

use np_domain::{
    Timestamp,
    id::AccountId,
    name::Hostname,
    network::AddressRange,
    ownership::BlockedName,
    ports::{RuleStore, StoreError},
};
use tokio::sync::Mutex;

/// How old what was read may be: a rule that an operator changes takes effect within this time.
pub(super) const RULES_AGE_MAX: Duration = Duration::from_secs(5);

/// The rules of the configuration, which need no restart of their own: a change of the file has one.
#[derive(Debug, Clone, Default)]
pub struct FixedRules {
    /// Names that nobody may have, with all names below them.
    pub blocked: Vec<BlockedName>,
    /// Addresses of accounts.
    pub prefixes: Vec<(AccountId, AddressRange)>,
}

/// The rules that are in force.
#[derive(Default)]
pub struct Rules(Mutex<Option<Kept>>);

struct Kept {
    read_at: Timestamp,
    current: Arc<Current>,
}

/// The rules at a moment.
#[derive(Debug, Default)]
pub(super) struct Current {
    blocked: HashMap<Hostname, BlockedName>,
    prefixes: HashMap<AccountId, Vec<AddressRange>>,
}

impl Rules {
    /// The rules, at most [`RULES_AGE_MAX`] old.
    pub(super) async fn current(
        &self,
        fixed: &FixedRules,
        store: &dyn RuleStore,
        now: Timestamp,
    ) -> Result<Arc<Current>, StoreError> {
        let mut kept = self.0.lock().await;
        let is_fresh = |kept: &&Kept| now >= kept.read_at && now < kept.read_at + RULES_AGE_MAX;
        if let Some(kept) = kept.as_ref().filter(is_fresh) {
            return Ok(kept.current.clone());
        }
        let (blocked, prefixes) = (store.blocked_names().await?, store.prefixes().await?);
        let current = Arc::new(Current::of(fixed, blocked, prefixes));
        *kept = Some(Kept { read_at: now, current: current.clone() });
        Ok(current)
    }
}

impl Current {
    fn of(
        fixed: &FixedRules,
        blocked: Vec<BlockedName>,
        prefixes: Vec<(AccountId, AddressRange)>,
    ) -> Self {
        let mut current = Self::default();
        for entry in fixed.blocked.iter().cloned().chain(blocked) {
            current.blocked.insert(entry.name.clone(), entry);
        }
        for (account, prefix) in fixed.prefixes.iter().copied().chain(prefixes) {
            current.prefixes.entry(account).or_default().push(prefix);
        }
        current
    }

    /// The entries of the block list that `name` is at or below.
    pub(super) fn blocking<'a>(
        &'a self,
        name: &'a Hostname,
    ) -> impl Iterator<Item = &'a BlockedName> {
        let above = name.as_dns().and_ancestors();
        above.filter_map(|name| self.blocked.get(&name.parse::<Hostname>().ok()?))
    }

    /// The addresses of an account.
    pub(super) fn prefixes(&self, account: AccountId) -> &[AddressRange] {
        self.prefixes.get(&account).map_or(&[], Vec::as_slice)
    }
}
