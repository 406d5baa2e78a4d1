//! Memory: what is remembered across a crash. Each call is one transaction; none is held across the network.
//!
//! Contracts that hold for all methods:
//! - A change is durable when the call returns `Ok`, and has not happened at all when it returns `Err`, except that an
//!   [`StoreError::Unavailable`] may come after a commit whose answer was lost: callers read again before they repeat.
//! - Saves are optimistic: they name the version that they read (the value's own `version` field), fail with
//!   [`StoreError::Stale`] when it moved on, and otherwise store `version + 1`.
//! - A claimed row is hidden from other claims until its lease ends; a lease is only a hint that saves work, the version
//!   is what protects. A save with [`Hold::Release`] ends it.
//! - With [`Publish::Yes`] the change of what is served is marked in the same transaction; see [`FeedStore`](super::FeedStore).

use async_trait::async_trait;
use thiserror::Error;

use super::{HostnameList, HostnamePage};
use crate::{
    Timestamp,
    account::{Account, User},
    certificate::{Certificate, CertificateRecord},
    certificate_pack::PackRecord,
    custom_hostname::{CustomHostname, HostnameRecord},
    event::Event,
    id::{AccountId, HostnameId, PackId, TokenId, UserId, ZoneId},
    name::Hostname,
    secret::SealedBytes,
    text::Explanation,
    token::{ApiToken, Owner},
};

/// Why memory failed.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Somebody else saved it since it was read, or it is gone.
    #[error("it was changed by somebody else since it was read")]
    Stale,
    /// The database cannot be reached or is overloaded.
    #[error("the database is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A row does not say what this program can read: damage, or a newer program wrote it.
    #[error("{table} {id} cannot be read: {why}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The row.
        id: Explanation,
        /// What is wrong.
        why: Explanation,
    },
}

/// Why something could not be added.
#[derive(Debug, Error)]
pub enum InsertError {
    /// The zone has this hostname already (or the account this zone).
    #[error("it exists already")]
    Duplicate {
        /// The one that exists, printed as the API prints its id.
        existing: Explanation,
    },
    /// The zone (or account) that it belongs to does not exist.
    #[error("what it belongs to does not exist")]
    NoParent,
    /// Memory failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A hostname to add, at version 0, with its certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addition {
    /// The hostname.
    pub record: HostnameRecord,
    /// What happened.
    pub events: Vec<Event>,
    /// How many hostnames its zone may have with it; `None`: any number.
    pub hostnames_max: Option<u64>,
}

/// Why a hostname was not added.
#[derive(Debug, Error)]
pub enum AddError {
    /// Its zone has as many as it may have.
    #[error("the zone has as many hostnames as it may have")]
    Full,
    /// For any other reason.
    #[error(transparent)]
    Insert(#[from] InsertError),
}

impl From<StoreError> for AddError {
    fn from(why: StoreError) -> Self {
        Self::Insert(why.into())
    }
}

/// Who holds a lease: one running process.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LeaseOwner(pub Explanation);

/// A claim on rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Who.
    pub owner: LeaseOwner,
    /// Until when.
    pub until: Timestamp,
}

/// What becomes of the lease at a save.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hold {
    /// It ends: the row can be claimed when it is due again.
    Release,
    /// It goes on.
    Keep(Lease),
}

/// Whether what is served changes with a save.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Publish {
    /// It does not.
    No,
    /// It does: serving nodes must hear of it.
    Yes,
}

/// A save of a hostname.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostnameChange {
    /// The hostname as it shall be, with the version that was read.
    pub hostname: CustomHostname,
    /// What happened.
    pub events: Vec<Event>,
    /// Whether what is served changes.
    pub publish: Publish,
}

/// A save of a zone's pack with its certificate, whose version is that of both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackChange {
    /// The pack as it shall be.
    pub record: PackRecord,
    /// What happened.
    pub events: Vec<Event>,
    /// Whether what is served changes.
    pub publish: Publish,
}

/// A save of a certificate. Its history is its hostname's or its pack's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateChange {
    /// The certificate as it shall be, with the version that was read.
    pub certificate: Certificate,
    /// What happened.
    pub events: Vec<Event>,
    /// Whether what is served changes.
    pub publish: Publish,
}

/// A page of a list; `number` counts from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// The page.
    pub number: u32,
    /// Items per page.
    pub size: u32,
}

/// Custom hostnames. Those whose ownership is `Leaving` are found by id only by [`HostnameStore::claim_ownership`] and
/// [`FeedStore`]: for `find`, `list` and the rule "one hostname per name and zone" they are gone.
#[async_trait]
pub trait HostnameStore: Send + Sync {
    /// Adds hostnames with their certificates and marks them for the feed, each for itself; what became of each, in
    /// order. Those of one call, or of calls at the same time, may share a transaction. However many are added at once, no
    /// zone gets more than it may have.
    async fn add(&self, additions: Vec<Addition>) -> Vec<Result<(), AddError>>;

