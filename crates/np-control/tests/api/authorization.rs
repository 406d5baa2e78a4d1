//! Who may call what. The list of routes is data: a new one fails here until it stands in [`expected`], and each of them
//! is called without credentials, with bad ones, with too little permission and from another account.

use http::Method;
use np_control::{
    api::operations,
    app::access::{Area, Permission},
};
use np_domain::permission::{Group, Need, Resource};
use serde_json::json;

use crate::world::{EMAIL, World};

const RECORDS: &str = "/zones/{zone_id}/dns_records";
const RECORD: &str = "/zones/{zone_id}/dns_records/{dns_record_id}";
const ZONE: &str = "/zones/{zone_id}";
const SETTINGS: &str = "/zones/{zone_id}/settings";
const SETTING: &str = "/zones/{zone_id}/settings/{setting_id}";
const HOLD: &str = "/zones/{zone_id}/hold";
const HOSTNAMES: &str = "/zones/{zone_id}/custom_hostnames";
const HOSTNAME: &str = "/zones/{zone_id}/custom_hostnames/{custom_hostname_id}";
const PACKS: &str = "/zones/{zone_id}/ssl/certificate_packs";
const PACK: &str = "/zones/{zone_id}/ssl/certificate_packs/{certificate_pack_id}";
const UNIVERSAL: &str = "/zones/{zone_id}/ssl/universal/settings";
const CERTIFICATE: &str = "/zones/{zone_id}/custom_hostnames/{custom_hostname_id}/certificate_pack/{certificate_pack_id}/certificates/{certificate_id}";
const DIAGNOSTICS: &str = "/zones/{zone_id}/custom_hostnames/{custom_hostname_id}/diagnostics";
const HISTORY: &str = "/zones/{zone_id}/custom_hostnames/{custom_hostname_id}/history";
const FALLBACK: &str = "/zones/{zone_id}/custom_hostnames/fallback_origin";

