//! How one connection moves: whether its peer has been heard, whether it takes what we send, and what of ours waits to be
//! sent between its messages. Written by the connection's reads and writes, read by whoever watches it.
//!
//! A pulse is shared with tasks of the same thread only, but the types that hold it must be `Send`; so it is made of
//! atomics, which are never contended.

use std::{
    sync::{
        LazyLock, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;

/// The most bytes of 1xx answers that wait for one connection.
const INTERIM_BYTES_MAX: usize = 8 * 1024;

/// What a connection waits for, while its peer is the one to move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Phase {
    /// A request, of which nothing has come.
    Idle,
    /// The rest of a request's head.
    Head,
    /// An exchange is under way.
    Exchange,
    /// A request, on a connection that has other things to say in between.
    Quiet,
}

/// Milliseconds since the first look at this clock.
pub(crate) fn now_ms() -> u64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    // Never 0, which stands for "never".
    u64::try_from(START.elapsed().as_millis()).unwrap_or(u64::MAX).saturating_add(1)
}

/// The pulse of one connection.
#[derive(Debug)]
pub(crate) struct Pulse {
    phase: AtomicU8,
    since: AtomicU64,
    /// Since when the peer has taken nothing of what we want to send; 0 while it takes some.
    blocked_since: AtomicU64,
    /// Whether what was written ends with a whole message.
    whole: AtomicBool,
    has_interim: AtomicBool,
    interim: Mutex<Vec<u8>>,
}

impl Default for Pulse {
    fn default() -> Self {
        Self {
            phase: AtomicU8::new(Phase::Idle as u8),
            since: AtomicU64::new(now_ms()),
            blocked_since: AtomicU64::new(0),
            whole: AtomicBool::new(true),
            has_interim: AtomicBool::new(false),
            interim: Mutex::default(),
        }
    }
}

/// How long each phase may last.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    pub(crate) idle: Duration,
    pub(crate) head: Duration,
    pub(crate) blocked: Duration,
}

impl Pulse {
    pub(crate) fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Relaxed);
        self.since.store(now_ms(), Relaxed);
    }

    /// Something was read.
    pub(crate) fn heard(&self) {
        if self.phase.load(Relaxed) == Phase::Idle as u8 {
            self.enter(Phase::Head);
        }
    }

    /// The peer does not take what we send.
    pub(crate) fn blocked(&self) {
        if self.blocked_since.load(Relaxed) == 0 {
            self.blocked_since.store(now_ms(), Relaxed);
        }
    }

    /// The peer took some of what was to be sent.
    pub(crate) fn unblocked(&self) {
        if self.blocked_since.load(Relaxed) != 0 {
            self.blocked_since.store(0, Relaxed);
        }
    }

    pub(crate) fn is_blocked(&self) -> bool {
        self.blocked_since.load(Relaxed) != 0
    }

    /// Whether the peer has been waited for longer than that.
    pub(crate) fn is_lost(&self, now_ms: u64, patience: Patience) -> bool {
        let over = |since: u64, limit: Duration| {
            u128::from(now_ms.saturating_sub(since)) > limit.as_millis()
        };
        let blocked = self.blocked_since.load(Relaxed);
        if blocked != 0 && over(blocked, patience.blocked) {
            return true;
        }
        let since = self.since.load(Relaxed);
        match self.phase.load(Relaxed) {
            phase if phase == Phase::Idle as u8 || phase == Phase::Quiet as u8 => {
                over(since, patience.idle)
            }
            phase if phase == Phase::Head as u8 => over(since, patience.head),
            _ => false,
        }
    }

    /// A part of a message is handed over for sending. What was waiting to be sent before it is due now.
    pub(crate) fn writes(&self) -> Option<Bytes> {
        self.whole.store(false, Relaxed);
        self.take_interim()
    }

    /// Everything up to the end of a message was handed over. What was waiting to be sent after it is due.
    pub(crate) fn flushed(&self) -> Option<Bytes> {
        self.whole.store(true, Relaxed);
        self.take_interim()
    }

    fn take_interim(&self) -> Option<Bytes> {
        if !self.has_interim.load(Relaxed) {
            return None;
        }
        self.has_interim.store(false, Relaxed);
        let mut interim = self.interim.lock().unwrap_or_else(PoisonError::into_inner);
        Some(std::mem::take(&mut *interim).into())
    }

    /// Sends a 1xx answer at the next flush. Such answers may be left out, and are while another message is being sent.
    pub(crate) fn interim(&self, answer: &[u8]) {
        let mut interim = self.interim.lock().unwrap_or_else(PoisonError::into_inner);
        if self.whole.load(Relaxed) && interim.len() + answer.len() <= INTERIM_BYTES_MAX {
            interim.extend_from_slice(answer);
            self.has_interim.store(true, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience {
        idle: Duration::from_millis(100),
        head: Duration::from_millis(10),
        blocked: Duration::from_millis(50),
    };

    #[test]
    fn each_phase_has_its_own_patience() {
        let pulse = Pulse::default();
        let since = now_ms();
        let lost = |after| pulse.is_lost(since + after, PATIENCE);
        assert!(!lost(90) && lost(1000), "idle");
        pulse.heard();
        assert!(lost(90), "a head that does not end");
        pulse.enter(Phase::Quiet);
        pulse.heard();
        assert!(!lost(90), "what is heard is no head");
        pulse.enter(Phase::Exchange);
        assert!(!lost(10_000), "an exchange has clocks of its own");
        pulse.blocked();
        assert!(lost(10_000), "a peer that takes nothing");
        pulse.unblocked();
        assert!(!lost(10_000));
    }

    #[test]
    fn an_interim_answer_never_comes_into_another_message() {
        let pulse = Pulse::default();
        assert_eq!(pulse.writes(), None);
        pulse.interim(b"left out");
        assert_eq!(pulse.flushed(), None);
        pulse.interim(b"before the answer");
        assert_eq!(pulse.writes().as_deref(), Some(&b"before the answer"[..]));
        assert_eq!(pulse.flushed(), None);
        pulse.interim(b"a");
        pulse.interim(b"b");
        assert_eq!(pulse.flushed().as_deref(), Some(&b"ab"[..]));
        assert_eq!(pulse.flushed(), None);
    }
}
