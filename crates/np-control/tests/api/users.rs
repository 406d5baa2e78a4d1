//! The user and their memberships.

use http::Method;
use serde_json::{Value, json};

use crate::world::{EMAIL, World};

#[tokio::test]
async fn a_user_is_shown_and_renamed() {
    let world = World::new().await;
    let user = world.get("/user").await;
    assert_eq!(
        (&user.result()["email"], &user.result()["first_name"]),
        (&json!(EMAIL), &Value::Null)
    );
    let named = world.patch("/user", json!({ "first_name": "Ada", "last_name": "Lovelace" })).await;
    assert_eq!(named.result()["first_name"], "Ada");
    let unnamed = world.patch("/user", json!({ "first_name": null })).await;
    assert_eq!(unnamed.result()["first_name"], Value::Null);
    assert_eq!(world.get("/user").await.result()["last_name"], "Lovelace");
    let refused = world.patch("/user", json!({ "country": "US" })).await;
    assert_eq!(refused.failure(), (400, 10002, "/country"));
}

#[tokio::test]
async fn a_user_is_in_every_account() {
    let world = World::new().await;
    let listed = world.get("/memberships").await;
    let membership = listed.result()[0].clone();
    let account = world.get("/accounts").await.result()[0].clone();
    assert_eq!((&membership["account"], &membership["status"]), (&account, &json!("accepted")));
    let path = format!("/memberships/{}", membership["id"].as_str().unwrap());
    assert_eq!(*world.get(&path).await.result(), membership);
    assert_eq!(world.get("/memberships?status=pending").await.result(), &json!([]));
    let unknown = format!("/memberships/{}", "0".repeat(32));
    assert_eq!(world.get(&unknown).await.failure(), (404, 1613, ""));
}

#[tokio::test]
async fn malformed_keys_and_addresses_have_the_codes_of_the_original() {
    let world = World::new().await;
    for (headers, chain) in [
        ([("x-auth-email", EMAIL), ("x-auth-key", "short")], 6103),
        ([("x-auth-email", "nobody"), ("x-auth-key", world.key.as_str())], 6102),
    ] {
        let answer = world.request(&headers, Method::GET, "/user", String::new()).await;
        assert_eq!(answer.failure(), (400, 6003, ""));
        assert_eq!(answer.body["errors"][0]["error_chain"][0]["code"], chain);
    }
    let headers = [("x-auth-email", EMAIL), ("x-auth-key", world.key.as_str())];
    let verified = world.request(&headers, Method::GET, "/user/tokens/verify", String::new()).await;
    assert_eq!(verified.failure(), (403, 9109, ""));
}
