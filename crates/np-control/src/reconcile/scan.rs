//! Scans: looks up what a zone's domain is likely to have where its DNS is now, and keeps what was found for its account to
//! judge ([`np_domain::dns_record::scan`] says what is asked for and what is worth proposing). Nothing is added by itself.

use std::{collections::HashSet, sync::Arc};

use async_trait::async_trait;
use futures_util::{StreamExt, stream};
use np_domain::{
    dns_record::{
        Content, DnsRecord, Proxy, RECORDS_PER_ZONE_MAX, RecordName, Settings, Tags, Ttl,
        scan::{Plan, Question},
    },
    id::DnsRecordId,
    ports::{DnsRecordFilter, Page, StoreError},
    zone::Zone,
};
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use super::{World, driver::Reconcile};

/// How many questions of one scan are asked at a time.
const QUESTIONS_IN_FLIGHT_MAX: usize = 8;

/// Keeps the finds of scans that were asked for.
pub struct Scans(pub Arc<World>);

#[async_trait]
impl Reconcile for Scans {
    type Item = Zone;
    const NAME: &'static str = "scans";

    async fn claim(&self, limit: u32) -> Result<Vec<Zone>, StoreError> {
        let world = &self.0;
        world.stores.dns_records.claim_scans(world.clock.now(), &world.lease(), limit).await
    }

    async fn work(&self, zone: Zone, stop: &CancellationToken) {
        let scanned = tokio::select! {
            () = stop.cancelled() => return,
            scanned = scan(&self.0, &zone) => scanned,
        };
        match scanned {
            Ok(count) => tracing::info!(zone.id = %zone.id, count, "dns_records.scanned"),
            Err(error) => tracing::error!(
                zone.id = %zone.id,
                error = &error as &dyn std::error::Error,
                "cannot keep what a scan found"
            ),
        }
    }
}

/// Looks, and keeps what the zone does not have here already. A look that fails finds nothing.
async fn scan(world: &World, zone: &Zone) -> Result<usize, StoreError> {
    let plan = Plan::of(zone);
    let looks = plan.questions.iter().cloned().map(|question| look(world, question));
    let found: Vec<_> = stream::iter(looks).buffered(QUESTIONS_IN_FLIGHT_MAX).collect().await;
    let present = present(world, zone).await?;
    let finds = plan.finds(found.into_iter().flatten().collect());
    let finds: Vec<_> = finds
        .into_iter()
        .filter(|(name, content)| !present.contains(&(name.clone(), content.clone())))
        .map(|(name, content)| record(world, zone, name, content))
        .collect();
    world.stores.dns_records.keep_scanned(zone.id, &finds).await?;
    world.bells.saved.ring_all();
    Ok(finds.len())
}

async fn look(world: &World, question: Question) -> Option<(Question, Vec<Content>)> {
    let contents = world.resolver.records(&question.name, question.kind).await.ok()?;
    Some((question, contents))
}

async fn present(world: &World, zone: &Zone) -> Result<HashSet<(RecordName, Content)>, StoreError> {
    let size = u32::try_from(RECORDS_PER_ZONE_MAX).unwrap_or(u32::MAX);
    let (filter, page) = (DnsRecordFilter::default(), Page { number: 1, size });
    let (records, _) = world.stores.dns_records.list_dns_records(zone.id, &filter, page).await?;
    Ok(records.into_iter().map(|record| (record.name, record.content)).collect())
}

fn record(world: &World, zone: &Zone, name: RecordName, content: Content) -> DnsRecord {
    let now = world.clock.now();
    DnsRecord {
        id: find_id(zone, &name, &content),
        zone: zone.id,
        name,
        content,
        ttl: Ttl::Automatic,
        // Where a name leads shall not change by its being found.
        proxy: Proxy::Off,
        comment: None,
        tags: Tags::default(),
        settings: Settings::default(),
        created_at: now,
        modified_at: now,
        comment_modified_at: None,
        tags_modified_at: None,
        version: 0,
    }
}

/// The id follows from what was found, so that another scan does not take it from whoever is judging it.
fn find_id(zone: &Zone, name: &RecordName, content: &Content) -> DnsRecordId {
    let digest = Sha256::new()
        .chain_update(zone.id.as_bytes())
        .chain_update(format!("{name} {} {}", content.kind().as_str(), content.text()))
        .finalize();
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    DnsRecordId::from_bytes(id)
}
