//! When and from where a token is taken.

use std::time::Duration;

use time::macros::datetime;

use super::*;

const NOW: Timestamp = datetime!(2026-11-22 18:00 UTC);

fn token() -> ApiToken {
    ApiToken {
        id: TokenId::from_bytes([1; 16]),
        account: AccountId::from_bytes([2; 16]),
        owner: Owner::Account(AccountId::from_bytes([2; 16])),
        name: Explanation::new("deploy"),
        secret_sha256: [3; 32],
        grants: Grants::Everything,
        switch: Switch::Enabled,
        from: AllowedFrom::default(),
        not_before: None,
        expires_at: None,
        created_at: NOW,
        modified_at: NOW,
        last_used_at: None,
        version: 0,
    }
}

#[test]
fn a_token_stands_as_its_switch_and_its_dates_say() {
    let second = Duration::from_secs(1);
    for (switch, not_before, expires_at, expected) in [
        (Switch::Enabled, None, None, Standing::Active),
        (Switch::Enabled, Some(NOW), Some(NOW + second), Standing::Active),
        (Switch::Enabled, Some(NOW + second), None, Standing::NotYet),
        (Switch::Enabled, None, Some(NOW), Standing::Expired),
        (Switch::Disabled, None, None, Standing::Disabled),
        (Switch::Disabled, None, Some(NOW - second), Standing::Expired),
    ] {
        let token = ApiToken { switch, not_before, expires_at, ..token() };
        assert_eq!(token.standing(NOW), expected, "{token:?}");
        let admitted = token.admit(NOW, None).is_ok();
        assert_eq!(admitted, expected == Standing::Active, "{token:?}");
    }
}

#[test]
fn a_token_is_taken_from_its_addresses_only() {
    let ranges = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
    for (within, not_within, from, expected) in [
        (&[][..], &[][..], None, true),
        (&[], &[], Some("192.0.2.1"), true),
        (&["192.0.2.0/24"], &[], Some("192.0.2.1"), true),
        (&["192.0.2.0/24"], &[], Some("198.51.100.1"), false),
        (&["192.0.2.0/24"], &["192.0.2.1"], Some("192.0.2.1"), false),
        (&["192.0.2.0/24"], &["192.0.2.1"], Some("192.0.2.2"), true),
        (&[], &["192.0.2.1"], Some("192.0.2.1"), false),
        (&[], &["192.0.2.1"], Some("2001:db8::1"), true),
        (&["192.0.2.0/24"], &[], None, false),
        (&[], &["192.0.2.1"], None, false),
    ] {
        let token = ApiToken {
            from: AllowedFrom { within: ranges(within), not_within: ranges(not_within) },
            ..token()
        };
        let from = from.map(|text| text.parse().unwrap());
        let expected = if expected { Ok(()) } else { Err(Refusal::ForeignAddress(from)) };
        assert_eq!(token.admit(NOW, from), expected, "{within:?} {not_within:?}");
    }
}
