//! From the outbox to a batch: entries are made, keys are sealed to the nodes, what a node must not have is left out.
//!
//! Opening a key and sealing it again is two AES-GCM operations over some hundred bytes, less than reading the record:
//! it is done for each node anew, and no opened key stays in memory.

use np_domain::{
    certificate_pack::PackRecord,
    entry::{
        Entry, FeedKey, Generation, PackEntry, RecordEntry, ServedCertificate, ZoneEntry, entry,
        pack_entry,
    },
    ports::{FeedItem, FeedSubject, NodeRole, StoreError},
    zone::Zone,
};
use np_feed::message::{Batch, FORMAT, FeedId, Item, Pull};

use super::FeedServer;
use crate::reconcile::KEY_CONTEXT;

impl FeedServer {
    /// What a node that pulls gets now; `head` is the newest generation known.
    pub(super) async fn read(
        &self,
        pull: &Pull,
        feed: FeedId,
        head: Generation,
    ) -> Result<Batch, StoreError> {
        let is_other_history = match pull.feed {
            Some(known) => known != feed,
            None => pull.after > Generation::default(),
        };
        // A copy ahead of its own history: the store was restored from a backup.
        let reset = is_other_history || pull.after > head;
        let from = if reset { Generation::default() } else { pull.after };
        let ticket_keys = match pull.role {
            NodeRole::Dns => None,
            NodeRole::Edge => Some(self.ticket_keys().await?),
        };
        let (to, items) = (from, Vec::new());
        let mut batch = Batch { format: FORMAT, feed, from, to, head, reset, items, ticket_keys };
        if from < head {
            let items = self.feed.feed_after(from, self.limits.batch_items_max).await?;
            // A short page is not the end: the store leaves out rows that it cannot read. Only an empty one is.
            if items.is_empty() {
                batch.to = head;
            }
            self.fill(&mut batch, items, pull.role);
            batch.head = head.max(batch.to);
        }
        Ok(batch)
    }

    /// Adds items up to the limit of bytes; the rest comes with the next pull.
    fn fill(&self, batch: &mut Batch, items: Vec<FeedItem>, role: NodeRole) {
        let mut bytes = 0;
        for item in items {
            if bytes >= self.limits.batch_bytes {
                break;
            }
            batch.to = item.generation;
            let item = self.item(item, role);
            bytes += item.len_bytes();
            batch.items.push(item);
        }
    }

    /// What a node of this role is told about one item.
    fn item(&self, item: FeedItem, role: NodeRole) -> Item {
        let (generation, key) = (item.generation, item.key);
        let (record, zone) = match item.subject {
            None => return Item::gone(generation, key),
            Some(FeedSubject::Zone(zone)) => {
                return Item::zone(generation, &ZoneEntry::from(&*zone));
            }
            Some(FeedSubject::Pack(record, zone, around)) => {
                return self.pack(generation, &record, (&zone, &around), role);
            }
            // Edges need what they stand in for; all else is the name servers' alone.
            Some(FeedSubject::Record(record))
                if role == NodeRole::Edge && !record.proxy.is_on() =>
            {
                return Item::gone(generation, key);
            }
            Some(FeedSubject::Record(record)) => {
                return Item::record(generation, &RecordEntry::from(&*record));
            }
            Some(FeedSubject::Hostname(record, zone)) => (record, zone),
        };
        let (made, warnings) = entry(&record, &zone, &self.domain);
        for warning in warnings {
            tracing::warn!(?warning, name = %record.hostname.name, "feed_server.left_out");
        }
        let Some(mut made) = made else {
            return Item::gone(generation, FeedKey::Hostname(record.hostname.id));
        };
        self.prepare_certificates(&mut made, role);
        Item::hostname(generation, &made)
    }

    /// What a node of this role is told about a pack of a zone, with the zones around its hosts.
    fn pack(
        &self,
        generation: Generation,
        record: &PackRecord,
        (zone, around): (&Zone, &[Zone]),
        role: NodeRole,
    ) -> Item {
        let Some(made) = pack_entry(record, zone, around, &self.domain) else {
            return Item::gone(generation, FeedKey::Pack(record.pack.id));
        };
        if let Some(host) = record.pack.hosts.lost(zone, around) {
            tracing::warn!(pack.id = %record.pack.id, %host, "feed_server.host_of_another_account");
        }
        let about = FeedKey::Pack(made.pack);
        let certificates = self.sealed_for(role, about, made.certificates);
        Item::pack(generation, &PackEntry { certificates, ..made })
    }

    fn prepare_certificates(&self, entry: &mut Entry, role: NodeRole) {
        let about = FeedKey::Hostname(entry.hostname);
        let Some(routing) = &mut entry.routing else { return };
        let certificates = std::mem::take(&mut routing.certificates);
        routing.certificates = self.sealed_for(role, about, certificates);
    }

    /// Seals the keys to the nodes; DNS nodes get no certificates at all.
    fn sealed_for(
        &self,
        role: NodeRole,
        about: FeedKey,
        certificates: Vec<ServedCertificate>,
    ) -> Vec<ServedCertificate> {
        match role {
            NodeRole::Dns => Vec::new(),
            NodeRole::Edge => {
                certificates.into_iter().filter_map(|c| self.reseal(about, c)).collect()
            }
        }
    }

    /// `None`, with a warning, for a certificate whose key cannot be opened: its hostname or pack goes out without it.
    fn reseal(&self, about: FeedKey, certificate: ServedCertificate) -> Option<ServedCertificate> {
        match self.vault.open(KEY_CONTEXT, &certificate.key) {
            Ok(key) => Some(ServedCertificate { key: self.node_key.seal(&key), ..certificate }),
            Err(error) => {
                tracing::warn!(
                    ?about, certificate = %certificate.id, %error,
                    "feed_server.certificate_left_out"
                );
                None
            }
        }
    }
}
