//! The serving nodes in one task: they pull the outbox, answer the CA's tokens in DNS, and report what they have.

use std::{collections::HashSet, sync::Arc, time::Duration};

use np_control::{adapters::clock::SystemClock, wake::Bells};
use np_domain::{
    entry::Generation,
    ports::{Clock as _, FeedItem, FeedStore as _, FeedSubject, NodeReport, NodeRole, StoreError},
    text::Explanation,
};
use np_store::Store;
use np_testkit::dns::{DnsServer, RecordType};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// The most items of one pull.
const BATCH: u32 = 1_000;
/// They report at least this often.
const PERIOD: Duration = Duration::from_millis(100);

/// The nodes.
pub(crate) struct Nodes {
    store: Arc<Store>,
    dns: Arc<DnsServer>,
    bells: Bells,
}

impl Nodes {
    pub(crate) fn new(store: Arc<Store>, dns: Arc<DnsServer>, bells: Bells) -> Self {
        Self { store, dns, bells }
    }

    /// Pulls until `stop` is cancelled; how many hostnames are served with a certificate.
    pub(crate) fn follow(self, stop: CancellationToken) -> anyhow::Result<watch::Receiver<usize>> {
        let (send, served) = watch::channel(0);
        tokio::spawn(async move {
            let (mut after, mut names) = (Generation::default(), HashSet::new());
            while !stop.is_cancelled() {
                if let Err(why) = self.pull(&mut after, &mut names).await {
                    eprintln!("the nodes cannot pull: {why}");
                }
                let _ = send.send(names.len());
                tokio::select! {
                    () = self.bells.publication.heard() => {}
                    () = tokio::time::sleep(PERIOD) => {}
                }
            }
        });
        Ok(served)
    }

    async fn pull(
        &self,
        after: &mut Generation,
        served: &mut HashSet<Box<str>>,
    ) -> Result<(), StoreError> {
        self.store.number().await?;
        loop {
            let items = self.store.feed_after(*after, BATCH).await?;
            let Some(last) = items.last() else { break };
            *after = last.generation;
            items.iter().for_each(|item| self.apply(item, served));
        }
        for role in [NodeRole::Dns, NodeRole::Edge] {
            let node = Explanation::new(role.as_str());
            let seen_at = SystemClock.now();
            self.store.report(&NodeReport { node, role, applied: *after, seen_at }).await?;
        }
        self.bells.deployment.ring_all();
        Ok(())
    }

    fn apply(&self, item: &FeedItem, served: &mut HashSet<Box<str>>) {
        let Some(FeedSubject::Hostname(record, _)) = &item.subject else { return };
        let Some(certificate) = &record.certificate else { return };
        let name = record.hostname.name.acme_challenge();
        let order = certificate.open_order().into_iter().flat_map(|order| &order.controls);
        let values: Vec<_> = order
            .filter_map(|control| match &control.proof {
                np_domain::certificate::ControlProof::Txt { value, .. } => Some(value.as_str()),
                _ => None,
            })
            .collect();
        match values.is_empty() {
            true => self.dns.remove(name.as_str(), RecordType::TXT),
            false => self.dns.set(name.as_str(), RecordType::TXT, &values),
        }
        if !certificate.to_serve().is_empty() {
            served.insert(record.hostname.name.as_str().into());
        }
    }
}
