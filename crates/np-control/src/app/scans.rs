//! Scans of a zone's domain for the records that it has elsewhere: asked for here, made by `reconcile/scan.rs`, judged here.

use std::time::Duration;

use np_domain::{dns_record::DnsRecord, id::DnsRecordId, ports::StoreError, zone::Zone};
use tokio::time::{Instant, timeout_at};

use super::{
    App,
    dns_records::{self, ChangeError, Imported, Operation, Wanted},
};

/// A waiting call reads again at least this often: a bell rung in another process is not heard.
const READ_PERIOD: Duration = Duration::from_millis(200);

/// Has the zone scanned.
///
/// # Errors
/// When memory fails.
pub async fn trigger(app: &App, zone: &Zone) -> Result<(), StoreError> {
    app.stores.dns_records.ask_scan(zone.id, app.now()).await?;
    app.bells.scans.ring();
    Ok(())
}

/// Has the zone scanned, and adds what is found, as the old endpoint of the original does. What does not fit the zone, and
/// what is found later than `create_wait`, is left to be judged.
///
/// # Errors
/// When the zone has gone or memory fails.
pub async fn scan_and_add(app: &App, zone: &Zone) -> Result<Imported, ChangeError> {
    trigger(app, zone).await?;
    wait(app, zone).await?;
    let finds = app.stores.dns_records.scanned(zone.id).await?;
    let parsed = finds.len();
    let mut added = Vec::new();
    for find in finds {
        let id = find.id;
        match dns_records::change(app, zone.id, &[Operation::Add(Box::new(wanted(find)))]).await {
            Ok(_) => added.push(id),
            Err(ChangeError::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    app.stores.dns_records.forget_scanned(zone.id, &added).await?;
    Ok(Imported { added: added.len(), parsed })
}

async fn wait(app: &App, zone: &Zone) -> Result<(), StoreError> {
    let until = Instant::now() + app.terms.create_wait;
    while Instant::now() < until {
        let saved = app.bells.saved.listen();
        if !app.stores.dns_records.is_scan_due(zone.id).await? {
            return Ok(());
        }
        // Heard or not: look.
        let _ = timeout_at(until.min(Instant::now() + READ_PERIOD), saved).await;
    }
    Ok(())
}

fn wanted(find: DnsRecord) -> Wanted {
    let DnsRecord { name, content, ttl, proxy, comment, tags, settings, .. } = find;
    Wanted { name, content, ttl, proxy, comment, tags, settings }
}

/// What becomes of finds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Review {
    /// Records to add; of a find, however it was changed, with its id where that is known.
    pub accepts: Vec<(Option<DnsRecordId>, Wanted)>,
    /// Finds to forget.
    pub rejects: Vec<DnsRecordId>,
}

/// Adds the accepted records, all or none, and forgets them and the rejected ones.
///
/// # Errors
/// When a record does not fit the zone, or memory fails. The index is that of the accepted record.
pub async fn review(app: &App, zone: &Zone, review: Review) -> Result<Vec<DnsRecord>, ChangeError> {
    let finds = app.stores.dns_records.scanned(zone.id).await?;
    let mut judged = review.rejects;
    judged.extend(review.accepts.iter().filter_map(|(id, wanted)| id.or(find_of(&finds, wanted))));
    let operations: Vec<_> =
        review.accepts.into_iter().map(|(_, wanted)| Operation::Add(Box::new(wanted))).collect();
    let added = match operations.is_empty() {
        true => Vec::new(),
        false => dns_records::change(app, zone.id, &operations).await?,
    };
    app.stores.dns_records.forget_scanned(zone.id, &judged).await?;
    Ok(added)
}

/// The find that says the same.
fn find_of(finds: &[DnsRecord], wanted: &Wanted) -> Option<DnsRecordId> {
    let is_same = |find: &&DnsRecord| find.name == wanted.name && find.content == wanted.content;
    finds.iter().find(is_same).map(|find| find.id)
}
