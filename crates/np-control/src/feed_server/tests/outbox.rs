//! The outbox in memory, and a world around it without secrets.

use std::{collections::BTreeMap, sync::Mutex};

use async_trait::async_trait;
use np_domain::{
    Timestamp,
    certificate::{
        self, Active, AuthorityName, Certificate, DcvMethod, IssuedCertificate, KeyType, Origin,
        Owner, Settled, Wanted,
        chain::{ChainFacts, ValidatedChain},
    },
    certificate_pack::{Pack, PackHosts, PackKind, PackRecord, Validity},
    custom_hostname::{CustomHostname, HostnameRecord, Metadata, OwnershipToken},
    delegation::DelegationId,
    entry::{FeedKey, Generation},
    id::{AccountId, CertificateId, HostnameId, PackId, ZoneId},
    ownership::{self, Method, Proven},
    ports::{
        Clock, FeedItem, FeedPosition, FeedStore, FeedSubject, NodeReport, SecretStore, StoreError,
        Vault, VaultError,
    },
    secret::{SealedBytes, SecretBytes},
    text::Explanation,
    zone::{self, Zone, ZoneKind},
};
use time::macros::datetime;

use crate::reconcile::KEY_CONTEXT;

pub(super) const START: Timestamp = datetime!(2026-11-22 12:00 UTC);
pub(super) const PLAIN_KEY: &[u8] = b"the private key in the clear";
pub(super) const DER: &[u8] = b"the certificate in DER";
/// What [`Plain`] puts before what it seals.
const SEAL: &[u8] = b"sealed:";

/// An outbox that keeps the contract of [`FeedStore`].
#[derive(Default)]
pub(super) struct Outbox(Mutex<Rows>);

#[derive(Default)]
struct Rows {
    subjects: BTreeMap<FeedKey, Option<FeedSubject>>,
    marked: Vec<FeedKey>,
    damaged: Vec<FeedKey>,
    generations: BTreeMap<FeedKey, Generation>,
    head: u64,
    reports: Vec<NodeReport>,
    heeded: Vec<HostnameId>,
    secrets: BTreeMap<String, SealedBytes>,
}

impl Outbox {
    pub(super) fn mark(&self, key: FeedKey, subject: Option<FeedSubject>) {
        let mut rows = self.0.lock().unwrap();
        rows.subjects.insert(key, subject);
        rows.marked.push(key);
    }

    pub(super) fn mark_hostname(&self, record: HostnameRecord) {
        let key = FeedKey::Hostname(record.hostname.id);
        self.mark(key, Some(FeedSubject::Hostname(Box::new(record), Box::new(zone()))));
    }

    /// From now on the row cannot be read, and so is left out of pages.
    pub(super) fn damage(&self, key: FeedKey) {
        self.0.lock().unwrap().damaged.push(key);
    }

    pub(super) fn heeded(&self) -> Vec<HostnameId> {
        self.0.lock().unwrap().heeded.clone()
    }

    pub(super) fn last_report(&self) -> NodeReport {
        self.0.lock().unwrap().reports.last().unwrap().clone()
    }
}

#[async_trait]
impl FeedStore for Outbox {
    async fn number(&self) -> Result<Generation, StoreError> {
        let mut rows = self.0.lock().unwrap();
        for key in std::mem::take(&mut rows.marked) {
            rows.head += 1;
            let generation = Generation(rows.head);
            rows.generations.insert(key, generation);
        }
        Ok(Generation(rows.head))
    }

    async fn feed_after(&self, after: Generation, limit: u32) -> Result<Vec<FeedItem>, StoreError> {
        let rows = self.0.lock().unwrap();
        let numbered = rows.generations.iter().filter(|(_, generation)| **generation > after);
        let mut items: Vec<_> = numbered
            .map(|(key, generation)| FeedItem {
                generation: *generation,
                key: *key,
                subject: rows.subjects[key].clone(),
            })
            .collect();
        items.sort_by_key(|item| item.generation);
        let is_readable = |item: &FeedItem| !rows.damaged.contains(&item.key);
        // Like the store: what cannot be read is left out of a page, and a page of nothing else is passed over.
        let pages = items.chunks(limit as usize);
        let mut pages = pages.map(|page| page.iter().filter(|item| is_readable(item)).cloned());
        let items = pages.find_map(|page| Some(page.collect::<Vec<_>>()).filter(|p| !p.is_empty()));
        let items = items.unwrap_or_default();
        Ok(items)
    }

    async fn position(&self, key: FeedKey) -> Result<FeedPosition, StoreError> {
        let rows = self.0.lock().unwrap();
        let numbered = rows.generations.get(&key).copied().map(FeedPosition::At);
        let is_marked = rows.marked.contains(&key);
        Ok(if is_marked {
            FeedPosition::Unnumbered
        } else {
            numbered.unwrap_or(FeedPosition::Absent)
        })
    }

    async fn report(&self, report: &NodeReport) -> Result<(), StoreError> {
        self.0.lock().unwrap().reports.push(report.clone());
        Ok(())
    }

    async fn heed(&self, hostnames: &[HostnameId], _now: Timestamp) -> Result<(), StoreError> {
        self.0.lock().unwrap().heeded.extend(hostnames);
        Ok(())
    }

    async fn nodes(&self, seen_since: Timestamp) -> Result<Vec<NodeReport>, StoreError> {
        let rows = self.0.lock().unwrap();
        Ok(rows.reports.iter().filter(|report| report.seen_at >= seen_since).cloned().collect())
    }
}

