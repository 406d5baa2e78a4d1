//! Ownership: whether the hostname's owner wants it here. States, and the step from one to the next.
//!
//! `Unproven` -> `Proven` -> `Moved`; side states `Blocked` and `Leaving`. [`assess`] judges what was seen, [`watch`] what is
//! seen of what is active, [`obstruct`] what stands in the way; [`restart`], [`claim_elsewhere`] and [`leave`] are the other ways from state to state. Rules: behaviour.md 1.1, 2.

mod assess;
mod evidence;
mod obstacle;
mod sighting;
pub mod watch;

pub use assess::{Challenge, Verdict, assess, claim_elsewhere, give_up, is_proof, leave, restart};
pub use evidence::{CnameChain, Failure, Observation, Seen};
pub use obstacle::{BlockedName, Obstacle, obstacle, obstruct};
pub use sighting::{SightedBy, Sighting};

use std::time::Duration;

pub use watch::{Doubt, Terms, Watch};

use crate::{Timestamp, event::EventKind, text::Explanation};

/// A hostname that stays moved for this long is given up (behaviour.md 1.1).
pub const MOVED_GRACE: Duration = Duration::from_secs(7 * 24 * 3600);
/// At most this many consecutive CNAMEs are followed (behaviour.md 2.1).
pub const CNAME_DEPTH_MAX: usize = 10;

/// The ownership of a hostname.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Not proven yet: checks run on the schedule.
    Unproven(Unproven),
    /// Proven: the hostname is served.
    Proven(Proven),
    /// Not, or no longer, here. Not served.
    Moved(Moved),
    /// Stayed moved for [`MOVED_GRACE`]. Not served, still readable; a restart brings it back.
    GivenUp(GivenUp),
    /// May not be served, whoever proves what.
    Blocked(Blocked),
    /// Its deletion was accepted: it is leaving the serving nodes, then the store.
    Leaving(Leaving),
}

/// Ownership is not proven yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unproven {
    /// When these checks began.
    pub since: Timestamp,
    /// How many checks have failed since.
    pub attempt: u32,
    /// When to look next.
    pub next_check: Timestamp,
    /// Why the last check failed; empty before the first.
    pub failures: Vec<Failure>,
}

/// Ownership is proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// How.
    pub by: Method,
    /// When. Of two hostnames of one name, the later one is served.
    pub at: Timestamp,
    /// What was seen.
    pub evidence: Explanation,
    /// Whether it still leads here.
    pub watch: Watch,
}

/// The hostname is not, or no longer, here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Why.
    pub why: MovedWhy,
    /// Since when.
    pub since: Timestamp,
    /// Why the last check failed.
    pub failures: Vec<Failure>,
}

/// Why a hostname counts as moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MovedWhy {
    /// The schedule ended without proof.
    NeverProven,
    /// It led here, and leads elsewhere.
    PointsElsewhere,
    /// Another zone proved the same name later.
    ProvenElsewhere,
}

/// Given up after [`MOVED_GRACE`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenUp {
    /// Since when.
    pub since: Timestamp,
}

/// May not be served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocked {
    /// What stands in the way.
    pub cause: BlockedCause,
    /// It in words.
    pub why: Explanation,
    /// Since when.
    pub since: Timestamp,
    /// When to see whether it is still in the way.
    pub next_check: Timestamp,
}

/// What stands in a hostname's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BlockedCause {
    /// The owner of the domain holds it: nobody else may begin with it.
    Hold,
    /// The operator blocks it.
    List,
}

/// Its deletion was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaving {
    /// When.
    pub since: Timestamp,
}

/// How ownership was proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// All addresses of the hostname are the account's.
    Apex,
    /// The hostname is a CNAME to the zone.
    Cname,
    /// The token was served over HTTP.
    Http,
    /// The token was found in a TXT record.
    Txt,
}

impl Method {
    /// The method's name in logs and history.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Apex => "apex",
            Self::Cname => "cname",
            Self::Http => "http",
            Self::Txt => "txt",
        }
    }
}

/// A state without what is particular about it: what lists are filtered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// [`State::Unproven`]
    Unproven,
    /// [`State::Proven`]
    Proven,
    /// [`State::Moved`]
    Moved,
    /// [`State::GivenUp`]
    GivenUp,
    /// [`State::Blocked`]
    Blocked,
    /// [`State::Leaving`]
    Leaving,
}

impl Kind {
    /// All of them, with the name that the store uses.
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::Unproven, "unproven"),
        (Self::Proven, "proven"),
        (Self::Moved, "moved"),
        (Self::GivenUp, "given_up"),
        (Self::Blocked, "blocked"),
        (Self::Leaving, "leaving"),
    ];

    /// The name.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(known, _)| *known == self).map_or("unproven", |(_, name)| name)
    }

    /// The kind with that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }
}

impl State {
    /// Which state it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Unproven(_) => Kind::Unproven,
            Self::Proven(_) => Kind::Proven,
            Self::Moved(_) => Kind::Moved,
            Self::GivenUp(_) => Kind::GivenUp,
            Self::Blocked(_) => Kind::Blocked,
            Self::Leaving(_) => Kind::Leaving,
        }
    }

    /// The state of a new hostname: to be checked at once.
    pub fn new(now: Timestamp) -> Self {
        Self::Unproven(Unproven { since: now, attempt: 0, next_check: now, failures: Vec::new() })
    }

    /// When a reconciler must look at it again by itself; `None`: only when something happens.
    pub fn due_at(&self) -> Option<Timestamp> {
        match self {
            Self::Unproven(unproven) => Some(unproven.next_check),
            Self::Moved(moved) => Some(moved.since + MOVED_GRACE),
            Self::Leaving(leaving) => Some(leaving.since),
            Self::Proven(proven) => proven.watch.next_check,
            Self::Blocked(blocked) => Some(blocked.next_check),
            Self::GivenUp(_) => None,
        }
    }

    /// The proof, when there is one: nothing is served without it.
    pub fn proof(&self) -> Option<&Proven> {
        match self {
            Self::Proven(proven) => Some(proven),
            _ => None,
        }
    }

    /// Why the last check failed.
    pub fn failures(&self) -> &[Failure] {
        match self {
            Self::Unproven(unproven) => &unproven.failures,
            Self::Moved(moved) => &moved.failures,
            Self::Proven(proven) => {
                proven.watch.doubt.as_ref().map_or(&[], |doubt| &doubt.failures)
            }
            _ => &[],
        }
    }
}
