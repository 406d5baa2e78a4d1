//! When tokens were used, noted beside the requests that use them: a request does not wait for the note, and what comes
//! while notes are being written is written together.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use np_domain::{
    Timestamp,
    id::TokenId,
    ports::{AccountStore, TokenUse},
    token::ApiToken,
};

/// The last use of a token is noted no more often than this.
const USE_NOTED_EVERY: Duration = Duration::from_secs(60);
/// Of so many tokens it is remembered that a use was noted; uses of more at a time are not noted.
const TRACKED_MAX: usize = 100_000;

/// The way to the notes. Cheap to clone.
#[derive(Clone)]
pub(super) struct TokenUses(Arc<Shared>);

struct Shared {
    accounts: Arc<dyn AccountStore>,
    notes: Mutex<Notes>,
}

#[derive(Default)]
struct Notes {
    last: HashMap<TokenId, Timestamp>,
    waiting: Vec<TokenUse>,
    is_writing: bool,
}

impl TokenUses {
    pub(super) fn new(accounts: Arc<dyn AccountStore>) -> Self {
        Self(Arc::new(Shared { accounts, notes: Mutex::default() }))
    }

    /// Has a use noted soon, unless one was noted a moment ago.
    pub(super) fn note(&self, token: &ApiToken, now: Timestamp) {
        let since = now - USE_NOTED_EVERY;
        if token.last_used_at.is_some_and(|last| last >= since) {
            return;
        }
        let mut notes = self.lock();
        if !notes.take(TokenUse { id: token.id, at: now, since }) || notes.is_writing {
            return;
        }
        notes.is_writing = true;
        tokio::spawn(self.clone().write());
    }

    /// Writes until nothing waits.
    async fn write(self) {
        loop {
            let uses = {
                let mut notes = self.lock();
                notes.is_writing = !notes.waiting.is_empty();
                std::mem::take(&mut notes.waiting)
            };
            if uses.is_empty() {
                return;
            }
            // A note that fails is no reason to refuse what a token allows.
            if let Err(why) = self.0.accounts.note_token_uses(&uses).await {
                tracing::warn!(tokens = uses.len(), error = %why, "token.uses_not_noted");
            }
        }
    }

    /// A thread that died here left nothing half done that matters.
    fn lock(&self) -> MutexGuard<'_, Notes> {
        self.0.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Notes {
    /// Takes a use that has not been noted since; whether it did.
    fn take(&mut self, one: TokenUse) -> bool {
        if self.last.get(&one.id).is_some_and(|last| *last >= one.since) {
            return false;
        }
        if self.last.len() >= TRACKED_MAX {
            self.last.retain(|_, last| *last >= one.since);
        }
        if self.last.len() >= TRACKED_MAX {
            return false;
        }
        self.last.insert(one.id, one.at);
        self.waiting.push(one);
        true
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: Timestamp = datetime!(2026-11-30 18:00 UTC);

    fn one(number: u32, seconds: u64) -> TokenUse {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        let at = NOW + Duration::from_secs(seconds);
        TokenUse { id: TokenId::from_bytes(bytes), at, since: at - USE_NOTED_EVERY }
    }

    #[test]
    fn a_use_is_noted_once_a_minute() {
        let mut notes = Notes::default();
        let taken = [0, 1, 60, 61, 122].map(|seconds| notes.take(one(1, seconds)));
        assert_eq!(taken, [true, false, false, true, true]);
        assert_eq!(notes.waiting, [one(1, 0), one(1, 61), one(1, 122)]);
    }

    #[test]
    fn no_more_tokens_are_tracked_than_there_is_room_for() {
        let mut notes = Notes::default();
        let room = u32::try_from(TRACKED_MAX).unwrap();
        assert!((0..room).all(|number| notes.take(one(number, 0))));
        assert!(!notes.take(one(room, 0)));
        assert!(notes.take(one(room, 61)));
        assert_eq!(notes.last.len(), 1);
    }
}