/// Every route, and what a token must allow for it.
fn expected() -> Vec<(Method, &'static str, Permission)> {
    let (read, write) = (Permission::read, Permission::write);
    vec![
        (Method::GET, "/accounts", read(Area::Account)),
        (Method::GET, "/accounts/{account_id}", read(Area::Account)),
        (Method::GET, "/user", read(Area::User)),
        (Method::PATCH, "/user", write(Area::User)),
        (Method::GET, "/memberships", read(Area::Membership)),
        (Method::GET, "/memberships/{membership_id}", read(Area::Membership)),
        (Method::GET, "/user/tokens", read(Area::Token)),
        (Method::POST, "/user/tokens", write(Area::Token)),
        (Method::GET, "/user/tokens/permission_groups", read(Area::Token)),
        (Method::GET, "/user/tokens/verify", Permission::AnyToken),
        (Method::GET, "/user/tokens/{token_id}", read(Area::Token)),
        (Method::PUT, "/user/tokens/{token_id}", write(Area::Token)),
        (Method::DELETE, "/user/tokens/{token_id}", write(Area::Token)),
        (Method::PUT, "/user/tokens/{token_id}/value", write(Area::Token)),
        (Method::GET, "/accounts/{account_id}/tokens", read(Area::Token)),
        (Method::POST, "/accounts/{account_id}/tokens", write(Area::Token)),
        (Method::GET, "/accounts/{account_id}/tokens/permission_groups", read(Area::Token)),
        (Method::GET, "/accounts/{account_id}/tokens/verify", Permission::AnyToken),
        (Method::GET, "/accounts/{account_id}/tokens/{token_id}", read(Area::Token)),
        (Method::PUT, "/accounts/{account_id}/tokens/{token_id}", write(Area::Token)),
        (Method::DELETE, "/accounts/{account_id}/tokens/{token_id}", write(Area::Token)),
        (Method::PUT, "/accounts/{account_id}/tokens/{token_id}/value", write(Area::Token)),
        (Method::GET, "/zones", read(Area::Zone)),
        (Method::POST, "/zones", write(Area::Zone)),
        (Method::GET, ZONE, read(Area::Zone)),
        (Method::PATCH, ZONE, write(Area::Zone)),
        (Method::DELETE, ZONE, write(Area::Zone)),
        (Method::GET, HOLD, read(Area::Zone)),
        (Method::POST, HOLD, write(Area::Zone)),
        (Method::PATCH, HOLD, write(Area::Zone)),
        (Method::DELETE, HOLD, write(Area::Zone)),
        (Method::PUT, "/zones/{zone_id}/activation_check", write(Area::Zone)),
        (Method::GET, SETTINGS, read(Area::ZoneSettings)),
        (Method::PATCH, SETTINGS, write(Area::ZoneSettings)),
        (Method::GET, SETTING, read(Area::ZoneSettings)),
        (Method::PATCH, SETTING, write(Area::ZoneSettings)),
        (Method::GET, "/zones/{zone_id}/dcv_delegation/uuid", read(Area::Ssl)),
        (Method::GET, RECORDS, read(Area::Dns)),
        (Method::POST, RECORDS, write(Area::Dns)),
        (Method::POST, "/zones/{zone_id}/dns_records/batch", write(Area::Dns)),
        (Method::GET, "/zones/{zone_id}/dns_records/export", read(Area::Dns)),
        (Method::POST, "/zones/{zone_id}/dns_records/import", write(Area::Dns)),
        (Method::POST, "/zones/{zone_id}/dns_records/scan", write(Area::Dns)),
        (Method::POST, "/zones/{zone_id}/dns_records/scan/trigger", write(Area::Dns)),
        (Method::GET, "/zones/{zone_id}/dns_records/scan/review", read(Area::Dns)),
        (Method::POST, "/zones/{zone_id}/dns_records/scan/review", write(Area::Dns)),
        (Method::GET, RECORD, read(Area::Dns)),
        (Method::PUT, RECORD, write(Area::Dns)),
        (Method::PATCH, RECORD, write(Area::Dns)),
        (Method::DELETE, RECORD, write(Area::Dns)),
        (Method::GET, FALLBACK, read(Area::Ssl)),
        (Method::PUT, FALLBACK, write(Area::Ssl)),
        (Method::DELETE, FALLBACK, write(Area::Ssl)),
        (Method::GET, HOSTNAMES, read(Area::Ssl)),
        (Method::POST, HOSTNAMES, write(Area::Ssl)),
        (Method::POST, "/zones/{zone_id}/custom_hostnames/bulk", write(Area::Ssl)),
        (Method::GET, "/zones/{zone_id}/custom_hostnames/quota", read(Area::Ssl)),
        (Method::GET, HOSTNAME, read(Area::Ssl)),
        (Method::GET, DIAGNOSTICS, read(Area::Ssl)),
        (Method::GET, HISTORY, read(Area::Ssl)),
        (Method::PATCH, HOSTNAME, write(Area::Ssl)),
        (Method::DELETE, HOSTNAME, write(Area::Ssl)),
        (Method::PUT, CERTIFICATE, write(Area::Ssl)),
        (Method::DELETE, CERTIFICATE, write(Area::Ssl)),
        (Method::GET, "/zones/{zone_id}/custom_csrs", read(Area::Ssl)),
        (Method::POST, "/zones/{zone_id}/custom_csrs", write(Area::Ssl)),
        (Method::GET, "/zones/{zone_id}/custom_csrs/{custom_csr_id}", read(Area::Ssl)),
        (Method::DELETE, "/zones/{zone_id}/custom_csrs/{custom_csr_id}", write(Area::Ssl)),
        (Method::GET, "/accounts/{account_id}/custom_csrs", read(Area::Ssl)),
        (Method::POST, "/accounts/{account_id}/custom_csrs", write(Area::Ssl)),
        (Method::GET, "/accounts/{account_id}/custom_csrs/{custom_csr_id}", read(Area::Ssl)),
        (Method::DELETE, "/accounts/{account_id}/custom_csrs/{custom_csr_id}", write(Area::Ssl)),
        (Method::GET, PACKS, read(Area::Ssl)),
        (Method::POST, "/zones/{zone_id}/ssl/certificate_packs/order", write(Area::Ssl)),
        (Method::GET, "/zones/{zone_id}/ssl/certificate_packs/quota", read(Area::Ssl)),
        (Method::GET, PACK, read(Area::Ssl)),
        (Method::PATCH, PACK, write(Area::Ssl)),
        (Method::DELETE, PACK, write(Area::Ssl)),
        (Method::GET, "/zones/{zone_id}/ssl/verification", read(Area::Ssl)),
        (
            Method::PATCH,
            "/zones/{zone_id}/ssl/verification/{certificate_pack_id}",
            write(Area::Ssl),
        ),
        (Method::GET, UNIVERSAL, read(Area::Ssl)),
        (Method::PATCH, UNIVERSAL, write(Area::Ssl)),
        (Method::GET, "/zones/{zone_id}/ssl/recommendation", read(Area::Ssl)),
        (Method::POST, "/zones/{zone_id}/ssl/analyze", read(Area::Ssl)),
    ]
}

