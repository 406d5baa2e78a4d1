//! What policies say together.

use super::*;

const READ_SSL: Permission = Permission::read(Area::Ssl);
const WRITE_SSL: Permission = Permission::write(Area::Ssl);

fn account(n: u8) -> AccountId {
    AccountId::from_bytes([n; 16])
}

fn zone(n: u8) -> ZoneId {
    ZoneId::from_bytes([n; 16])
}

fn group(reach: Reach, area: Area, need: Need) -> Group {
    Group { reach, area, need }
}

fn ssl(need: Need) -> Group {
    group(Reach::Zone, Area::Ssl, need)
}

fn policy(effect: Effect, groups: &[Group], resources: &[Resource]) -> Policy {
    Policy {
        id: PolicyId::from_bytes([0; 16]),
        effect,
        groups: groups.to_vec(),
        resources: resources.to_vec(),
    }
}

fn allow(groups: &[Group], resources: &[Resource]) -> Policy {
    policy(Effect::Allow, groups, resources)
}

fn deny(groups: &[Group], resources: &[Resource]) -> Policy {
    policy(Effect::Deny, groups, resources)
}

fn check(policies: &[Policy], permission: Permission, allowed: &[Target], refused: &[Target]) {
    let grants = Grants::Policies(policies.to_vec());
    for (targets, expected) in [(allowed, true), (refused, false)] {
        for target in targets {
            assert_eq!(grants.allow(permission, *target), expected, "{permission:?} {target:?}");
        }
    }
}

#[test]
fn a_resource_covers_what_is_in_it_and_nothing_else() {
    let [in_1, in_2] = [Target::Zone(zone(1), account(1)), Target::Zone(zone(2), account(2))];
    let all_in_1 = Target::AccountZones(account(1));
    let write = [ssl(Need::Write)];
    let is = |resource| [allow(&write, &[resource])];
    check(&is(Resource::Zone(zone(1))), WRITE_SSL, &[in_1], &[in_2, all_in_1]);
    let zones_of_1 = is(Resource::AccountZones(account(1)));
    check(&zones_of_1, WRITE_SSL, &[in_1, all_in_1], &[in_2, Target::AllZones]);
    check(&is(Resource::AllZones), WRITE_SSL, &[in_1, in_2, all_in_1, Target::AllZones], &[]);
    // An account without its zones, as the original means it.
    check(&is(Resource::Account(account(1))), WRITE_SSL, &[], &[in_1, all_in_1]);
}

#[test]
fn a_group_says_nothing_about_another_kind_of_thing() {
    let both = [Resource::Account(account(1)), Resource::Zone(zone(1))];
    let [zone_1, account_1] = [Target::Zone(zone(1), account(1)), Target::Account(account(1))];
    check(&[allow(&[ssl(Need::Write)], &both)], WRITE_SSL, &[zone_1], &[account_1]);
    let of_account = group(Reach::Account, Area::Ssl, Need::Write);
    check(&[allow(&[of_account], &both)], WRITE_SSL, &[account_1], &[zone_1]);
}

#[test]
fn writing_includes_reading_and_not_the_other_way_round() {
    let target = Target::Zone(zone(1), account(1));
    let of = |need| [allow(&[ssl(need)], &[Resource::AllZones])];
    check(&of(Need::Write), READ_SSL, &[target], &[]);
    check(&of(Need::Read), READ_SSL, &[target], &[]);
    check(&of(Need::Read), WRITE_SSL, &[], &[target]);
    check(&of(Need::Write), Permission::read(Area::Dns), &[], &[target]);
}

