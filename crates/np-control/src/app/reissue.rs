//! Replacing everything: goes through all certificates of a scope, brings their renewals forward, and says how far it has come.
//!
//! What is to be done stands in the certificates themselves, so that any control process does it, and whoever marks may be
//! interrupted and begin again with the same moment: what was replaced since, or marked already, is left as it is.

use std::collections::BTreeMap;

use np_domain::{
    Timestamp,
    certificate::{AuthorityName, Certificate, Origin, reissue},
    event::{Event, EventKind},
    id::ZoneId,
    ports::{
        CertificateChange, Direction, Hold, HostnameFilter, HostnameList, Order, PackChange, Page,
        Publish, Start, StoreError, ZoneFilter,
    },
    text::Explanation,
    zone::Zone,
};
use time::Duration;

use crate::stores::Stores;

pub use np_domain::certificate::reissue::Terms;

/// Hostnames that are read at a time.
const PAGE: u32 = 500;
/// Zones that are read at a time.
const ZONES: u32 = 1000;

/// Whose certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Of every zone.
    Everything,
    /// Of one.
    Zone(ZoneId),
}

/// How far it has come.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Count {
    /// Certificates in the scope that are obtained from a CA.
    pub all: u64,
    /// Those that need no replacing, or have been replaced.
    pub replaced: u64,
    /// Those that wait.
    pub waiting: u64,
    /// Those whose attempt is under way.
    pub under_way: u64,
    /// Those whose attempt ended without a certificate.
    pub stalled: u64,
    /// Those that are to be replaced, by the CA that issued them.
    pub by_authority: BTreeMap<AuthorityName, u64>,
    /// Revocations that are noted and not done.
    pub revocations: u64,
}

impl Count {
    /// Those that are to be replaced.
    pub fn outstanding(&self) -> u64 {
        self.waiting + self.under_way + self.stalled
    }

    fn add(&mut self, certificate: &Certificate, terms: Terms) {
        let issuers: Vec<_> = certificate
            .active
            .iter()
            .filter_map(|active| match active.issued.origin {
                Origin::Authority(authority) => Some(authority),
                Origin::Uploaded(_) | Origin::Borrowed(_) => None,
            })
            .collect();
        if issuers.is_empty() {
            return;
        }
        self.all += 1;
        self.revocations += certificate.revocations.len() as u64;
        match reissue::standing(certificate, terms) {
            reissue::Standing::Replaced => {
                self.replaced += 1;
                return;
            }
            reissue::Standing::Waiting => self.waiting += 1,
            reissue::Standing::UnderWay => self.under_way += 1,
            reissue::Standing::Stalled => self.stalled += 1,
        }
        for issuer in issuers.into_iter().take(1) {
            *self.by_authority.entry(issuer).or_default() += 1;
        }
    }
}

/// Counts, and changes nothing.
///
/// # Errors
/// When memory fails.
pub async fn count(stores: &Stores, scope: Scope, terms: Terms) -> Result<Count, StoreError> {
    let mut count = Count::default();
    for zone in zones(stores, scope).await? {
        let mut start = Some(Start::Page(1));
        while let Some(from) = start {
            let (certificates, next) = hostnames(stores, &zone, from, terms.before).await?;
            certificates.iter().for_each(|certificate| count.add(certificate, terms));
            start = next;
        }
        for pack in stores.packs.packs(zone.id).await? {
            count.add(&pack.certificate, terms);
        }
    }
    Ok(count)
}

/// Brings forward what is to be replaced, evenly over the time; how many certificates were changed. `count` is how many
/// there are.
///
/// # Errors
/// When memory fails; what was marked stays so.
pub async fn mark(
    stores: &Stores,
    scope: Scope,
    terms: Terms,
    within: Duration,
    count: u64,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let (mut number, mut changed) = (0, 0);
    let deadline = terms.before + within;
    for zone in zones(stores, scope).await? {
        let mut start = Some(Start::Page(1));
        while let Some(from) = start {
            let (certificates, next) = hostnames(stores, &zone, from, terms.before).await?;
            for certificate in certificates {
                let at = reissue::slot(terms, within, number, count);
                number += u64::from(needs_it(&certificate, terms));
                changed +=
                    u64::from(mark_one(stores, certificate, terms, (at, deadline), now).await?);
            }
            start = next;
        }
        for pack in stores.packs.packs(zone.id).await? {
            let at = reissue::slot(terms, within, number, count);
            number += u64::from(needs_it(&pack.certificate, terms));
            let changed_one = reissue::bring_forward(&pack.certificate, terms, at, deadline);
            let Some(certificate) = changed_one else { continue };
            let record = np_domain::certificate_pack::PackRecord { certificate, ..pack };
            let events = vec![event(terms, at, now)];
            let change = PackChange { record, events, publish: Publish::No };
            changed += u64::from(saved(stores.packs.save_pack(&change).await)?);
        }
    }
    Ok(changed)
}

fn needs_it(certificate: &Certificate, terms: Terms) -> bool {
    reissue::standing(certificate, terms) != reissue::Standing::Replaced
}

async fn mark_one(
    stores: &Stores,
    certificate: Certificate,
    terms: Terms,
    (at, deadline): (Timestamp, Timestamp),
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Some(certificate) = reissue::bring_forward(&certificate, terms, at, deadline) else {
        return Ok(false);
    };
    let events = vec![event(terms, at, now)];
    let change = CertificateChange { certificate, events, publish: Publish::No };
    saved(stores.certificates.save_certificate(&change, &Hold::Release).await)
}

/// Whoever was faster is working on it: the next count says what became of it.
fn saved(result: Result<(), StoreError>) -> Result<bool, StoreError> {
    match result {
        Ok(()) => Ok(true),
        Err(StoreError::Stale) => Ok(false),
        Err(why) => Err(why),
    }
}

fn event(terms: Terms, at: Timestamp, now: Timestamp) -> Event {
    let then = if terms.revoke { ", and then revoked" } else { "" };
    let detail =
        format!("everything issued before {} is replaced: from {at} on{then}", terms.before);
    Event { at: now, kind: EventKind::ReissueOrdered, detail: Explanation::new(detail) }
}

async fn zones(stores: &Stores, scope: Scope) -> Result<Vec<Zone>, StoreError> {
    if let Scope::Zone(id) = scope {
        return Ok(stores.zones.zone(id).await?.into_iter().collect());
    }
    let mut zones = Vec::new();
    for number in 1.. {
        let page = Page { number, size: ZONES };
        let (found, all) = stores.zones.list_zones(&ZoneFilter::default(), page).await?;
        let is_last = found.is_empty();
        zones.extend(found);
        if is_last || zones.len() as u64 >= all {
            break;
        }
    }
    Ok(zones)
}

/// A page of certificates of hostnames, and where the next one begins.
async fn hostnames(
    stores: &Stores,
    zone: &Zone,
    start: Start,
    now: Timestamp,
) -> Result<(Vec<Certificate>, Option<Start>), StoreError> {
    let filter = HostnameFilter { with_certificate: Some(true), ..HostnameFilter::default() };
    let list = HostnameList {
        filter,
        order: Order::default(),
        direction: Direction::default(),
        start,
        size: PAGE,
        now,
    };
    let page = stores.hostnames.list(zone.id, &list).await?;
    let certificates = page.records.into_iter().filter_map(|record| record.certificate);
    Ok((certificates.collect(), page.next.map(Start::After)))
}