#[async_trait]
impl SecretStore for Outbox {
    async fn secret(&self, name: &str) -> Result<Option<SealedBytes>, StoreError> {
        Ok(self.0.lock().unwrap().secrets.get(name).cloned())
    }

    async fn keep_secret(
        &self,
        name: &str,
        sealed: &SealedBytes,
    ) -> Result<SealedBytes, StoreError> {
        let mut rows = self.0.lock().unwrap();
        Ok(rows.secrets.entry(name.into()).or_insert_with(|| sealed.clone()).clone())
    }

    async fn forget_secrets(&self, from: &str, until: &str) -> Result<(), StoreError> {
        let mut rows = self.0.lock().unwrap();
        rows.secrets.retain(|name, _| !(from..until).contains(&name.as_str()));
        Ok(())
    }

    async fn replace_secret(
        &self,
        name: &str,
        expected: &SealedBytes,
        sealed: &SealedBytes,
    ) -> Result<Option<SealedBytes>, StoreError> {
        let mut rows = self.0.lock().unwrap();
        if let Some(kept) = rows.secrets.get_mut(name).filter(|kept| *kept == expected) {
            *kept = sealed.clone();
        }
        Ok(rows.secrets.get(name).cloned())
    }

    async fn remove_secret(&self, name: &str) -> Result<(), StoreError> {
        self.0.lock().unwrap().secrets.remove(name);
        Ok(())
    }
}

/// A vault that seals with a prefix, and a clock that stands still.
pub(super) struct Plain;

impl Vault for Plain {
    fn seal(&self, context: &'static str, secret: &SecretBytes) -> SealedBytes {
        SealedBytes::from_vec([SEAL, context.as_bytes(), secret.expose()].concat())
    }

    fn open(&self, context: &'static str, sealed: &SealedBytes) -> Result<SecretBytes, VaultError> {
        let rest = sealed.as_bytes().strip_prefix(SEAL).ok_or(VaultError)?;
        let secret = rest.strip_prefix(context.as_bytes()).ok_or(VaultError)?;
        Ok(SecretBytes::new(secret.to_vec()))
    }
}

impl Clock for Plain {
    fn now(&self) -> Timestamp {
        START
    }
}

pub(super) fn zone() -> Zone {
    Zone {
        id: ZoneId::from_bytes([0xaa; 16]),
        account: AccountId::from_bytes([0xbb; 16]),
        name: "provider.com".parse().unwrap(),
        kind: ZoneKind::Full,
        delegation: DelegationId::from_bytes([5; 8]),
        fallback: None,
        state: zone::State::automatic(START),
        paused: false,
        original_name_servers: None,
        settings: Default::default(),
        hold: None,
        created_at: START,
        modified_at: START,
        version: 0,
    }
}

/// A proven hostname `app-<n>.customer.com` with an active certificate.
pub(super) fn record(n: u8) -> HostnameRecord {
    let hostname = CustomHostname {
        id: HostnameId::from_bytes([n; 16]),
        zone: zone().id,
        name: format!("app-{n}.customer.com").parse().unwrap(),
        token: OwnershipToken::from_uuid(uuid::Uuid::from_bytes([n; 16])),
        ownership: ownership::State::Proven(Proven {
            by: Method::Txt,
            at: START,
            evidence: Explanation::new("seen"),
            watch: ownership::Watch::default(),
        }),
        origin: None,
        metadata: Metadata::default(),
        created_at: START,
        version: 0,
    };
    let certificate = Some(certificate(hostname.id));
    HostnameRecord { hostname, certificate }
}

/// A pack for the zone's own name with an active certificate.
pub(super) fn pack() -> PackRecord {
    let id = PackId::from_bytes([9; 16]);
    let owner = Owner::Zone(zone().id);
    let certificate = Certificate { id, owner, ..certificate(HostnameId::from_bytes([9; 16])) };
    let pack = Pack {
        id,
        zone: zone().id,
        kind: PackKind::Advanced,
        hosts: PackHosts::universal(&zone().name),
        validity: Validity::Days90,
        branding: false,
        created_at: START,
        leaving_since: None,
    };
    PackRecord { pack, certificate }
}

fn certificate(hostname: HostnameId) -> Certificate {
    let wanted = Wanted {
        method: DcvMethod::Txt,
        wildcard: false,
        authority: None,
        bundle: Default::default(),
        tls: Default::default(),
        keys: vec![KeyType::P256],
    };
    let id = PackId::from_bytes(*hostname.as_bytes());
    let mut certificate = Certificate::new(id, hostname, wanted, START);
    certificate.attempt = certificate::State::Settled(Settled { renew_at: START, ask_at: None });
    certificate.active = vec![Active { issued: issued(), deployed_at: START, suggestion: None }];
    certificate
}

fn issued() -> IssuedCertificate {
    let facts = ChainFacts {
        der: vec![DER.into()],
        names: Vec::new(),
        not_before: START,
        not_after: START,
        issuer: Explanation::new("test"),
        serial: Explanation::new("1"),
        signature: Explanation::new("ECDSAWithSHA256"),
        key_type: Some(KeyType::P256),
        key_matches: true,
        is_linked: true,
    };
    IssuedCertificate {
        id: CertificateId::from_bytes([6; 16]),
        origin: Origin::Authority(AuthorityName::LetsEncrypt),
        chain: ValidatedChain::restored(facts),
        key: Plain.seal(KEY_CONTEXT, &SecretBytes::new(PLAIN_KEY.to_vec())),
        key_type: KeyType::P256,
        issued_at: START,
    }
}
