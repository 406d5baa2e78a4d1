//! DNS records: added, changed, removed, one by one or many at once.
//!
//! Everything is a list of [`Operation`]s that happen all or not at all. What a record may be beside others is judged by
//! the store, in the transaction that makes the change.

use std::collections::{BTreeMap, HashSet};

use np_domain::{
    Timestamp,
    dns_record::{
        Comment, Content, ContentError, DnsRecord, Given, Parts, Proxy, RECORDS_PER_ZONE_MAX,
        RecordKind, RecordName, Settings, Tags, Ttl, rules::Conflict, zone_file::FileRecord,
    },
    id::{DnsRecordId, ZoneId},
    ports::{DnsRecordChange, DnsRecordChangeError, DnsRecordFilter, Page, StoreError},
};
use thiserror::Error;

use super::{App, race::Race};

/// The most records that somebody else may add while a file with them is being imported.
const IMPORT_ROUNDS_MAX: u32 = 10;
/// The most operations of a batch.
pub const BATCH_MAX: usize = 1000;

/// What a record shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its name.
    pub name: RecordName,
    /// Its type and value.
    pub content: Content,
    /// Its TTL.
    pub ttl: Ttl,
    /// Whether it is proxied.
    pub proxy: Proxy,
    /// Its comment.
    pub comment: Option<Comment>,
    /// Its tags.
    pub tags: Tags,
    /// Its settings.
    pub settings: Settings,
}

/// What shall change of a record; `None` stays.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Edit {
    /// Its name.
    pub name: Option<RecordName>,
    /// Its type and value.
    pub content: ContentEdit,
    /// Its TTL.
    pub ttl: Option<Ttl>,
    /// Whether it is proxied.
    pub proxy: Option<Proxy>,
    /// Its comment.
    pub comment: Option<Option<Comment>>,
    /// Its tags.
    pub tags: Option<Tags>,
    /// Addresses of IPv4 only.
    pub ipv4_only: Option<bool>,
    /// Addresses of IPv6 only.
    pub ipv6_only: Option<bool>,
    /// Flattening.
    pub flatten_cname: Option<bool>,
}

/// What shall change of a record's type and value; `None` stays.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ContentEdit {
    /// The type.
    pub kind: Option<RecordKind>,
    /// The text.
    pub content: Option<String>,
    /// The parts.
    pub data: Option<Parts>,
    /// The priority.
    pub priority: Option<u16>,
}

impl ContentEdit {
    /// The content after the edit. Parts that are left out stay.
    fn apply(&self, old: &Content) -> Result<Content, ContentError> {
        let kind = self.kind.unwrap_or_else(|| old.kind());
        let is_untouched = self.content.is_none() && self.data.is_none() && self.priority.is_none();
        if kind == old.kind() && is_untouched {
            return Ok(old.clone());
        }
        if kind != old.kind() {
            let given = Given {
                content: self.content.as_deref(),
                data: self.data.as_ref(),
                priority: self.priority,
            };
            return Content::parse(kind, given);
        }
        let priority = self.priority.or(old.priority());
        match (&self.content, old.data()) {
            (Some(text), _) if self.data.is_none() => {
                let given = Given { content: Some(text), data: None, priority };
                Content::parse(kind, given)
            }
            (_, Some(parts)) => {
                let mut data: Parts =
                    parts.into_iter().map(|(name, part)| (name.into(), part)).collect();
                if self.priority.is_some() {
                    data.remove("priority");
                }
                data.extend(self.data.clone().unwrap_or_default());
                Content::parse(kind, Given { content: None, data: Some(&data), priority })
            }
            (text, None) => {
                let old = old.text();
                let text = text.as_deref().unwrap_or(&old);
                Content::parse(kind, Given { content: Some(text), data: None, priority })
            }
        }
    }
}

/// A change of a zone's records.
#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    /// Add a record.
    Add(Box<Wanted>),
    /// Change some of a record.
    Edit(DnsRecordId, Box<Edit>),
    /// Remove a record.
    Remove(DnsRecordId),
    /// Change all of a record.
    Replace(DnsRecordId, Box<Wanted>),
}

