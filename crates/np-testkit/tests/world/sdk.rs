//! The Python SDK against an origin that only says what it was asked.

use np_testkit::origin::Origin;
use np_testkit::sdk::Sdk;
use serde_json::json;

#[tokio::test]
async fn the_sdk_calls_the_server_of_the_test_with_its_token() {
    let origin = Origin::start().await.unwrap();
    let sdk = Sdk::new(format!("http://{}/client/v4", origin.address()), "secret").unwrap();
    let script = "
import json
from cloudflare import Cloudflare
seen = Cloudflare().custom_hostnames.with_raw_response.get('h1', zone_id='z1').http_response.json()
print(json.dumps([seen['path'], seen['headers']['authorization']]))
";
    let said = sdk.run(script).await.unwrap();
    assert_eq!(said, json!(["/client/v4/zones/z1/custom_hostnames/h1", ["Bearer secret"]]));
}

#[tokio::test]
async fn a_script_that_fails_says_why() {
    let sdk = Sdk::new("http://127.0.0.1:1", "secret").unwrap();
    let error = sdk.run("raise ValueError('no such plan')").await.unwrap_err().to_string();
    assert!(error.contains("no such plan"), "{error}");
}
