//! Where a hostname's certificate stands, in one word: what lists are filtered and ordered by.
//!
//! The words do not depend on the time of asking, so that a store can keep them; only [`Standing::Serving`] becomes
//! [`Standing::Over`] by itself ([`Standing::at`]). What the API calls a status is projected from them.

use super::{Certificate, Phase, State};
use crate::Timestamp;

/// Where a certificate stands. The order is that of its life, and of lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// None was asked for.
    Absent,
    /// The first is to be ordered.
    Ordering,
    /// Control must be shown for the first.
    Control,
    /// The first is being issued.
    Issuance,
    /// The first is on its way to the serving nodes.
    Deployment,
    /// The first was uploaded, and is on its way to the serving nodes.
    Uploaded,
    /// One is served.
    Serving,
    /// The one that is served has ended.
    Over,
    /// The first was not obtained: it ended in this phase.
    Stalled(Phase),
}

impl Standing {
    /// All of them, in order, with the name that the store uses.
    pub const ALL: [(Self, &'static str); 12] = [
        (Self::Absent, "none"),
        (Self::Ordering, "ordering"),
        (Self::Control, "control"),
        (Self::Issuance, "issuance"),
        (Self::Deployment, "deployment"),
        (Self::Uploaded, "uploaded"),
        (Self::Serving, "serving"),
        (Self::Over, "over"),
        (Self::Stalled(Phase::Ordering), "stalled_ordering"),
        (Self::Stalled(Phase::Control), "stalled_control"),
        (Self::Stalled(Phase::Issuance), "stalled_issuance"),
        (Self::Stalled(Phase::Deployment), "stalled_deployment"),
    ];

    /// Where it stands, leaving the time aside: never [`Self::Over`]. What is served decides first, so that a renewal
    /// does not flicker.
    pub fn of(certificate: Option<&Certificate>) -> Self {
        match certificate {
            None => Self::Absent,
            Some(certificate) if !certificate.active.is_empty() => Self::Serving,
            Some(certificate) => Self::of_first(&certificate.attempt),
        }
    }

    /// Where it stands at `now`.
    pub fn at(certificate: Option<&Certificate>, now: Timestamp) -> Self {
        match (Self::of(certificate), certificate.and_then(Certificate::ends_at)) {
            (Self::Serving, Some(end)) if end <= now => Self::Over,
            (standing, _) => standing,
        }
    }

    fn of_first(attempt: &State) -> Self {
        match attempt {
            State::Settled(_) | State::Ordering(_) | State::Kept(_) => Self::Ordering,
            State::AwaitingControl(_) | State::Validating(_) => Self::Control,
            State::Issuing(_) => Self::Issuance,
            State::Issued(_) => Self::Deployment,
            State::Uploaded(_) => Self::Uploaded,
            State::Stalled(stalled) => Self::Stalled(stalled.phase),
        }
    }

    /// The name.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(known, _)| *known == self).map_or("none", |(_, name)| name)
    }

    /// The standing with that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(standing, _)| *standing)
    }
}

impl Certificate {
    /// When the last of what is served ends; `None` while nothing is.
    pub fn ends_at(&self) -> Option<Timestamp> {
        self.active.iter().map(|active| active.issued.chain.not_after()).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_standing_has_a_name_of_its_own_and_its_place() {
        for (standing, name) in Standing::ALL {
            assert_eq!(Standing::parse(name), Some(standing));
            assert_eq!(standing.as_str(), name);
        }
        assert!(Standing::ALL.is_sorted_by_key(|(standing, _)| *standing));
    }
}