    /// Adds one hostname to a zone that may have any number.
    async fn insert(&self, record: &HostnameRecord, events: &[Event]) -> Result<(), InsertError> {
        let (record, events) = (record.clone(), events.to_vec());
        let added = self.add(vec![Addition { record, events, hostnames_max: None }]).await.pop();
        match added {
            Some(Ok(())) => Ok(()),
            Some(Err(AddError::Insert(why))) => Err(why),
            Some(Err(AddError::Full)) | None => {
                Err(StoreError::Unavailable("an addition without an answer".into()).into())
            }
        }
    }

    /// One hostname of a zone.
    async fn find(
        &self,
        zone: ZoneId,
        id: HostnameId,
    ) -> Result<Option<HostnameRecord>, StoreError>;

    /// A page of a zone's hostnames, and how many match in all.
    async fn list(&self, zone: ZoneId, list: &HostnameList) -> Result<HostnamePage, StoreError>;

    /// How many hostnames the zone has.
    async fn count(&self, zone: ZoneId) -> Result<u64, StoreError>;

    /// Other hostnames of this name, in any zone, that are proven.
    async fn proven_rivals(
        &self,
        name: &Hostname,
        except: HostnameId,
    ) -> Result<Vec<CustomHostname>, StoreError>;

    /// Saves hostnames, all or none.
    async fn save(&self, changes: &[HostnameChange], hold: &Hold) -> Result<(), StoreError>;

    /// Saves a hostname and what becomes of its certificate in one transaction: an edit by the API. A certificate at
    /// version 0 that the store does not have is added; `None` leaves the stored one as it is.
    async fn save_edit(
        &self,
        hostname: &HostnameChange,
        certificate: Option<&CertificateChange>,
    ) -> Result<(), StoreError>;

    /// Claims at most `limit` hostnames whose ownership is due at `now`, the longest due first.
    async fn claim_ownership(
        &self,
        now: Timestamp,
        lease: &Lease,
        limit: u32,
    ) -> Result<Vec<HostnameRecord>, StoreError>;

    /// Makes the next ownership check of a zone's unproven hostnames due at `now`, unless it is due before: for a change
    /// of the zone without which none of them could be proven.
    async fn hasten_unproven(&self, zone: ZoneId, now: Timestamp) -> Result<(), StoreError>;

    /// Ends the leases that `owner` holds on hostnames, certificates and zones which are due by `due_by`: for a process that
    /// starts again under its old name after a crash, so that its work goes on at once.
    async fn release_leases(&self, owner: &LeaseOwner, due_by: Timestamp)
    -> Result<(), StoreError>;

    /// Removes a hostname that is leaving, with its certificate and history; the feed keeps its tombstone. Removing one
    /// that is gone is no error.
    async fn remove(&self, id: HostnameId) -> Result<(), StoreError>;
}

/// Certificates of hostnames and of zones' packs.
#[async_trait]
pub trait CertificateStore: Send + Sync {
    /// Claims at most `limit` certificates that are due at `now`, of hostnames and of packs alike, the longest due first,
    /// with what they belong to. Those of leaving hostnames are not claimed; those of leaving packs are, to be retired.
    async fn claim_certificates(
        &self,
        now: Timestamp,
        lease: &Lease,
        limit: u32,
    ) -> Result<Vec<CertificateRecord>, StoreError>;

    /// Reads a certificate's record again by its hostname.
    async fn record_of(&self, hostname: HostnameId) -> Result<Option<HostnameRecord>, StoreError>;

    /// The hostname of a zone whose certificate has this id.
    async fn hostname_of(
        &self,
        zone: ZoneId,
        certificate: PackId,
    ) -> Result<Option<HostnameRecord>, StoreError>;

    /// Saves a certificate, whatever it belongs to.
    async fn save_certificate(
        &self,
        change: &CertificateChange,
        hold: &Hold,
    ) -> Result<(), StoreError>;
}

/// Certificate packs of zones. Those that are leaving are found only by [`CertificateStore::claim_certificates`] and
/// [`FeedStore`].
#[async_trait]
pub trait PackStore: Send + Sync {
    /// Adds a pack with its certificate at version 0, and marks it for the feed. A zone has at most one pack of kind
    /// universal, and at most `max` others.
    async fn insert_pack(
        &self,
        record: &PackRecord,
        max: u32,
        events: &[Event],
    ) -> Result<(), InsertPackError>;

    /// One pack of a zone.
    async fn pack(&self, zone: ZoneId, id: PackId) -> Result<Option<PackRecord>, StoreError>;

    /// All packs of a zone, ordered by (created_at, id).
    async fn packs(&self, zone: ZoneId) -> Result<Vec<PackRecord>, StoreError>;

    /// Saves a pack and its certificate. Leases end: whoever works on what was there before is too late anyway.
    async fn save_pack(&self, change: &PackChange) -> Result<(), StoreError>;

    /// Removes a pack that is leaving, with its history; the feed keeps its tombstone. Removing one that is gone is no
    /// error.
    async fn remove_pack(&self, id: PackId) -> Result<(), StoreError>;