#[test]
fn a_denial_wins_wherever_it_stands() {
    let [one, two] = [Target::Zone(zone(1), account(1)), Target::Zone(zone(2), account(1))];
    let all = allow(&[ssl(Need::Write)], &[Resource::AllZones]);
    let not_one = deny(&[ssl(Need::Read)], &[Resource::Zone(zone(1))]);
    for policies in [[all.clone(), not_one.clone()], [not_one, all.clone()]] {
        check(&policies, READ_SSL, &[two], &[one]);
        check(&policies, WRITE_SSL, &[two], &[one]);
    }
    let read_only_there = deny(&[ssl(Need::Write)], &[Resource::Zone(zone(1))]);
    check(&[all.clone(), read_only_there.clone()], READ_SSL, &[one, two], &[]);
    check(&[all, read_only_there], WRITE_SSL, &[two], &[one]);
}

#[test]
fn the_administrator_may_do_everything() {
    for target in [Target::AllZones, Target::AllAccounts, Target::Account(account(9))] {
        assert!(Grants::Everything.allow(WRITE_SSL, target));
    }
    assert!(Grants::Everything.any(WRITE_SSL));
    assert_eq!(Grants::Everything.zones(READ_SSL), VisibleZones::All);
}

#[test]
fn nothing_is_passed_on_that_is_denied_in_part() {
    let write = ssl(Need::Write);
    let all = allow(&[write], &[Resource::AccountZones(account(1))]);
    let whole = Target::AccountZones(account(1));
    let may = |policies: &[Policy]| Grants::Policies(policies.to_vec()).may_pass_on(write, whole);
    assert!(may(std::slice::from_ref(&all)));
    let but_one = deny(&[write], &[Resource::Zone(zone(1))]);
    assert!(!may(&[all.clone(), but_one]));
    assert!(!may(&[deny(&[write], &[Resource::AllZones]), all]));
    assert!(!Grants::Policies(vec![]).may_pass_on(write, whole));
    assert!(Grants::Everything.may_pass_on(write, Target::AllZones));
}

#[test]
fn zones_to_be_seen_are_those_allowed_less_those_denied() {
    let read = [ssl(Need::Read)];
    let zones = |policies: &[Policy]| Grants::Policies(policies.to_vec()).zones(READ_SSL);
    let some = |every_account, accounts: &[AccountId], zones: &[ZoneId], except: &[ZoneId]| {
        VisibleZones::Some {
            every_account,
            accounts: accounts.to_vec(),
            zones: zones.to_vec(),
            except_accounts: vec![],
            except_zones: except.to_vec(),
        }
    };
    assert_eq!(zones(&[]), some(false, &[], &[], &[]));
    assert_eq!(zones(&[allow(&read, &[Resource::AllZones])]), VisibleZones::All);
    let two = [Resource::AccountZones(account(1)), Resource::Zone(zone(7))];
    assert_eq!(zones(&[allow(&read, &two)]), some(false, &[account(1)], &[zone(7)], &[]));
    let but = deny(&read, &[Resource::Zone(zone(8))]);
    let all = allow(&read, &[Resource::AllZones]);
    assert_eq!(zones(&[all.clone(), but]), some(true, &[], &[], &[zone(8)]));
    let none = deny(&read, &[Resource::AllZones]);
    assert_eq!(zones(&[all, none]), some(false, &[], &[], &[]));
}

#[test]
fn any_asks_for_a_resource_of_the_right_kind() {
    let is = |group, resource| Grants::Policies(vec![allow(&[group], &[resource])]).any(READ_SSL);
    assert!(is(ssl(Need::Read), Resource::Zone(zone(1))));
    assert!(!is(ssl(Need::Read), Resource::Account(account(1))));
    assert!(!is(group(Reach::Zone, Area::Dns, Need::Write), Resource::Zone(zone(1))));
}

#[test]
fn who_has_nothing_there_does_not_reach_it() {
    let grants = Grants::Policies(vec![allow(
        &[group(Reach::Zone, Area::Dns, Need::Read)],
        &[Resource::Zone(zone(1))],
    )]);
    assert!(grants.reach(Target::Zone(zone(1), account(1))));
    assert!(!grants.reach(Target::Zone(zone(2), account(1))));
    assert!(!grants.reach(Target::Account(account(1))));
}
