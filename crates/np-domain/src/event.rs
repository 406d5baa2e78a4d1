//! The history of a hostname or of a zone's certificate pack: one event for each change of state, with the evidence.

use crate::{Timestamp, text::Explanation};

/// Something that happened to a hostname or a pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: EventKind,
    /// The evidence: which server said what, which CA, which generation.
    pub detail: Explanation,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// The hostname was added.
    Created,
    /// Its settings were changed, or its checks restarted, by the API.
    Edited,
    /// Its deletion was accepted.
    Deleted,
    /// Ownership was proven.
    OwnershipProven,
    /// A check for ownership failed.
    OwnershipUnproven,
    /// It is not, or no longer, ours to serve.
    OwnershipMoved,
    /// It leads elsewhere, and will count as moved.
    OwnershipDoubted,
    /// It leads here again.
    OwnershipConfirmed,
    /// It may not be served.
    OwnershipBlocked,
    /// It stayed moved for so long that it was given up.
    OwnershipGivenUp,
    /// Checks for ownership began anew.
    OwnershipRestarted,
    /// A certificate was ordered.
    CertificateOrdered,
    /// An order was refused or could not be placed.
    OrderFailed,
    /// An order waits for its turn within a CA's limits.
    OrderQueued,
    /// Our own look did not see the proof of control yet.
    ControlUnseen,
    /// The proof of control is visible; the CA was told.
    ControlSeen,
    /// Somebody who was asked by e-mail approved.
    ControlApproved,
    /// The CA's tokens ended unused; new ones are ordered.
    ControlExpired,
    /// The CA did not accept the proof.
    ControlRejected,
    /// The CA accepted the proof; the certificate was requested.
    IssuanceRequested,
    /// The certificate was issued.
    CertificateIssued,
    /// All live serving nodes have it.
    CertificateDeployed,
    /// The attempt at a certificate ended without one.
    CertificateStalled,
    /// A renewal began.
    RenewalStarted,
    /// A renewal that fails has become more urgent.
    RenewalLate,
    /// Everything issued before a moment is to be replaced.
    ReissueOrdered,
    /// What was replaced was revoked at its CA.
    CertificateRevoked,
    /// A CA does not revoke what was replaced.
    RevocationFailed,
    /// Another certificate stands in for one that could not be renewed.
    CertificateStoodIn,
    /// A certificate was uploaded.
    CertificateUploaded,
    /// An uploaded certificate ends soon.
    CertificateExpiring,
    /// An uploaded certificate has ended.
    CertificateExpired,
    /// A zone's certificate pack was ordered.
    PackOrdered,
    /// A zone's certificate pack was changed, or its checks restarted, by the API.
    PackEdited,
    /// The deletion of a zone's certificate pack was accepted.
    PackDeleted,
}

impl EventKind {
    /// All kinds, with the name that logs and the store use.
    pub const ALL: [(Self, &'static str); 35] = [
        (Self::Created, "hostname.created"),
        (Self::Edited, "hostname.edited"),
        (Self::Deleted, "hostname.deleted"),
        (Self::OwnershipProven, "ownership.proven"),
        (Self::OwnershipUnproven, "ownership.unproven"),
        (Self::OwnershipMoved, "ownership.moved"),
        (Self::OwnershipDoubted, "ownership.doubted"),
        (Self::OwnershipConfirmed, "ownership.confirmed"),
        (Self::OwnershipBlocked, "ownership.blocked"),
        (Self::OwnershipGivenUp, "ownership.given_up"),
        (Self::OwnershipRestarted, "ownership.restarted"),
        (Self::CertificateOrdered, "certificate.ordered"),
        (Self::OrderFailed, "certificate.order_failed"),
        (Self::OrderQueued, "certificate.order_queued"),
        (Self::ControlUnseen, "certificate.control_unseen"),
        (Self::ControlSeen, "certificate.control_seen"),
        (Self::ControlApproved, "certificate.control_approved"),
        (Self::ControlExpired, "certificate.control_expired"),
        (Self::ControlRejected, "certificate.control_rejected"),
        (Self::IssuanceRequested, "certificate.issuance_requested"),
        (Self::CertificateIssued, "certificate.issued"),
        (Self::CertificateDeployed, "certificate.deployed"),
        (Self::CertificateStalled, "certificate.stalled"),
        (Self::RenewalStarted, "certificate.renewal_started"),
        (Self::RenewalLate, "certificate.renewal_late"),
        (Self::ReissueOrdered, "certificate.reissue_ordered"),
        (Self::CertificateRevoked, "certificate.revoked"),
        (Self::RevocationFailed, "certificate.revocation_failed"),
        (Self::CertificateStoodIn, "certificate.stood_in"),
        (Self::CertificateUploaded, "certificate.uploaded"),
        (Self::CertificateExpiring, "certificate.expiring"),
        (Self::CertificateExpired, "certificate.expired"),
        (Self::PackOrdered, "pack.ordered"),
        (Self::PackEdited, "pack.edited"),
        (Self::PackDeleted, "pack.deleted"),
    ];

    /// The stable dotted name.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("unknown", |(_, name)| name)
    }

    /// The kind with that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_name_of_its_own() {
        for (kind, name) in EventKind::ALL {
            assert_eq!(EventKind::parse(name), Some(kind));
            assert_eq!(kind.as_str(), name);
        }
    }
}
