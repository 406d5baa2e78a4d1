//! Permission groups: the original's ids and names of those that there are here.

use np_domain::permission::{Area, Group, Need, Reach};
use schemars::JsonSchema;
use serde::Serialize;

use crate::api::openapi::shape;

/// One that tokens can be given.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "PermissionGroup")]
pub(crate) struct PermissionGroupWire {
    #[schemars(schema_with = "shape::id")]
    id: &'static str,
    name: &'static str,
    scopes: [&'static str; 1],
    category: &'static str,
    is_selectable: bool,
}

/// The id and the name of a group. Scripts that have the original's ids in them go on working.
pub(crate) fn id_and_name(group: Group) -> (&'static str, &'static str) {
    match (group.reach, group.area, group.need) {
        (Reach::Zone, Area::Zone, Need::Read) => ("c8fed203ed3043cba015a93ad1616f1f", "Zone Read"),
        (Reach::Zone, Area::Zone, Need::Write) => {
            ("e6d2666161e84845a636613608cee8d5", "Zone Write")
        }
        (Reach::Zone, Area::ZoneSettings, Need::Read) => {
            ("517b21aee92c4d89936c976ba6e4be55", "Zone Settings Read")
        }
        (Reach::Zone, Area::ZoneSettings, Need::Write) => {
            ("3030687196b94b638145a3953da2b699", "Zone Settings Write")
        }
        (Reach::Zone, Area::Dns, Need::Read) => ("82e64a83756745bbbb1c9c2701bf816b", "DNS Read"),
        (Reach::Zone, Area::Dns, Need::Write) => ("4755a26eedb94da69e1066d98aa820be", "DNS Write"),
        (Reach::Zone, Area::Ssl, Need::Read) => {
            ("7b7216b327b04b8fbc8f524e1f9b7531", "SSL and Certificates Read")
        }
        (Reach::Zone, Area::Ssl, Need::Write) => {
            ("c03055bc037c4ea9afb9a9f104b7b721", "SSL and Certificates Write")
        }
        (Reach::Account, Area::Account, Need::Read) => {
            ("c1fde68c7bcc44588cbb6ddbc16d6480", "Account Settings Read")
        }
        (Reach::Account, Area::Account, Need::Write) => {
            ("1af1fa2adc104452b74a9a3364202f20", "Account Settings Write")
        }
        (Reach::Account, Area::Ssl, Need::Read) => {
            ("a7a233f9604845c787d4c8c39ac09c21", "Account: SSL and Certificates Read")
        }
        (Reach::Account, Area::Ssl, Need::Write) => {
            ("db37e5f1cb1a4e1aabaef8deaea43575", "Account: SSL and Certificates Write")
        }
        (Reach::Account, Area::Token, Need::Read) => {
            ("eb56a6953c034b9d97dd838155666f06", "Account API Tokens Read")
        }
        (Reach::Account, Area::Token, Need::Write) => {
            ("5bc3f8b21c554832afc660159ab75fa4", "Account API Tokens Write")
        }
        (Reach::User, Area::Token, Need::Read) => {
            ("0cc3a61731504c89b99ec1be78b77aa0", "API Tokens Read")
        }
        (Reach::User, Area::Token, Need::Write) => {
            ("686d18d5ac6c441c867cbf6771e58a0a", "API Tokens Write")
        }
        (Reach::User, Area::User, Need::Read) => {
            ("8acbe5bb0d54464ab867149d7f7cf8ac", "User Details Read")
        }
        (Reach::User, Area::User, Need::Write) => {
            ("55a5e17cc99e4a3fa1f3432d262f2e55", "User Details Write")
        }
        (Reach::User, Area::Membership, Need::Read) => {
            ("3518d0f75557482e952c6762d3e64903", "Memberships Read")
        }
        (Reach::User, Area::Membership, Need::Write) => {
            ("9201bc6f42d440968aaab0c6f17ebb1d", "Memberships Write")
        }
        // No other group is in `Group::ALL`; a test holds that.
        _ => ("00000000000000000000000000000000", ""),
    }
}

/// The group with this id.
pub(crate) fn by_id(id: &str) -> Option<Group> {
    Group::ALL.into_iter().find(|group| id_and_name(*group).0.eq_ignore_ascii_case(id))
}

/// The kind of resource that a group is for.
pub(crate) fn scope(reach: Reach) -> &'static str {
    match reach {
        Reach::Account => "com.cloudflare.api.account",
        Reach::User => "com.cloudflare.api.user",
        Reach::Zone => "com.cloudflare.api.account.zone",
    }
}

pub(crate) fn render(group: Group) -> PermissionGroupWire {
    let (id, name) = id_and_name(group);
    let category = match group.reach {
        Reach::Zone => "dns_and_zones",
        Reach::Account | Reach::User => "account_and_billing",
    };
    PermissionGroupWire { id, name, scopes: [scope(group.reach)], category, is_selectable: true }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_group_has_an_id_and_a_name_of_its_own() {
        let ids: HashSet<_> = Group::ALL.into_iter().map(|group| id_and_name(group).0).collect();
        let names: HashSet<_> = Group::ALL.into_iter().map(|group| id_and_name(group).1).collect();
        assert_eq!((ids.len(), names.len()), (Group::ALL.len(), Group::ALL.len()));
        assert!(!names.contains(""));
        assert!(Group::ALL.into_iter().all(|group| by_id(id_and_name(group).0) == Some(group)));
    }
}
