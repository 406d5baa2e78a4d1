//! A pack: one certificate for several of a zone's own hosts (behaviour.md 3.7).
//!
//! What is ordered, and by which rules. How its certificate is obtained is the same as for a custom hostname's: see
//! [`crate::certificate`]. Its hosts never change; another choice of hosts is another pack.

use std::{collections::BTreeSet, time::Duration};

use thiserror::Error;

use crate::{
    Timestamp,
    certificate::{CertName, Certificate},
    id::{PackId, ZoneId},
    name::{COMMON_NAME_LENGTH_MAX, DnsName, Hostname},
    zone::Zone,
};

/// The most hosts of a pack (behaviour.md 3.7).
pub const PACK_HOSTS_MAX: usize = 50;

/// A certificate that was ordered for some of a zone's own hosts. Its certificate is a value beside it; the two are kept
/// and saved as one, so that the certificate's version is that of both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pack {
    /// Its id.
    pub id: PackId,
    /// Whose hosts it covers.
    pub zone: ZoneId,
    /// Who ordered it.
    pub kind: PackKind,
    /// The names that it covers. Never change.
    pub hosts: PackHosts,
    /// How long its certificates shall live. A CA that takes no wishes decides by itself.
    pub validity: Validity,
    /// Whether a name of the provider's may be put first on the certificate when all hosts are too long for that
    /// (behaviour.md, code 1469). Kept and shown; certificates without a common name are issued either way.
    pub branding: bool,
    /// When it was ordered.
    pub created_at: Timestamp,
    /// When its deletion was accepted: from then on it is found by nobody but who takes it from the serving nodes.
    pub leaving_since: Option<Timestamp>,
}

/// A pack with its certificate, as stores hand them out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackRecord {
    /// The pack.
    pub pack: Pack,
    /// Its certificate.
    pub certificate: Certificate,
}

/// Who ordered a pack. Of two packs for one name, the lesser in this order is served (behaviour.md 4.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PackKind {
    /// The provider.
    Advanced,
    /// We, because the zone's universal certificate is on.
    Universal,
}

/// How long a certificate shall live, of the choices that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Validity {
    /// 14 days.
    Days14,
    /// 30 days.
    Days30,
    /// 90 days.
    Days90,
    /// 365 days: no public CA issues that any more.
    Days365,
}

impl Validity {
    /// All of them, shortest first.
    pub const ALL: [Self; 4] = [Self::Days14, Self::Days30, Self::Days90, Self::Days365];

    /// The number of days.
    pub fn days(self) -> u16 {
        match self {
            Self::Days14 => 14,
            Self::Days30 => 30,
            Self::Days90 => 90,
            Self::Days365 => 365,
        }
    }

    /// What a CA is asked for; `None`: nothing, because 90 days is what CAs give by themselves, or as near to it as they
    /// still may.
    pub fn asked(self) -> Option<Duration> {
        let day = Duration::from_secs(24 * 60 * 60);
        (self != Self::Days90).then(|| day * u32::from(self.days()))
    }

    /// The choice of so many days.
    pub fn of_days(days: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| u64::from(choice.days()) == days)
    }

    /// Whether public CAs may still issue it: at most 200 days since 2026-03-15 (CA/Browser Forum baseline requirements
    /// 6.3.2).
    pub fn is_public(self) -> bool {
        self != Self::Days365
    }
}

/// The names of a pack: judged, distinct, in the order in which they were given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackHosts(Vec<CertName>);

/// Why hosts cannot make a pack.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PackHostsError {
    /// None, or more than [`PACK_HOSTS_MAX`].
    #[error("a pack has 1 to {PACK_HOSTS_MAX} hosts, not {0}")]
    Count(usize),
    /// One is there twice.
    #[error("{0} is there twice")]
    Twice(CertName),
    /// One is not within the zone.
    #[error("{host} is not within the zone {zone}")]
    Elsewhere {
        /// The host.
        host: CertName,
        /// The zone.
        zone: Hostname,
    },
    /// The zone's own name is missing.
    #[error("the zone's own name {0} is missing")]
    NoApex(Hostname),
}

