//! The official SDKs against a real socket: every script of tests/sdk, each against a world of its own, with strict validation
//! of what is answered. Together they call every operation of the route table, and each both succeeds and fails.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::{MatchedPath, Request, State},
    middleware::{self, Next},
    response::Response,
};
use np_control::api::{Operation, operations};
use np_testkit::{
    ca::{Leaf, LeafKey},
    sdk::{Environment, Sdk, run_python, typescript},
};
use serde_json::{Value, json};
use tempfile::NamedTempFile;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    issuer::{activate, place_order},
    world::World,
};

/// Operations that none of the SDKs has a call for, because they are not the original's.
const OURS: &[&str] = &[
    "create-custom-hostnames-in-bulk",
    "nameplate-custom-hostname-diagnostics",
    "nameplate-custom-hostname-history",
];
/// Operations of the original that the SDKs have no call for: they read and change one setting at a time.
const NOT_IN_ANY: &[&str] =
    &["zone-settings-edit-zone-settings-info", "zone-settings-get-all-zone-settings"];
/// Operations that the original got after the SDK 4.x was made.
const NOT_IN_PYTHON_4: &[&str] = &[
    "dns-records-for-a-zone-apply-dns-scan-results",
    "dns-records-for-a-zone-review-dns-scan",
    "dns-records-for-a-zone-trigger-dns-scan",
    "sdk.custom_csrs.create.accounts",
    "sdk.custom_csrs.create.zones",
    "sdk.custom_csrs.delete.accounts",
    "sdk.custom_csrs.delete.zones",
    "sdk.custom_csrs.get.accounts",
    "sdk.custom_csrs.get.zones",
    "sdk.custom_csrs.list.accounts",
    "sdk.custom_csrs.list.zones",
    "sdk.custom_hostnames.quota.get",
    "ssl/-tls-mode-recommendation-ssl/-tls-recommendation",
];

/// Runs the scripts in Python.
const RUNNER: &str = "runner.py";

/// What was called, by method and path of the route, with the statuses that came.
pub(crate) type Calls = Arc<Mutex<BTreeMap<(String, String), BTreeSet<u16>>>>;

/// A world on a free port.
pub(crate) struct Served {
    pub(crate) base: String,
    pub(crate) token: String,
    server: JoinHandle<std::io::Result<()>>,
}

