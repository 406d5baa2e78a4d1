//! Chance as a port: ids, tokens and secrets are drawn here, before a rule is asked, so that tests can fix them.

use std::sync::atomic::{AtomicU64, Ordering};

use np_domain::{
    Timestamp,
    custom_hostname::OwnershipToken,
    delegation::DelegationId,
    id::{
        AccountId, CertificateId, CsrId, DnsRecordId, HostnameId, PackId, PolicyId, TokenId,
        UserId, ZoneId,
    },
    ports::Clock as _,
};
use rand::Rng;
use uuid::Uuid;

use crate::adapters::clock::SystemClock;

/// A source of bytes that nobody can guess.
pub trait Draws: Send + Sync {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);

    /// The time that ids begin with of which there are many, so that rows that are added together lie together in every
    /// index; nothing: they begin anyhow.
    fn beginning(&self) -> Option<Timestamp> {
        None
    }
}

/// The real source: a cryptographic generator, seeded by the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct RandomDraws;

impl Draws for RandomDraws {
    fn fill(&self, bytes: &mut [u8]) {
        rand::rng().fill_bytes(bytes);
    }

    /// Not the time of any `Clock`: nothing is decided by it, and nobody reads it out of an id.
    fn beginning(&self) -> Option<Timestamp> {
        Some(SystemClock.now())
    }
}

/// A source for tests: each draw is the number of the draw, so that no two are alike and every run is.
#[derive(Debug, Default)]
pub struct CountingDraws(AtomicU64);

impl Draws for CountingDraws {
    fn fill(&self, bytes: &mut [u8]) {
        let number = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        bytes.fill(0);
        for (byte, digit) in bytes.iter_mut().rev().zip(number.to_le_bytes()) {
            *byte = digit;
        }
    }
}

impl dyn Draws + '_ {
    fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A number from 0 to 1.
    pub(crate) fn fraction(&self) -> f64 {
        f64::from(u32::from_be_bytes(self.bytes())) / f64::from(u32::MAX)
    }

    /// A random UUID (version 4).
    pub fn uuid(&self) -> Uuid {
        uuid::Builder::from_random_bytes(self.bytes()).into_uuid()
    }

    /// A UUID that begins with the time, where there is one (version 7), with 74 random bits. For what is no secret.
    fn uuid_in_order(&self) -> Uuid {
        let millis = self.beginning().map(|at| at.unix_timestamp_nanos() / 1_000_000);
        match millis.and_then(|millis| u64::try_from(millis).ok()) {
            Some(millis) => {
                uuid::Builder::from_unix_timestamp_millis(millis, &self.bytes()).into_uuid()
            }
            None => self.uuid(),
        }
    }

    /// The id of a new hostname.
    pub fn hostname_id(&self) -> HostnameId {
        HostnameId::from_uuid(self.uuid_in_order())
    }

    /// The id of a new certificate pack.
    pub fn pack_id(&self) -> PackId {
        PackId::from_uuid(self.uuid_in_order())
    }

    /// The id of an uploaded certificate.
    pub fn certificate_id(&self) -> CertificateId {
        CertificateId::from_uuid(self.uuid())
    }

    /// The id of a new certificate signing request.
    pub fn csr_id(&self) -> CsrId {
        CsrId::from_uuid(self.uuid())
    }

    /// The token that proves ownership of a new hostname.
    pub fn ownership_token(&self) -> OwnershipToken {
        OwnershipToken::from_uuid(self.uuid())
    }

    /// The id of a new zone.
    pub fn zone_id(&self) -> ZoneId {
        ZoneId::from_bytes(self.bytes())
    }

    /// The id of a new DNS record.
    pub fn dns_record_id(&self) -> DnsRecordId {
        DnsRecordId::from_bytes(self.bytes())
    }

    /// The id of a new account.
    pub fn account_id(&self) -> AccountId {
        AccountId::from_bytes(self.bytes())
    }

    /// The id of a new API token.
    pub fn token_id(&self) -> TokenId {
        TokenId::from_bytes(self.bytes())
    }

    /// A new zone's part of delegation targets.
    pub fn delegation_id(&self) -> DelegationId {
        DelegationId::from_bytes(self.bytes())
    }

    /// The id of a new policy.
    pub fn policy_id(&self) -> PolicyId {
        PolicyId::from_bytes(self.bytes())
    }

    /// The id of a new user.
    pub fn user_id(&self) -> UserId {
        UserId::from_bytes(self.bytes())
    }

    /// What makes one attempt different from all others.
    pub(crate) fn attempt(&self) -> [u8; 16] {
        self.bytes()
    }

    /// The bytes of a new key of a user: one digit more than is used.
    pub(crate) fn key(&self) -> [u8; super::users::KEY_DIGITS.div_ceil(2)] {
        self.bytes()
    }

    /// The bytes of a new API token's secret.
    pub(crate) fn secret(&self) -> [u8; super::tokens::SECRET_BYTES] {
        self.bytes()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use time::macros::datetime;

    use super::*;

    #[test]
    fn counting_draws_are_different_and_the_same_in_every_run() {
        let ids = || {
            let draws: &dyn Draws = &CountingDraws::default();
            [draws.zone_id().to_string(), draws.hostname_id().to_string()]
        };
        assert_eq!(ids(), ids());
        assert_eq!(ids()[1], "00000000-0000-4000-8000-000000000002");
    }

    #[test]
    fn random_draws_differ() {
        let draws: &dyn Draws = &RandomDraws;
        assert_ne!(draws.zone_id(), draws.zone_id());
        assert_ne!(draws.hostname_id(), draws.hostname_id());
    }

    #[test]
    fn ids_of_hostnames_begin_with_the_time_and_tokens_do_not() {
        struct At(Timestamp);
        impl Draws for At {
            fn fill(&self, bytes: &mut [u8]) {
                RandomDraws.fill(bytes);
            }

            fn beginning(&self) -> Option<Timestamp> {
                Some(self.0)
            }
        }
        let at = datetime!(2026-11-30 18:00:00.123 UTC);
        let draws: &dyn Draws = &At(at);
        let (id, later) = (draws.hostname_id().to_string(), At(at + Duration::from_millis(1)));
        let millis = u64::from_str_radix(&id.replace('-', "")[..12], 16).unwrap();
        assert_eq!(i128::from(millis), at.unix_timestamp_nanos() / 1_000_000);
        assert_eq!(&id[14..15], "7", "{id}");
        assert!(id < (&later as &dyn Draws).hostname_id().to_string());
        assert_eq!(&draws.ownership_token().to_string()[14..15], "4");
    }
}
