//! A zone: the provider's domain, under which custom hostnames are kept, and whose DNS we answer when it is full.

pub mod activation;
pub mod settings;

mod closest;

pub use activation::{State, Status};
pub use closest::closest;
pub use settings::Settings;

use std::fmt;

use crate::{
    Timestamp,
    delegation::DelegationId,
    id::{AccountId, ZoneId},
    name::{DnsName, Hostname, InvalidName},
    origin::FallbackOrigin,
};

/// The provider's domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// Its id.
    pub id: ZoneId,
    /// Who owns it.
    pub account: AccountId,
    /// Its name, such as `saasprovider.com`.
    pub name: Hostname,
    /// Who answers its DNS.
    pub kind: ZoneKind,
    /// The zone's part of delegation targets.
    pub delegation: DelegationId,
    /// Where requests for hostnames without an origin of their own go; `None` until it is set.
    pub fallback: Option<FallbackOrigin>,
    /// Whether the account has shown that the name is its own.
    pub state: State,
    /// Whether proxied records are answered with their own content, past the edges.
    pub paused: bool,
    /// The name servers that the zone had before ours; `None` until they were found.
    pub original_name_servers: Option<Vec<DnsName>>,
    /// How its names are served.
    pub settings: Settings,
    /// Whether other accounts are kept from the name; `None`: not at all.
    pub hold: Option<ZoneHold>,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it, or its fallback origin, was last changed.
    pub modified_at: Timestamp,
    /// Counts the saves; a save names the version that it read.
    pub version: u64,
}

impl Zone {
    /// Whether the zone's owner keeps other accounts from `name` now. Only of a zone that is its account's: a stranger who
    /// adds a domain holds nothing.
    pub fn holds(&self, name: &Hostname, now: Timestamp) -> bool {
        let covers = |hold: &ZoneHold| match hold.includes_subdomains {
            true => name.as_dns().is_within(self.name.as_str()),
            false => *name == self.name,
        };
        let hold = self.hold.as_ref().filter(|hold| hold.is_in_force(now));
        self.state.is_active() && hold.is_some_and(covers)
    }

    /// What proves, at [`VerificationKey::name`], that the zone's owner is its account.
    pub fn verification_key(&self) -> VerificationKey {
        VerificationKey::of(self.id)
    }
}

/// A zone's owner keeps other accounts from using the domain for custom hostnames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ZoneHold {
    /// Whether names below the zone's are held too.
    pub includes_subdomains: bool,
    /// It is in force from then on.
    pub after: Timestamp,
}

impl ZoneHold {
    /// Whether it is in force.
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        now >= self.after
    }
}

/// What a TXT record of a zone's own domain says when the zone's account may have it. Each zone has another one, also two
/// zones of one name. It is no secret: it is published in DNS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerificationKey(u32, u32);

impl VerificationKey {
    /// Made of the random half of the zone's id, so that it need not be kept.
    fn of(zone: ZoneId) -> Self {
        let bytes = zone.as_bytes();
        let number = |at: usize| {
            let mut four = [0; 4];
            four.copy_from_slice(&bytes[at..at + 4]);
            u32::from_be_bytes(four)
        };
        Self(number(8), number(12))
    }

    /// Where the TXT record stands: `cloudflare-verify.<zone>`, which is what users' software writes.
    ///
    /// # Errors
    /// When the name would be longer than a name can be.
    pub fn name(zone: &Hostname) -> Result<DnsName, InvalidName> {
        zone.as_dns().child("cloudflare-verify")
    }

    /// Whether a TXT value is the key. Space around it is nothing.
    pub fn matches(&self, value: &str) -> bool {
        value.trim() == self.to_string()
    }
}

impl fmt::Display for VerificationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.0, self.1)
    }
}

/// Who answers the zone's DNS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ZoneKind {
    /// We are its name servers.
    Full,
    /// Its DNS is elsewhere.
    Partial,
}

/// Where a CNAME chain must end to prove ownership (behaviour.md 2.1, methods 3 and 4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CnameTarget {
    /// Full set-up: a name within the zone.
    pub zone: Hostname,
    /// Partial set-up: `<zone>.<our CDN domain>`, or a name below it.
    pub partial: Option<DnsName>,
    /// Our CDN domain. What is below it belongs to the zone that it names, and never to a zone that encloses ours.
    pub cdn_domain: Option<DnsName>,
}

impl CnameTarget {
    /// That of the hostnames of `zone`, when customers of partial zones point below `cdn_domain`.
    pub fn of(zone: &Zone, cdn_domain: Option<&DnsName>) -> Self {
        let partial = match zone.kind {
            ZoneKind::Full => None,
            ZoneKind::Partial => cdn_domain.and_then(|cdn| cdn.child(zone.name.as_str()).ok()),
        };
        Self { zone: zone.name.clone(), partial, cdn_domain: cdn_domain.cloned() }
    }

    /// Whether a chain that ends in `last` points at the zone.
    pub fn accepts(&self, last: &DnsName) -> bool {
        let is_ours = self.cdn_domain.as_ref().is_some_and(|cdn| last.is_within(cdn.as_str()));
        (!is_ours && last.is_within(self.zone.as_str()))
            || self.partial.as_ref().is_some_and(|name| last.is_within(name.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_below_our_cdn_domain_is_its_zones_and_not_that_of_a_zone_around_us() {
        let cdn: DnsName = "cdn.platform.net".parse().unwrap();
        let around = CnameTarget {
            zone: "platform.net".parse().unwrap(),
            partial: None,
            cdn_domain: Some(cdn.clone()),
        };
        let named = CnameTarget {
            zone: "saas.com".parse().unwrap(),
            partial: cdn.child("saas.com").ok(),
            cdn_domain: Some(cdn),
        };
        let last: DnsName = "saas.com.cdn.platform.net".parse().unwrap();
        assert!(!around.accepts(&last) && named.accepts(&last));
        assert!(around.accepts(&"www.platform.net".parse().unwrap()));
    }

    #[test]
    fn each_zone_has_a_key_of_its_own_and_space_around_it_is_nothing() {
        let key = VerificationKey::of(ZoneId::from_bytes([
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 3,
        ]));
        assert_eq!(key.to_string(), "258-3");
        assert!(key.matches(" 258-3\n") && !key.matches("258-30") && !key.matches(""));
        let name = VerificationKey::name(&"provider.com".parse().unwrap()).unwrap();
        assert_eq!(name.as_str(), "cloudflare-verify.provider.com");
    }
}
