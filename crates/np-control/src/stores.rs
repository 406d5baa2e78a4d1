//! The memory ports in one value, so that wiring names them once.

use std::sync::Arc;

use np_domain::ports::{
    AccountStore, ApprovalStore, BudgetStore, CertificateStore, CsrStore, DnsRecordStore,
    FeedStore, HistoryStore, HostnameStore, IdempotencyStore, PackStore, RuleStore, SecretStore,
    ZoneStore,
};

/// All memory, behind its ports. Cheap to clone.
#[derive(Clone)]
pub struct Stores {
    /// Custom hostnames.
    pub hostnames: Arc<dyn HostnameStore>,
    /// Their certificates, and those of packs.
    pub certificates: Arc<dyn CertificateStore>,
    /// Certificate packs of zones.
    pub packs: Arc<dyn PackStore>,
    /// Zones.
    pub zones: Arc<dyn ZoneStore>,
    /// DNS records.
    pub dns_records: Arc<dyn DnsRecordStore>,
    /// Accounts and API tokens.
    pub accounts: Arc<dyn AccountStore>,
    /// Approvals by e-mail.
    pub approvals: Arc<dyn ApprovalStore>,
    /// Certificate signing requests.
    pub csrs: Arc<dyn CsrStore>,
    /// The outbox.
    pub feed: Arc<dyn FeedStore>,
    /// What happened to hostnames.
    pub history: Arc<dyn HistoryStore>,
    /// Answers that are kept for requests that come twice.
    pub idempotency: Arc<dyn IdempotencyStore>,
    /// The operator's rules.
    pub rules: Arc<dyn RuleStore>,
    /// What is spent of the limits of CAs.
    pub budgets: Arc<dyn BudgetStore>,
    /// Sealed secrets.
    pub secrets: Arc<dyn SecretStore>,
}

impl Stores {
    /// Memory of which one value implements every port.
    pub fn of<S>(store: Arc<S>) -> Self
    where
        S: HostnameStore
            + CertificateStore
            + PackStore
            + ZoneStore
            + DnsRecordStore
            + AccountStore
            + ApprovalStore
            + CsrStore
            + FeedStore
            + HistoryStore
            + IdempotencyStore
            + RuleStore
            + BudgetStore
            + SecretStore
            + 'static,
    {
        Self {
            hostnames: store.clone(),
            certificates: store.clone(),
            packs: store.clone(),
            zones: store.clone(),
            dns_records: store.clone(),
            accounts: store.clone(),
            approvals: store.clone(),
            csrs: store.clone(),
            feed: store.clone(),
            history: store.clone(),
            idempotency: store.clone(),
            rules: store.clone(),
            budgets: store.clone(),
            secrets: store,
        }
    }
}