/// Why nothing was changed.
#[derive(Debug, Error)]
pub enum ChangeError {
    /// A rule between records.
    #[error("{conflict}")]
    Conflict {
        /// Which operation.
        index: usize,
        /// The rule.
        conflict: Conflict,
    },
    /// The content that an edit leads to.
    #[error("{error}")]
    Content {
        /// Which operation.
        index: usize,
        /// What is wrong.
        error: ContentError,
    },
    /// The zone has no such record.
    #[error("there is no such record")]
    NoRecord {
        /// Which operation.
        index: usize,
    },
    /// The zone was removed since it was read.
    #[error("there is no such zone")]
    NoZone,
    /// Memory failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes changes, all or none; the records as they are now, or were, in order.
///
/// # Errors
/// See [`ChangeError`].
pub async fn change(
    app: &App,
    zone: ZoneId,
    operations: &[Operation],
) -> Result<Vec<DnsRecord>, ChangeError> {
    let mut race = Race::new();
    loop {
        let changes = plan(app, zone, operations).await?;
        match app.stores.dns_records.change_dns_records(zone, &changes).await {
            Ok(records) => {
                app.bells.publication.ring();
                return Ok(records);
            }
            Err(DnsRecordChangeError::Store(StoreError::Stale)) => {}
            Err(why) => return Err(why.into()),
        }
        race.lost(app.draws.as_ref()).await?;
    }
}

/// The changes that operations come to, as the records are now.
async fn plan(
    app: &App,
    zone: ZoneId,
    operations: &[Operation],
) -> Result<Vec<DnsRecordChange>, ChangeError> {
    // What operations before left of a record.
    let mut known: BTreeMap<DnsRecordId, DnsRecord> = BTreeMap::new();
    let now = app.now();
    let mut changes = Vec::with_capacity(operations.len());
    for (index, operation) in operations.iter().enumerate() {
        let id = match operation {
            Operation::Add(wanted) => {
                let record = added(app.draws.dns_record_id(), zone, wanted, now);
                changes.push(DnsRecordChange::Add(Box::new(record)));
                continue;
            }
            Operation::Remove(id) => {
                changes.push(DnsRecordChange::Remove(*id));
                continue;
            }
            Operation::Edit(id, _) | Operation::Replace(id, _) => *id,
        };
        let old = match known.remove(&id) {
            Some(old) => Some(old),
            None => app.stores.dns_records.dns_record(zone, id).await?,
        };
        let old = old.ok_or(ChangeError::NoRecord { index })?;
        let new = match operation {
            Operation::Edit(_, edit) => edited(&old, edit, now),
            Operation::Replace(_, wanted) => Ok(replaced(&old, wanted, now)),
            Operation::Add(_) | Operation::Remove(_) => continue,
        };
        let new = new.map_err(|error| ChangeError::Content { index, error })?;
        known.insert(id, DnsRecord { version: new.version + 1, ..new.clone() });
        changes.push(DnsRecordChange::Save(Box::new(new)));
    }
    Ok(changes)
}

/// A new record.
pub(crate) fn added(id: DnsRecordId, zone: ZoneId, wanted: &Wanted, now: Timestamp) -> DnsRecord {
    let Wanted { name, content, ttl, proxy, comment, tags, settings } = wanted.clone();
    let tagged = !tags.is_empty();
    settled(DnsRecord {
        id,
        zone,
        name,
        content,
        ttl,
        proxy,
        comment_modified_at: comment.is_some().then_some(now),
        tags_modified_at: tagged.then_some(now),
        comment,
        tags,
        settings,
        created_at: now,
        modified_at: now,
        version: 0,
    })
}

fn replaced(old: &DnsRecord, wanted: &Wanted, now: Timestamp) -> DnsRecord {
    let new = added(old.id, old.zone, wanted, now);
    remarked(old, DnsRecord { created_at: old.created_at, version: old.version, ..new }, now)
}

fn edited(old: &DnsRecord, edit: &Edit, now: Timestamp) -> Result<DnsRecord, ContentError> {
    let mut new = old.clone();
    new.content = edit.content.apply(&old.content)?;
    new.name = edit.name.clone().unwrap_or(new.name);
    new.ttl = edit.ttl.unwrap_or(new.ttl);
    new.proxy = edit.proxy.unwrap_or(new.proxy);
    new.comment = edit.comment.clone().unwrap_or(new.comment);
    new.tags = edit.tags.clone().unwrap_or(new.tags);
    new.settings.ipv4_only = edit.ipv4_only.unwrap_or(new.settings.ipv4_only);
    new.settings.ipv6_only = edit.ipv6_only.unwrap_or(new.settings.ipv6_only);
    new.settings.flatten_cname = edit.flatten_cname.unwrap_or(new.settings.flatten_cname);
    new.modified_at = now;
    Ok(remarked(old, settled(new), now))
}

/// The TTL of a proxied record is ours: the answer is our edges' addresses.
fn settled(mut record: DnsRecord) -> DnsRecord {
    if record.proxy.is_on() {
        record.ttl = Ttl::Automatic;
    }
    record
}

/// When comment and tags were last changed.
fn remarked(old: &DnsRecord, mut new: DnsRecord, now: Timestamp) -> DnsRecord {
    new.comment_modified_at =
        if new.comment == old.comment { old.comment_modified_at } else { Some(now) };
    new.tags_modified_at = if new.tags == old.tags { old.tags_modified_at } else { Some(now) };
    new
}

/// What an import did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imported {
    /// Records that were added.
    pub added: usize,
    /// Records that the file has.
    pub parsed: usize,
}

