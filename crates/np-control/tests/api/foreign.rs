//! What is below one zone or account is not there below another: neither to look at, nor to change, nor to use. Who may come
//! near a zone at all is [`super::authorization`]'s.

use http::Method;
use np_control::api::operations;
use np_domain::permission::Group;
use serde_json::{Value, json};

use crate::world::{Answer, World};

/// Ids that nothing has, in both forms.
const NO_UUID: &str = "0d89c70d-ad9f-4843-b99f-6cc0252067e9";
const NO_ID: &str = "0123456789abcdef0123456789abcdef";

/// Everything that paths below a zone or an account name by an id, by the parameter.
struct Things(Vec<(&'static str, String)>);

impl Things {
    /// Makes one of each.
    async fn make(world: &World, zone: &str, account: &str) -> Self {
        let made = async |path: String, body: Value| {
            let answer = world.post(&path, body).await;
            answer.result()["id"].as_str().unwrap().to_owned()
        };
        let hostname =
            json!({ "hostname": "app.customer.com", "ssl": { "type": "dv", "method": "txt" } });
        let pack = json!({
            "type": "advanced", "hosts": ["provider.com"], "validation_method": "txt",
            "validity_days": 90, "certificate_authority": "lets_encrypt",
        });
        Self(vec![
            ("custom_hostname_id", made(format!("/zones/{zone}/custom_hostnames"), hostname).await),
            (
                "certificate_pack_id",
                made(format!("/zones/{zone}/ssl/certificate_packs/order"), pack).await,
            ),
            ("dns_record_id", made(format!("/zones/{zone}/dns_records"), record()).await),
            ("custom_csr_id", made(format!("/zones/{zone}/custom_csrs"), csr()).await),
            ("custom_csr_id", made(format!("/accounts/{account}/custom_csrs"), csr()).await),
            ("token_id", made(format!("/accounts/{account}/tokens"), token(account)).await),
            ("certificate_id", NO_UUID.to_owned()),
        ])
    }

    /// The path with these ids in it: one path for each thing that its last parameter may be.
    fn paths(&self, path: &str) -> Vec<String> {
        let Some((_, rest)) = path.rsplit_once('{') else { return Vec::new() };
        let Some((last, _)) = rest.split_once('}') else { return Vec::new() };
        let of_last = self.0.iter().filter(|(name, _)| *name == last);
        let filled = of_last.map(|(name, id)| {
            let path = path.replace(&format!("{{{name}}}"), id);
            let others = self.0.iter().filter(|(other, _)| other != name);
            others.fold(path, |path, (name, id)| path.replace(&format!("{{{name}}}"), id))
        });
        filled.collect()
    }
}

fn record() -> Value {
    json!({ "type": "A", "name": "www", "content": "192.0.2.1", "ttl": 1 })
}

fn csr() -> Value {
    json!({
        "country": "US", "state": "Texas", "locality": "Austin", "organization": "Customer",
        "common_name": "app.customer.com", "sans": ["app.customer.com"], "key_type": "p256v1",
    })
}

fn token(account: &str) -> Value {
    json!({ "name": "one", "policies": [{
        "effect": "allow",
        "permission_groups": [{ "id": "c1fde68c7bcc44588cbb6ddbc16d6480" }],
        "resources": { (format!("com.cloudflare.api.account.{account}")): "*" },
    }] })
}

/// A body that would do, so that nothing but the id is at fault.
fn body(method: &Method, path: &str, account: &str) -> Value {
    match path {
        _ if [Method::GET, Method::DELETE].contains(method) => Value::Null,
        _ if path.contains("/dns_records/") => record(),
        _ if path.contains("/ssl/verification/") => json!({ "validation_method": "txt" }),
        _ if path.ends_with("/value") => json!({}),
        _ if path.contains("/tokens/") => token(account),
        _ if path.contains("/certificates/") => {
            json!({ "custom_certificate": "a", "custom_key": "b" })
        }
        _ => json!({}),
    }
}

#[tokio::test]
async fn ids_of_another_zone_or_account_are_as_unknown_as_those_of_nothing() {
    let world = World::new().await;
    let zone = world.zone("provider.com").await;
    let account = world.get("/accounts").await.result()[0]["id"].as_str().unwrap().to_owned();
    let things = Things::make(&world, &zone, &account).await;
    let token = world.stranger(&Group::ALL).await;
    let bearer = format!("Bearer {token}");
    let ask = async |method: &Method, path: &str, body: &Value| -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        world.send(Some(&bearer), method.clone(), path, body).await
    };
    let accounts = ask(&Method::GET, "/accounts", &Value::Null).await;
    let own_account = accounts.result()[0]["id"].as_str().unwrap().to_owned();
    let made = ask(&Method::POST, "/zones", &json!({ "name": "stranger.org" })).await;
    let own_zone = made.result()["id"].as_str().unwrap().to_owned();

    let mut asked = 0;
    for operation in operations() {
        let own = operation.path.replace("{zone_id}", &own_zone);
        let own = own.replace("{account_id}", &own_account);
        if own == operation.path {
            continue;
        }
        for path in things.paths(&own) {
            let body = body(&operation.method, &path, &own_account);
            let foreign = ask(&operation.method, &path, &body).await;
            let nothing = things.0.iter().fold(path.clone(), |path, (_, id)| {
                path.replace(id, if id.contains('-') { NO_UUID } else { NO_ID })
            });
            let nothing = ask(&operation.method, &nothing, &body).await;
            assert_eq!(foreign.status, 404, "{} {path}: {foreign:?}", operation.method);
            assert_eq!(foreign.body, nothing.body, "{} {path}", operation.method);
            asked += 1;
        }
    }
    assert!(asked >= 25, "{asked}");
    // All of it is there, where it is at home.
    for operation in operations().into_iter().filter(|o| o.method == Method::GET) {
        if !operation.path.contains("_id}/") {
            continue;
        }
        let home = operation.path.replace("{zone_id}", &zone).replace("{account_id}", &account);
        for path in things.paths(&home).iter().filter(|path| !path.ends_with("/diagnostics")) {
            // Of requests there is one at each place.
            let answer = world.get(path).await;
            assert!(answer.status == 200 || path.contains("/custom_csrs/"), "{path}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn an_upload_cannot_use_the_key_of_another_zones_or_accounts_request() {
    let world = World::new().await;
    let zone = world.zone("provider.com").await;
    let account = world.get("/accounts").await.result()[0]["id"].as_str().unwrap().to_owned();
    let other = world.zone("other.com").await;
    let of_zone = world.post(&format!("/zones/{zone}/custom_csrs"), csr()).await;
    let of_account = world.post(&format!("/accounts/{account}/custom_csrs"), csr()).await;
    let bearer = format!("Bearer {}", world.stranger(&Group::ALL).await);
    let made = json!({ "name": "stranger.org" }).to_string();
    let made = world.send(Some(&bearer), Method::POST, "/zones", made).await;
    let strange = made.result()["id"].as_str().unwrap().to_owned();
    let upload = async |bearer: &str, zone: &str, csr: &Value| {
        let ssl = json!({ "custom_certificate": world.root.pem, "custom_csr_id": csr });
        let body = json!({ "hostname": "app.customer.com", "ssl": ssl }).to_string();
        let path = format!("/zones/{zone}/custom_hostnames");
        world.send(Some(bearer), Method::POST, &path, body).await
    };
    let admin = format!("Bearer {}", world.admin);
    let (of_zone, of_account) = (&of_zone.result()["id"], &of_account.result()["id"]);
    for (bearer, zone, csr) in
        [(&admin, &other, of_zone), (&bearer, &strange, of_zone), (&bearer, &strange, of_account)]
    {
        let answer = upload(bearer, zone, csr).await;
        let unknown = upload(bearer, zone, &json!(NO_UUID)).await;
        assert_eq!(answer.failure(), (404, 1431, "/ssl/custom_csr_id"));
        assert_eq!(answer.body, unknown.body);
    }
    // Where it may be used, it is found: only the certificate is not one for it.
    let found = upload(&admin, &other, of_account).await;
    assert_ne!(found.failure().1, 1431);
}
