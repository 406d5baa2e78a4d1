//! The projection of the two state machines onto the API's 16 hostname statuses and 21 certificate statuses.
//!
//! Computed at each reply and never stored. docs/states.md has the same table for readers; tests hold the two together.

use std::borrow::Cow;

use np_domain::{
    Timestamp,
    certificate::{Certificate, Phase, Standing},
    ownership,
};
use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::api::openapi::shape;

macro_rules! statuses {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $(#[doc = concat!("`", $word, "`")] $variant,)*
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                shape::word_of(&[$($word),*])
            }
        }

        impl $name {
            /// All of them, in the order of the API's schema.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The API's word.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }
    };
}

statuses! {
    /// `status` of a custom hostname (behaviour.md 1.1).
    HostnameStatus {
        Active = "active",
        Pending = "pending",
        ActiveRedeploying = "active_redeploying",
        Moved = "moved",
        PendingDeletion = "pending_deletion",
        Deleted = "deleted",
        PendingBlocked = "pending_blocked",
        PendingMigration = "pending_migration",
        PendingProvisioned = "pending_provisioned",
        TestPending = "test_pending",
        TestActive = "test_active",
        TestActiveApex = "test_active_apex",
        TestBlocked = "test_blocked",
        TestFailed = "test_failed",
        Provisioned = "provisioned",
        Blocked = "blocked",
    }
}

statuses! {
    /// `ssl.status` (behaviour.md 1.3).
    CertificateStatus {
        Initializing = "initializing",
        PendingValidation = "pending_validation",
        Deleted = "deleted",
        PendingIssuance = "pending_issuance",
        PendingDeployment = "pending_deployment",
        PendingDeletion = "pending_deletion",
        PendingExpiration = "pending_expiration",
        Expired = "expired",
        Active = "active",
        InitializingTimedOut = "initializing_timed_out",
        ValidationTimedOut = "validation_timed_out",
        IssuanceTimedOut = "issuance_timed_out",
        DeploymentTimedOut = "deployment_timed_out",
        DeletionTimedOut = "deletion_timed_out",
        PendingCleanup = "pending_cleanup",
        StagingDeployment = "staging_deployment",
        StagingActive = "staging_active",
        Deactivating = "deactivating",
        Inactive = "inactive",
        BackupIssued = "backup_issued",
        HoldingDeployment = "holding_deployment",
    }
}

impl HostnameStatus {
    /// How an ownership looks from outside.
    pub fn of(state: &ownership::State) -> Self {
        Self::of_kind(state.kind())
    }

    fn of_kind(kind: ownership::Kind) -> Self {
        match kind {
            ownership::Kind::Unproven => Self::Pending,
            ownership::Kind::Proven => Self::Active,
            ownership::Kind::Moved => Self::Moved,
            ownership::Kind::GivenUp => Self::Deleted,
            ownership::Kind::Blocked => Self::Blocked,
            ownership::Kind::Leaving => Self::PendingDeletion,
        }
    }

    /// The states that look so: what a list is filtered by.
    pub(crate) fn kinds(self) -> Vec<ownership::Kind> {
        let kinds = ownership::Kind::ALL.iter().map(|(kind, _)| *kind);
        kinds.filter(|kind| Self::of_kind(*kind) == self).collect()
    }
}

impl CertificateStatus {
    /// How a certificate looks from outside. What is served decides first, so that a renewal does not flicker.
    pub fn of(certificate: &Certificate, ownership: &ownership::State, now: Timestamp) -> Self {
        if matches!(ownership, ownership::State::Leaving(_)) {
            return Self::PendingDeletion;
        }
        match Standing::at(Some(certificate), now) {
            Standing::Uploaded if ownership.proof().is_none() => Self::HoldingDeployment,
            standing => Self::of_standing(standing).unwrap_or(Self::Deleted),
        }
    }

    /// The same for a certificate of what is not leaving.
    pub(crate) fn of_kept(certificate: &Certificate, now: Timestamp) -> Self {
        Self::of_standing(Standing::at(Some(certificate), now)).unwrap_or(Self::Deleted)
    }

    /// `None` where there is no certificate.
    fn of_standing(standing: Standing) -> Option<Self> {
        Some(match standing {
            Standing::Absent => return None,
            Standing::Ordering => Self::Initializing,
            Standing::Control => Self::PendingValidation,
            Standing::Issuance => Self::PendingIssuance,
            Standing::Deployment | Standing::Uploaded => Self::PendingDeployment,
            Standing::Serving => Self::Active,
            Standing::Over => Self::Expired,
            Standing::Stalled(Phase::Ordering) => Self::InitializingTimedOut,
            Standing::Stalled(Phase::Control) => Self::ValidationTimedOut,
            Standing::Stalled(Phase::Issuance) => Self::IssuanceTimedOut,
            Standing::Stalled(Phase::Deployment) => Self::DeploymentTimedOut,
        })
    }

    /// The standings that look so: what a list is filtered by. Those of leaving hostnames are in no list. Which of those that
    /// were uploaded wait for a proof of ownership is another filter: [`Self::is_held`].
    pub(crate) fn standings(self) -> Vec<Standing> {
        if self == Self::HoldingDeployment {
            return vec![Standing::Uploaded];
        }
        let standings = Standing::ALL.iter().map(|(standing, _)| *standing);
        standings.filter(|standing| Self::of_standing(*standing) == Some(self)).collect()
    }

    /// Whether only those look so that wait for a proof of ownership, or only those that do not; `None`: all the same.
    pub(crate) fn is_held(self) -> Option<bool> {
        match self {
            Self::HoldingDeployment => Some(true),
            Self::PendingDeployment => Some(false),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