/// Adds the records of a file, all or none; those that the zone has already are passed over. Records that do not say
/// are proxied as `proxy` says, where they can be.
///
/// # Errors
/// See [`ChangeError`]; the index is that of the file's record.
pub async fn import(
    app: &App,
    zone: ZoneId,
    records: Vec<FileRecord>,
    proxy: Proxy,
) -> Result<Imported, ChangeError> {
    let parsed = records.len();
    let records = unknown(app, zone, records).await?;
    let mut operations: Vec<(usize, Operation)> =
        records.into_iter().map(|(index, record)| (index, add(record, proxy))).collect();
    for round in 0_u32.. {
        let wanted: Vec<Operation> =
            operations.iter().map(|(_, operation)| operation.clone()).collect();
        if wanted.is_empty() {
            return Ok(Imported { added: 0, parsed });
        }
        match change(app, zone, &wanted).await {
            Ok(added) => return Ok(Imported { added: added.len(), parsed }),
            // Somebody else added one meanwhile: each round passes over one.
            Err(ChangeError::Conflict {
                index,
                conflict: Conflict::Identical { .. } | Conflict::SameContent { .. },
            }) if round < IMPORT_ROUNDS_MAX => {
                operations.remove(index);
            }
            Err(error) => return Err(in_file(error, &operations)),
        }
    }
    Ok(Imported { added: 0, parsed })
}

/// The records of a file, with their places in it, that neither stand twice in it nor are in the zone already.
async fn unknown(
    app: &App,
    zone: ZoneId,
    records: Vec<FileRecord>,
) -> Result<Vec<(usize, FileRecord)>, ChangeError> {
    // A zone cannot have more.
    let size = u32::try_from(RECORDS_PER_ZONE_MAX).unwrap_or(u32::MAX);
    let page = Page { number: 1, size };
    let filter = DnsRecordFilter::default();
    let (present, _) = app.stores.dns_records.list_dns_records(zone, &filter, page).await?;
    let mut seen: HashSet<(String, RecordKind, String)> = present
        .iter()
        .map(|record| (record.name.to_string(), record.kind(), record.content.text()))
        .collect();
    let is_new = |(_, record): &(usize, FileRecord)| {
        seen.insert((record.name.to_string(), record.content.kind(), record.content.text()))
    };
    let records: Vec<_> = records.into_iter().enumerate().filter(is_new).collect();
    match records.get(size as usize) {
        Some((index, _)) => {
            Err(ChangeError::Conflict { index: *index, conflict: Conflict::TooManyInZone })
        }
        None => Ok(records),
    }
}

/// An error of an operation as one of the file's record.
fn in_file(error: ChangeError, operations: &[(usize, Operation)]) -> ChangeError {
    let of = |index: usize| operations.get(index).map_or(index, |(record, _)| *record);
    match error {
        ChangeError::Conflict { index, conflict } => {
            ChangeError::Conflict { index: of(index), conflict }
        }
        other => other,
    }
}

fn add(record: FileRecord, proxy: Proxy) -> Operation {
    let is_proxiable = record.content.kind().is_proxiable();
    let proxy = if is_proxiable { record.proxy.unwrap_or(proxy) } else { Proxy::Off };
    let FileRecord { name, content, ttl, comment, tags, .. } = record;
    let settings = Settings::default();
    Operation::Add(Box::new(Wanted { name, content, ttl, proxy, comment, tags, settings }))
}

impl From<DnsRecordChangeError> for ChangeError {
    fn from(error: DnsRecordChangeError) -> Self {
        match error {
            DnsRecordChangeError::Conflict { index, conflict } => {
                Self::Conflict { index, conflict }
            }
            DnsRecordChangeError::NoZone => Self::NoZone,
            DnsRecordChangeError::NoRecord { index } => Self::NoRecord { index },
            DnsRecordChangeError::Store(error) => Self::Store(error),
        }
    }
}