/// A world with one zone and hostname, and its routes with their ids filled in.
pub(crate) async fn filled() -> (World, Vec<(Method, String, Permission)>) {
    let world = World::new().await;
    let zone = world.zone("provider.com").await;
    let account = world.get("/accounts").await.result()[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/zones/{zone}/custom_hostnames");
    let made = world.post(&path, json!({ "hostname": "app.customer.com" })).await;
    let hostname = made.result()["id"].as_str().unwrap().to_owned();
    let fill = |path: &str| {
        let path = path
            .replace("{zone_id}", &zone)
            .replace("{custom_hostname_id}", &hostname)
            .replace("{account_id}", &account)
            .replace("{setting_id}", "min_tls_version")
            .replace("{dns_record_id}", "00000000000000000000000000000000");
        others(&path)
    };
    let routes = operations().into_iter().map(|o| (o.method, fill(o.path), o.permission)).collect();
    (world, routes)
}

/// Fills every other id in with one that nothing has: who may do something is settled before it is looked for.
fn others(path: &str) -> String {
    let part = |part: &str| match (part, part.starts_with('{')) {
        // Its ids have another form than those of hostnames and certificates.
        ("{token_id}", _) => "f".repeat(32),
        (_, true) => "0d89c70d-ad9f-4843-b99f-6cc0252067e9".to_owned(),
        (part, false) => part.to_owned(),
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// The groups for which this holds.
fn groups(holds: impl Fn(&Group) -> bool) -> Vec<Group> {
    Group::ALL.into_iter().filter(holds).collect()
}

async fn check(
    authorization: Option<&str>,
    applies: impl Fn(Permission, &str) -> bool,
    expected: (u16, u64),
) {
    let (world, routes) = filled().await;
    for (method, path, _) in
        routes.into_iter().filter(|(_, path, permission)| applies(*permission, path))
    {
        let answer = world.send(authorization, method.clone(), &path, "{}".into()).await;
        let (status, code, _) = answer.failure();
        assert_eq!((status, code), expected, "{method} {path}");
    }
}

#[test]
fn every_route_is_listed_with_what_it_needs() {
    let in_order = |mut routes: Vec<(Method, &'static str, Permission)>| {
        routes.sort_by_key(|(method, path, _)| (*path, method.to_string()));
        routes
    };
    let served = operations().into_iter().map(|o| (o.method, o.path, o.permission)).collect();
    assert_eq!(in_order(served), in_order(expected()));
}

#[test]
fn operation_ids_are_unique() {
    let mut ids: Vec<_> = operations().into_iter().map(|o| o.id).collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
}

#[tokio::test]
async fn without_credentials_nothing_is_answered() {
    check(None, |_, _| true, (400, 9106)).await;
}

#[tokio::test]
async fn a_malformed_authorization_is_refused_as_such() {
    check(Some("Token abc"), |_, _| true, (400, 6003)).await;
    let world = World::new().await;
    let answer = world.send(Some("Bearer"), Method::GET, "/zones", String::new()).await;
    let chain = &answer.body["errors"][0]["error_chain"];
    let expected = json!([{ "code": 6111, "message": "Invalid format for Authorization header" }]);
    assert_eq!(*chain, expected);
}

#[tokio::test]
async fn a_wrong_token_is_refused_everywhere() {
    check(Some("Bearer 0123456789012345678901234567890123456789"), |_, _| true, (403, 9109)).await;
}

#[tokio::test]
async fn a_key_opens_everything_and_a_wrong_one_nothing() {
    let (world, routes) = filled().await;
    let wrong = "0123456789abcdef0123456789abcdef01234";
    let (deletes, others): (Vec<_>, Vec<_>) =
        routes.into_iter().partition(|(method, ..)| *method == Method::DELETE);
    for (method, path, permission) in others.into_iter().chain(deletes) {
        let call = async |email: &str, key: &str| {
            let headers = [("x-auth-email", email), ("x-auth-key", key)];
            world.request(&headers, method.clone(), &path, "{}".into()).await
        };
        for (email, key) in [(EMAIL, wrong), ("other@provider.com", world.key.as_str())] {
            assert_eq!(call(email, key).await.failure(), (403, 9103, ""), "{method} {path}");
        }
        let answer = call("Admin@Provider.COM", &world.key).await;
        let refused = answer.status == 403 && permission != Permission::AnyToken;
        assert!(!refused, "{method} {path}: {answer:?}");
    }
}

#[tokio::test]
async fn a_token_that_may_only_read_cannot_write_and_can_read() {
    let (world, routes) = filled().await;
    let reading = groups(|group| group.need == Need::Read);
    let bearer = format!("Bearer {}", world.colleague(&reading, &world.everywhere()).await);
    for (method, path, permission) in routes {
        let answer = world.send(Some(&bearer), method.clone(), &path, "{}".into()).await;
        match permission.is_write() {
            true => assert_eq!(answer.failure(), (403, 10000, ""), "{method} {path}"),
            false => assert!(answer.status != 403, "{method} {path}: {answer:?}"),
        }
    }
}

#[tokio::test]
async fn a_token_for_all_areas_but_one_is_refused_in_that_one() {
    let (world, routes) = filled().await;
    for (method, path, permission) in routes {
        let Permission::In(area, _) = permission else { continue };
        let elsewhere = groups(|group| group.area != area);
        let bearer = format!("Bearer {}", world.colleague(&elsewhere, &world.everywhere()).await);
        let answer = world.send(Some(&bearer), method.clone(), &path, "{}".into()).await;
        assert_eq!(answer.failure(), (403, 10000, ""), "{method} {path}");
    }
}

#[tokio::test]
async fn a_token_for_one_area_may_do_what_it_says_there() {
    let (world, routes) = filled().await;
    // What is deleted is gone for those that come later: the last of all.
    let (deletes, others): (Vec<_>, Vec<_>) =
        routes.into_iter().partition(|(method, ..)| *method == Method::DELETE);
    for (method, path, permission) in others.into_iter().chain(deletes) {
        let Permission::In(area, need) = permission else { continue };
        let just_that = groups(|group| group.area == area && group.need == need);
        let bearer = format!("Bearer {}", world.colleague(&just_that, &world.everywhere()).await);
        let answer = world.send(Some(&bearer), method.clone(), &path, "{}".into()).await;
        let code = answer.body["errors"][0]["code"].clone();
        let refused = answer.status == 403 && (code == 10000 || code == 9109);
        assert!(!refused || path.ends_with("/zones"), "{method} {path}: {answer:?}");
    }
}

/// Calls everything that stands below an id with a token that has nothing to do with it, and with an id that is none.
async fn check_foreign(world: &World, token: &str, routes: &[(Method, String, Permission)]) {
    let bearer = format!("Bearer {token}");
    for (method, path, _) in routes {
        let id = path.split('/').nth(2).filter(|id| id.len() == 32);
        let Some(id) = id else { continue };
        let unknown = path.replace(id, &"0".repeat(32));
        let foreign = world.send(Some(&bearer), method.clone(), path, "{}".into()).await;
        let missing = world.send(Some(&bearer), method.clone(), &unknown, "{}".into()).await;
        assert_eq!(foreign.failure(), (403, 9109, ""), "{method} {path}");
        assert_eq!(foreign.body, missing.body, "{method} {path}");
    }
}

#[tokio::test]
async fn what_belongs_to_another_account_looks_as_if_it_did_not_exist() {
    let (world, routes) = filled().await;
    let stranger = world.stranger(&Group::ALL).await;
    check_foreign(&world, &stranger, &routes).await;
}

#[tokio::test]
async fn another_zone_of_the_account_looks_as_if_it_did_not_exist() {
    let (world, mut routes) = filled().await;
    let other = world.zone("other.com").await;
    let zone = [Resource::Zone(other.parse().unwrap())];
    let token = world.colleague(&Group::ALL, &zone).await;
    routes.retain(|(_, path, _)| path.starts_with("/zones/"));
    check_foreign(&world, &token, &routes).await;
}

#[tokio::test]
async fn a_token_for_some_zones_sees_only_those_and_adds_none() {
    let world = World::new().await;
    let (one, other) = (world.zone("one.com").await, world.zone("other.com").await);
    let zone = [Resource::Zone(one.parse().unwrap())];
    let bearer = format!("Bearer {}", world.colleague(&Group::ALL, &zone).await);
    let get = |path: String| {
        let (world, bearer) = (&world, bearer.clone());
        async move { world.send(Some(&bearer), Method::GET, &path, String::new()).await }
    };
    assert_eq!(get(format!("/zones/{one}")).await.result()["name"], "one.com");
    assert_eq!(get(format!("/zones/{other}")).await.failure(), (403, 9109, ""));
    let listed = get("/zones".into()).await;
    assert_eq!(listed.result().as_array().unwrap().len(), 1);
    let new = json!({ "name": "new.com" }).to_string();
    let answer = world.send(Some(&bearer), Method::POST, "/zones", new).await;
    assert_eq!(answer.failure(), (403, 10000, ""));
}

#[tokio::test]
async fn lists_show_nothing_of_other_accounts() {
    let (world, _) = filled().await;
    let bearer = format!("Bearer {}", world.stranger(&Group::ALL).await);
    let zones = world.send(Some(&bearer), Method::GET, "/zones", String::new()).await;
    assert_eq!(*zones.result(), json!([]));
    let accounts = world.send(Some(&bearer), Method::GET, "/accounts", String::new()).await;
    assert_eq!(accounts.result().as_array().unwrap().len(), 1);
    let admin = world.get("/accounts").await;
    assert_eq!(admin.result().as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_good_token_is_told_so() {
    let world = World::new().await;
    let answer = world.get("/user/tokens/verify").await;
    assert_eq!(answer.result()["status"], "active");
    let message = json!([{ "code": 10000, "message": "This API Token is valid and active" }]);
    assert_eq!(answer.body["messages"], message);
}

#[tokio::test]
async fn unknown_paths_and_methods_are_refused_in_the_envelope() {
    let world = World::new().await;
    assert_eq!(world.get("/zones/nonsense").await.failure(), (404, 7003, ""));
    assert_eq!(world.get("/nonsense").await.failure(), (404, 7003, ""));
    let zone = world.zone("provider.com").await;
    let put = world.call(Method::PUT, &format!("/zones/{zone}"), json!({})).await;
    assert_eq!(put.failure(), (405, 10405, ""));
}