    /// The newest events of a pack, newest first.
    async fn pack_history(&self, id: PackId, limit: u32) -> Result<Vec<Event>, StoreError>;
}

/// Why a pack could not be added.
#[derive(Debug, Error)]
pub enum InsertPackError {
    /// The zone has as many as it may have.
    #[error("the zone has all {0} packs that it may have")]
    Full(u32),
    /// Memory did not take it.
    #[error(transparent)]
    Insert(#[from] InsertError),
}

impl From<StoreError> for InsertPackError {
    fn from(error: StoreError) -> Self {
        Self::Insert(error.into())
    }
}

/// How often something was changed through one memory since this process opened it. A change counts before its call
/// returns, and also when its caller went away: whoever took a value's revision before reading it, and finds the same one
/// now, knows of every change that this process has answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Revision(pub u64);

/// When a token was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenUse {
    /// Which.
    pub id: TokenId,
    /// When.
    pub at: Timestamp,
    /// A use at this time or later says enough, so that this one need not be noted.
    pub since: Timestamp,
}

/// Accounts, users and API tokens.
#[async_trait]
pub trait AccountStore: Send + Sync {
    /// The revision of users and tokens: changes, and not that some are added.
    fn callers_revision(&self) -> Revision;

    /// Adds an account.
    async fn insert_account(&self, account: &Account) -> Result<(), InsertError>;

    /// All accounts, oldest first.
    async fn accounts(&self) -> Result<Vec<Account>, StoreError>;

    /// The oldest account.
    async fn first_account(&self) -> Result<Option<Account>, StoreError>;

    /// One account.
    async fn account(&self, id: AccountId) -> Result<Option<Account>, StoreError>;

    /// Those of some accounts that are there, oldest first.
    async fn accounts_among(&self, ids: &[AccountId]) -> Result<Vec<Account>, StoreError>;

    /// Adds a token.
    async fn insert_token(&self, token: &ApiToken) -> Result<(), InsertError>;

    /// The token with this hash of its secret.
    async fn token_by_secret(&self, sha256: &[u8; 32]) -> Result<Option<ApiToken>, StoreError>;

    /// The token with this id.
    async fn token(&self, id: TokenId) -> Result<Option<ApiToken>, StoreError>;

    /// A page of an owner's tokens, ordered by (created_at, id), and how many there are in all.
    async fn list_tokens(
        &self,
        owner: Owner,
        order: Direction,
        page: Page,
    ) -> Result<(Vec<ApiToken>, u64), StoreError>;

    /// Saves a token: everything but its id, account, owner and last use.
    async fn save_token(&self, token: &ApiToken) -> Result<(), StoreError>;

    /// Notes when tokens were used, in one transaction. Changes no version and no revision.
    async fn note_token_uses(&self, uses: &[TokenUse]) -> Result<(), StoreError>;

    /// Removes a token; `false` when there is none.
    async fn remove_token(&self, id: TokenId) -> Result<bool, StoreError>;

    /// Adds a user. The address must be new.
    async fn insert_user(&self, user: &User) -> Result<(), InsertError>;

    /// All users, oldest first.
    async fn users(&self) -> Result<Vec<User>, StoreError>;

    /// One user.
    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError>;

    /// The user with this hash of the key.
    async fn user_by_key(&self, sha256: &[u8; 32]) -> Result<Option<User>, StoreError>;

    /// Saves a user.
    async fn save_user(&self, user: &User) -> Result<(), StoreError>;
}

/// Which end of a list comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// The lowest.
    #[default]
    Ascending,
    /// The highest.
    Descending,
}

/// The history of hostnames.
#[async_trait]
pub trait HistoryStore: Send + Sync {
    /// The newest events of a hostname, newest first.
    async fn history(&self, hostname: HostnameId, limit: u32) -> Result<Vec<Event>, StoreError>;
}

/// Sealed secrets with a name: ACME accounts, the local CA's key, keys of session tickets.
#[async_trait]
pub trait SecretStore: Send + Sync {
    /// The secret with this name.
    async fn secret(&self, name: &str) -> Result<Option<SealedBytes>, StoreError>;

    /// Keeps `sealed` unless there is one with this name already; gives the one that is kept. Of two processes that
    /// start at once, both use the first one's.
    async fn keep_secret(
        &self,
        name: &str,
        sealed: &SealedBytes,
    ) -> Result<SealedBytes, StoreError>;

    /// Removes the secrets whose names are at or after `from` and before `until`.
    async fn forget_secrets(&self, from: &str, until: &str) -> Result<(), StoreError>;

    /// Puts `sealed` in the place of `expected`, if that is what is kept; gives the one that is kept then.
    async fn replace_secret(
        &self,
        name: &str,
        expected: &SealedBytes,
        sealed: &SealedBytes,
    ) -> Result<Option<SealedBytes>, StoreError>;

    /// Removes the secret with this name. Removing one that is gone is no error.
    async fn remove_secret(&self, name: &str) -> Result<(), StoreError>;
}