impl PackHosts {
    /// Judges the hosts of a pack of `zone`.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn new(hosts: Vec<CertName>, zone: &Hostname) -> Result<Self, PackHostsError> {
        if hosts.is_empty() || hosts.len() > PACK_HOSTS_MAX {
            return Err(PackHostsError::Count(hosts.len()));
        }
        let mut seen = BTreeSet::new();
        if let Some(host) = hosts.iter().find(|host| !seen.insert(*host)) {
            return Err(PackHostsError::Twice(host.clone()));
        }
        let is_elsewhere = |host: &&CertName| !host.base().as_dns().is_within(zone.as_str());
        if let Some(host) = hosts.iter().find(is_elsewhere) {
            return Err(PackHostsError::Elsewhere { host: host.clone(), zone: zone.clone() });
        }
        if !hosts.contains(&CertName::Exact(zone.clone())) {
            return Err(PackHostsError::NoApex(zone.clone()));
        }
        Ok(Self(hosts))
    }

    /// The zone's own name and everything one level below it: what a universal certificate covers.
    pub fn universal(zone: &Hostname) -> Self {
        Self(vec![CertName::Exact(zone.clone()), CertName::Wildcard(zone.wildcard())])
    }

    /// Hosts that were judged before and come back from where they were kept.
    pub fn restored(hosts: Vec<CertName>) -> Self {
        Self(hosts)
    }

    /// The names.
    pub fn as_slice(&self) -> &[CertName] {
        &self.0
    }

    /// The names without `*.`, each once: where control is shown.
    pub fn bases(&self) -> impl Iterator<Item = &Hostname> {
        let mut seen = BTreeSet::new();
        self.0.iter().map(CertName::base).filter(move |base| seen.insert(*base))
    }

    /// The same, to ask whose they are.
    pub fn base_names(&self) -> Vec<DnsName> {
        self.bases().map(|base| base.as_dns().clone()).collect()
    }

    /// Whether some name is a wildcard.
    pub fn has_wildcard(&self) -> bool {
        self.0.iter().any(CertName::is_wildcard)
    }

    /// Whether no name is short enough to be a certificate's common name.
    pub fn are_too_long_for_common_name(&self) -> bool {
        self.0.iter().all(|host| host.to_string().len() > COMMON_NAME_LENGTH_MAX)
    }

    /// The first that another account's zone is closer to than `zone`: not for this zone's account to have. `around` has
    /// the zones at and above the hosts.
    pub fn lost(&self, zone: &Zone, around: &[Zone]) -> Option<&CertName> {
        self.0.iter().find(|host| !zone.has(host.base().as_dns(), around))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone() -> Hostname {
        "saasprovider.com".parse().unwrap()
    }

    fn hosts(names: &[&str]) -> Result<PackHosts, PackHostsError> {
        PackHosts::new(names.iter().map(|name| name.parse().unwrap()).collect(), &zone())
    }

    #[test]
    fn hosts_of_a_pack_are_the_zones_own_and_include_its_apex() {
        let elsewhere =
            |host: &str| PackHostsError::Elsewhere { host: host.parse().unwrap(), zone: zone() };
        for (names, expected) in [
            (&["saasprovider.com"][..], Ok(())),
            (&["*.saasprovider.com", "saasprovider.com", "a.b.saasprovider.com"], Ok(())),
            (&[], Err(PackHostsError::Count(0))),
            (
                &["saasprovider.com", "www.saasprovider.com", "saasprovider.com"],
                Err(PackHostsError::Twice("saasprovider.com".parse().unwrap())),
            ),
            (&["saasprovider.com", "evilsaasprovider.com"], Err(elsewhere("evilsaasprovider.com"))),
            (&["saasprovider.com", "*.customer.com"], Err(elsewhere("*.customer.com"))),
            (&["*.saasprovider.com"], Err(PackHostsError::NoApex(zone()))),
        ] {
            assert_eq!(hosts(names).map(|_| ()), expected, "{names:?}");
        }
        let many: Vec<_> = (0..50).map(|n| format!("h{n}.saasprovider.com")).collect();
        let mut names: Vec<_> = many.iter().map(String::as_str).collect();
        names.push("saasprovider.com");
        assert_eq!(hosts(&names).map(|_| ()), Err(PackHostsError::Count(51)));
        assert!(hosts(&names[1..]).is_ok());
    }

    #[test]
    fn a_name_and_its_wildcard_are_proven_at_one_place() {
        let plain = hosts(&["saasprovider.com", "www.saasprovider.com"]).unwrap();
        let wild = PackHosts::universal(&zone());
        assert!(wild.has_wildcard() && !plain.has_wildcard());
        let bases: Vec<_> = wild.bases().map(Hostname::as_str).collect();
        assert_eq!(bases, ["saasprovider.com"], "one place for both proofs");
    }

    #[test]
    fn only_what_a_public_ca_may_issue_counts_as_public() {
        for (days, expected) in [(14, Some(true)), (90, Some(true)), (365, Some(false)), (91, None)]
        {
            assert_eq!(Validity::of_days(days).map(Validity::is_public), expected, "{days}");
        }
    }
}
