//! Answers that are kept, so that a request that its caller sends again is carried out once.

use async_trait::async_trait;

use super::StoreError;
use crate::{Timestamp, text::Explanation};

/// A request that carries a key of its caller's choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyedRequest {
    /// Who sends it: keys of different callers have nothing to do with one another.
    pub caller: Explanation,
    /// The key.
    pub key: Explanation,
    /// A digest of all that it asks for: another request under the same key is a mistake of the caller's.
    pub sha256: [u8; 32],
}

/// One attempt to carry a request out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Drawn for it.
    pub id: [u8; 16],
    /// When it begins.
    pub now: Timestamp,
    /// From when on another attempt may take its place: it is dead by then.
    pub until: Timestamp,
    /// When its answer is forgotten.
    pub expires_at: Timestamp,
    /// How many answers are kept for a caller: of more, the oldest are forgotten before their time.
    pub kept_max: u32,
}

/// What there is under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// Nothing: this attempt is the one.
    First,
    /// An attempt is under way.
    Running,
    /// It was carried out.
    Answered(KeptAnswer),
    /// Another request had this key.
    Other,
}

/// An answer as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The body with its media type; `None`: it was not kept, because it is too long or holds a secret.
    pub body: Option<(Explanation, Vec<u8>)>,
}

/// Kept answers.
#[async_trait]
pub trait IdempotencyStore: Send + Sync {
    /// Begins an attempt, unless one is under way or was made. Of several at once, one is first.
    async fn begin(&self, request: &KeyedRequest, attempt: &Attempt) -> Result<Begun, StoreError>;

    /// Keeps the answer of an attempt; [`StoreError::Stale`] when another one took its place.
    async fn keep(
        &self,
        request: &KeyedRequest,
        attempt: &Attempt,
        answer: &KeptAnswer,
    ) -> Result<(), StoreError>;

    /// Forgets an attempt that changed nothing, so that the request may come again.
    async fn forget(&self, request: &KeyedRequest, attempt: &Attempt) -> Result<(), StoreError>;

    /// Removes at most `limit` answers that have expired by `now`; how many it were.
    async fn sweep(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError>;
}