impl Served {
    pub(crate) async fn new(world: &World, calls: Calls) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/client/v4", listener.local_addr().unwrap());
        let recorded = middleware::from_fn_with_state(calls, record);
        let router: Router = world.router.clone().layer(recorded);
        let server = tokio::spawn(async move { axum::serve(listener, router).await });
        Self { base, token: world.admin.clone(), server }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn record(State(calls): State<Calls>, request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let method = request.method().to_string();
    let response = next.run(request).await;
    if let Some(path) = path {
        let path = path.trim_start_matches("/client/v4").to_owned();
        let status = response.status().as_u16();
        calls.lock().unwrap().entry((method, path)).or_default().insert(status);
    }
    response
}

/// The scripts of a folder, apart from what they share.
fn scripts(language: &str, extension: &str) -> (PathBuf, Vec<PathBuf>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk").join(language);
    let files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let is_script = |file: &PathBuf| {
        file.extension().is_some_and(|found| found == extension)
            && !file.ends_with(format!("shared.{extension}"))
    };
    let mut found: Vec<_> = files.filter(is_script).collect();
    found.sort();
    (folder, found)
}

/// Fails unless every operation was called, with success and with failure, but for ours and those that this SDK has not;
/// and when one that it is said not to have was called after all.
fn every_operation_was_called(calls: &Calls, not_there: &[&str]) {
    let calls = calls.lock().unwrap();
    let excepted: Vec<&str> = [OURS, NOT_IN_ANY, not_there].concat();
    let statuses = |operation: &Operation| {
        let key = (operation.method.to_string(), operation.path.to_owned());
        calls.get(&key).cloned().unwrap_or_default()
    };
    let is_good = |status: &u16| *status < 400;
    let mut faults = Vec::new();
    for operation in operations() {
        let came = statuses(&operation);
        let (good, bad) = (came.iter().any(is_good), came.iter().any(|status| !is_good(status)));
        let is_excepted = excepted.contains(&operation.id);
        let is_right = match is_excepted {
            true => came.is_empty() || NOT_IN_ANY.contains(&operation.id),
            false => good && bad,
        };
        if !is_right {
            faults.push(format!(
                "{} {} ({}): {came:?}",
                operation.method, operation.path, operation.id
            ));
        }
    }
    assert!(faults.is_empty(), "not called both well and badly, or not excepted: {faults:#?}");
    let ids: BTreeSet<_> = operations().into_iter().map(|operation| operation.id).collect();
    let unknown: Vec<_> = excepted.iter().filter(|id| !ids.contains(*id)).collect();
    assert!(unknown.is_empty(), "exceptions that are no operations: {unknown:?}");
    assert!(!calls.values().flatten().any(|status| *status >= 500), "{calls:?}");
}

/// A file with certificates to upload, which the world's trust store vouches for.
fn certificates(world: &World) -> NamedTempFile {
    let pair = |leaf: Leaf| json!({ "custom_certificate": leaf.pem, "custom_key": leaf.key });
    let leaf = |name: &str, key| pair(world.root.leaf(&[name], key));
    let file = NamedTempFile::new().unwrap();
    let given = json!({
        "rsa": leaf("app.customer.com", LeafKey::Rsa2048),
        "ecdsa": leaf("app.customer.com", LeafKey::P256),
        "other_rsa": leaf("app.customer.com", LeafKey::Rsa3072),
        "alien": leaf("app.other.com", LeafKey::P256),
    });
    std::fs::write(file.path(), given.to_string()).unwrap();
    file
}

async fn python(environment: Environment, besides: &[&str]) {
    let calls = Calls::default();
    let (folder, mut files) = scripts("python", "py");
    files.retain(|file| !file.ends_with(RUNNER));
    let (mut worlds, mut arguments) = (Vec::new(), Vec::new());
    for file in &files {
        let world = World::new().await;
        let served = Served::new(&world, calls.clone()).await;
        let (file, to_upload) = (file.to_str().unwrap().to_owned(), certificates(&world));
        let given = to_upload.path().to_str().unwrap().to_owned();
        arguments.extend([file, served.base.clone(), served.token.clone(), given]);
        worlds.push((world, served, to_upload));
    }
    let (ended, said) = run_python(environment, &folder.join(RUNNER), &arguments).await.unwrap();
    assert_eq!(ended, json!(files), "{said}");
    every_operation_was_called(&calls, besides);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_sdk_calls_every_operation_with_strict_validation() {
    python(Environment::Python, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_sdk_of_the_line_before_does_so_too() {
    python(Environment::Python4, NOT_IN_PYTHON_4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_typescript_sdk_calls_every_operation_and_its_types_fit_what_is_answered() {
    let calls = Calls::default();
    let (folder, files) = scripts("typescript", "ts");
    let compiled = typescript::Scripts::compile(&folder).await.unwrap();
    let (mut worlds, mut arguments) = (Vec::new(), Vec::new());
    for file in files.iter().filter(|file| !file.ends_with("runner.ts")) {
        let world = World::new().await;
        let served = Served::new(&world, calls.clone()).await;
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let to_upload = certificates(&world);
        let given = to_upload.path().to_str().unwrap().to_owned();
        arguments.extend([name, served.base.clone(), served.token.clone(), given]);
        worlds.push((world, served, to_upload));
    }
    let answers = compiled.run("runner", &arguments).await.unwrap();
    let mut answers: Vec<typescript::Kept> = serde_json::from_value(answers).unwrap();
    // The types forget what the original answers for a hostname without a certificate (behaviour.md 1.3).
    for typescript::Kept(_, answer) in &mut answers {
        if let Some(fields) = answer.as_object_mut() {
            fields.retain(|key, value| key != "ssl" || !value.is_null());
        }
    }
    compiled.fits(&answers).await.unwrap();
    every_operation_was_called(&calls, &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_sdk_reads_a_certificate_that_is_active_and_being_renewed() {
    let world = World::new().await;
    let path = world.hostnames().await;
    let body = json!({ "hostname": "app.customer.com", "ssl": { "type": "dv", "method": "txt" } });
    world.post(&path, body).await;
    activate(&world, &path).await;
    place_order(&world, &path).await;
    let script = r#"
import json
from cloudflare import Cloudflare
client = Cloudflare(_strict_response_validation=True, max_retries=0)
[zone] = client.zones.list()
[hostname] = client.custom_hostnames.list(zone_id=zone.id)
ssl = hostname.ssl
print(json.dumps([ssl.status, ssl.issuer, ssl.expires_on.isoformat(), ssl.validation_records[0].txt_value]))
"#;
    let expected = json!(["active", "Test CA", "2026-06-18T12:00:00+00:00", "digest"]);
    let served = Served::new(&world, Calls::default()).await;
    let printed: Value = Sdk::new(&served.base, &served.token).unwrap().run(script).await.unwrap();
    assert_eq!(printed, expected);
}
