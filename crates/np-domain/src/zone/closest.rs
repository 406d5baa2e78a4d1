//! Whose a name is, of all the zones that it is within. There is one rule, which zones that want to become active, CNAME
//! proofs and certificate packs all ask: the closest active zone at or above the name has it. A zone that is not active
//! takes nothing from anybody.
//!
//! What it is asked with comes from [`ZoneStore::zones_around`](crate::ports::ZoneStore::zones_around).

use super::Zone;
use crate::{id::AccountId, name::DnsName};

/// The closest active zone at or above `name`. Of two of one name, which installations that trust their accounts had once,
/// the one that is not of `account` counts.
pub fn closest<'z>(
    name: &DnsName,
    around: impl IntoIterator<Item = &'z Zone>,
    account: AccountId,
) -> Option<&'z Zone> {
    let has = |zone: &&Zone| zone.state.is_active() && name.is_within(zone.name.as_str());
    let rank = |zone: &&Zone| (zone.name.as_str().len(), zone.account != account);
    around.into_iter().filter(has).max_by_key(rank)
}

impl Zone {
    /// Whether the account of this zone may speak for `name`, which is within this zone: no zone of another account is
    /// closer to it. `around` has the zones at and above the name.
    pub fn has(&self, name: &DnsName, around: &[Self]) -> bool {
        closest(name, around, self.account).is_none_or(|closest| {
            closest.account == self.account
                || closest.name.as_str().len() <= self.name.as_str().len()
        })
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::{
        delegation::DelegationId,
        id::ZoneId,
        zone::{Settings, State, ZoneKind},
    };

    const MINE: u8 = 1;
    const FOREIGN: u8 = 2;

    fn zone(account: u8, name: &str, is_active: bool) -> Zone {
        let now = datetime!(2026-11-30 12:00 UTC);
        Zone {
            id: ZoneId::from_bytes([name.len() as u8; 16]),
            account: AccountId::from_bytes([account; 16]),
            name: name.parse().unwrap(),
            kind: ZoneKind::Full,
            delegation: DelegationId::from_bytes([1; 8]),
            fallback: None,
            state: if is_active { State::automatic(now) } else { State::unproven(now) },
            paused: false,
            original_name_servers: None,
            settings: Settings::default(),
            hold: None,
            created_at: now,
            modified_at: now,
            version: 0,
        }
    }

    #[test]
    fn a_name_is_its_closest_active_zones() {
        let shop = zone(MINE, "shop.com", true);
        for (name, others, expected) in [
            ("a.shop.com", vec![], true),
            ("a.shop.com", vec![zone(FOREIGN, "a.shop.com", true)], false),
            ("x.a.shop.com", vec![zone(FOREIGN, "a.shop.com", true)], false),
            ("x.a.shop.com", vec![zone(FOREIGN, "a.shop.com", false)], true),
            ("ba.shop.com", vec![zone(FOREIGN, "a.shop.com", true)], true),
            ("a.shop.com", vec![zone(FOREIGN, "x.a.shop.com", true)], true),
            ("x.a.shop.com", vec![zone(MINE, "a.shop.com", true)], true),
            ("a.shop.com", vec![zone(FOREIGN, "other.com", true)], true),
            (
                "y.x.a.shop.com",
                vec![zone(FOREIGN, "a.shop.com", true), zone(MINE, "x.a.shop.com", true)],
                true,
            ),
            (
                "y.x.a.shop.com",
                vec![zone(MINE, "a.shop.com", true), zone(FOREIGN, "x.a.shop.com", true)],
                false,
            ),
        ] {
            let mut around = others;
            around.push(shop.clone());
            assert_eq!(shop.has(&name.parse().unwrap(), &around), expected, "{name} {around:?}");
        }
    }
}
