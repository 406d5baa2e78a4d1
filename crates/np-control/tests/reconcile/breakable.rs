//! A store that fails once, at the save that the test names: before it happened, or after, as when the answer is lost.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use async_trait::async_trait;
use np_domain::{
    Timestamp,
    certificate::CertificateRecord,
    certificate_pack::PackRecord,
    custom_hostname::{CustomHostname, HostnameRecord},
    event::Event,
    id::{HostnameId, PackId, ZoneId},
    name::Hostname,
    ports::{
        AddError, Addition, CertificateChange, CertificateStore, Hold, HostnameChange,
        HostnameList, HostnamePage, HostnameStore, InsertPackError, Lease, LeaseOwner, PackChange,
        PackStore, StoreError,
    },
};
use np_store::Store;

/// When the answer is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Break {
    Before,
    After,
}

/// A store whose save number `countdown` fails.
pub(crate) struct Breakable {
    store: Arc<Store>,
    countdown: AtomicI64,
    when: Break,
}

impl Breakable {
    pub(crate) fn new(store: Arc<Store>, save: i64, when: Break) -> Self {
        Self { store, countdown: AtomicI64::new(save), when }
    }

    /// Whether the failure has happened.
    pub(crate) fn has_broken(&self) -> bool {
        self.countdown.load(Ordering::SeqCst) <= 0
    }

    async fn maybe<T>(
        &self,
        save: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let breaks = self.countdown.fetch_sub(1, Ordering::SeqCst) == 1;
        let lost = || Err(StoreError::Unavailable("the test cut the connection".into()));
        match (breaks, self.when) {
            (false, _) => save.await,
            (true, Break::Before) => lost(),
            (true, Break::After) => save.await.and_then(|_| lost()),
        }
    }
}

#[async_trait]
impl HostnameStore for Breakable {
    async fn add(&self, additions: Vec<Addition>) -> Vec<Result<(), AddError>> {
        self.store.add(additions).await
    }

    async fn find(
        &self,
        zone: ZoneId,
        id: HostnameId,
    ) -> Result<Option<HostnameRecord>, StoreError> {
        self.store.find(zone, id).await
    }

    async fn list(&self, zone: ZoneId, list: &HostnameList) -> Result<HostnamePage, StoreError> {
        self.store.list(zone, list).await
    }

    async fn count(&self, zone: ZoneId) -> Result<u64, StoreError> {
        self.store.count(zone).await
    }

    async fn proven_rivals(
        &self,
        name: &Hostname,
        except: HostnameId,
    ) -> Result<Vec<CustomHostname>, StoreError> {
        self.store.proven_rivals(name, except).await
    }

    async fn save(&self, changes: &[HostnameChange], hold: &Hold) -> Result<(), StoreError> {
        self.maybe(self.store.save(changes, hold)).await
    }

    async fn save_edit(
        &self,
        hostname: &HostnameChange,
        certificate: Option<&CertificateChange>,
    ) -> Result<(), StoreError> {
        self.store.save_edit(hostname, certificate).await
    }

    async fn claim_ownership(
        &self,
        now: Timestamp,
        lease: &Lease,
        limit: u32,
    ) -> Result<Vec<HostnameRecord>, StoreError> {
        self.store.claim_ownership(now, lease, limit).await
    }

    async fn hasten_unproven(&self, zone: ZoneId, now: Timestamp) -> Result<(), StoreError> {
        self.store.hasten_unproven(zone, now).await
    }

    async fn release_leases(
        &self,
        owner: &LeaseOwner,
        due_by: Timestamp,
    ) -> Result<(), StoreError> {
        self.store.release_leases(owner, due_by).await
    }

    async fn remove(&self, id: HostnameId) -> Result<(), StoreError> {
        self.maybe(self.store.remove(id)).await
    }
}

#[async_trait]
impl CertificateStore for Breakable {
    async fn claim_certificates(
        &self,
        now: Timestamp,
        lease: &Lease,
        limit: u32,
    ) -> Result<Vec<CertificateRecord>, StoreError> {
        self.store.claim_certificates(now, lease, limit).await
    }

    async fn record_of(&self, hostname: HostnameId) -> Result<Option<HostnameRecord>, StoreError> {
        self.store.record_of(hostname).await
    }

    async fn hostname_of(
        &self,
        zone: ZoneId,
        certificate: PackId,
    ) -> Result<Option<HostnameRecord>, StoreError> {
        self.store.hostname_of(zone, certificate).await
    }

    async fn save_certificate(
        &self,
        change: &CertificateChange,
        hold: &Hold,
    ) -> Result<(), StoreError> {
        self.maybe(self.store.save_certificate(change, hold)).await
    }
}

#[async_trait]
impl PackStore for Breakable {
    async fn insert_pack(
        &self,
        record: &PackRecord,
        max: u32,
        events: &[Event],
    ) -> Result<(), InsertPackError> {
        self.store.insert_pack(record, max, events).await
    }

    async fn pack(&self, zone: ZoneId, id: PackId) -> Result<Option<PackRecord>, StoreError> {
        self.store.pack(zone, id).await
    }

    async fn packs(&self, zone: ZoneId) -> Result<Vec<PackRecord>, StoreError> {
        self.store.packs(zone).await
    }

    async fn save_pack(&self, change: &PackChange) -> Result<(), StoreError> {
        self.maybe(self.store.save_pack(change)).await
    }

    async fn remove_pack(&self, id: PackId) -> Result<(), StoreError> {
        self.maybe(self.store.remove_pack(id)).await
    }

    async fn pack_history(&self, id: PackId, limit: u32) -> Result<Vec<Event>, StoreError> {
        self.store.pack_history(id, limit).await
    }
}
