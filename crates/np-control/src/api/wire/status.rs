//! The projection of the two state machines onto the API's 16 hostname statuses and 21 certificate statuses.
//!
//! Computed at each reply and never stored. docs/states.md has the same table for readers; tests hold the two together.

use std::borrow::Cow;

use np_domain::{
    Timestamp,
    certificate::{self, Certificate, Phase},
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
        match state {
            ownership::State::Unproven(_) => Self::Pending,
            ownership::State::Proven(_) => Self::Active,
            ownership::State::Moved(_) => Self::Moved,
            ownership::State::GivenUp(_) => Self::Deleted,
            ownership::State::Blocked(_) => Self::Blocked,
            ownership::State::Leaving(_) => Self::PendingDeletion,
        }
    }
}

impl CertificateStatus {
    /// How a certificate looks from outside. What is served decides first, so that a renewal does not flicker.
    pub fn of(certificate: &Certificate, ownership: &ownership::State, now: Timestamp) -> Self {
        if matches!(ownership, ownership::State::Leaving(_)) {
            return Self::PendingDeletion;
        }
        Self::of_kept(certificate, now)
    }

    /// The same for a certificate of what is not leaving.
    pub(crate) fn of_kept(certificate: &Certificate, now: Timestamp) -> Self {
        if !certificate.active.is_empty() {
            let over = certificate.active.iter().all(|a| a.issued.chain.not_after() <= now);
            return if over { Self::Expired } else { Self::Active };
        }
        Self::of_first(&certificate.attempt)
    }

    /// The attempt at a first certificate.
    fn of_first(attempt: &certificate::State) -> Self {
        match attempt {
            certificate::State::Settled(_)
            | certificate::State::Ordering(_)
            | certificate::State::Kept(_) => Self::Initializing,
            certificate::State::AwaitingControl(_) | certificate::State::Validating(_) => {
                Self::PendingValidation
            }
            certificate::State::Issuing(_) => Self::PendingIssuance,
            certificate::State::Issued(_) | certificate::State::Uploaded(_) => {
                Self::PendingDeployment
            }
            certificate::State::Stalled(stalled) => match stalled.phase {
                Phase::Ordering => Self::InitializingTimedOut,
                Phase::Control => Self::ValidationTimedOut,
                Phase::Issuance => Self::IssuanceTimedOut,
                Phase::Deployment => Self::DeploymentTimedOut,
            },
        }
    }
}

#[cfg(test)]
mod tests;
