//! schemathesis reads the OpenAPI document and calls every operation with what the document allows and with what it does not: no
//! answer may be a 5xx or one that the document lacks.

use np_testkit::sdk::Environment;
use serde_json::json;
use tokio::process::Command;

use crate::{sdk::Served, world::World};

/// The same requests each time. `make schemathesis` draws another one.
const SEED: &str = "20261122";
/// How many requests of each kind an operation gets in `make test`.
const EXAMPLES: &str = "4";
/// After how many seconds it draws no more.
const SECONDS_MAX: &str = "60";

fn setting(name: &str, default: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| default.to_owned())
}

/// Ids of things that exist stand in the paths, or hardly a request would get beyond a 403. Whatever is deleted is another's.
fn configuration(world_ids: &[(&str, String)], deleted: &[(&str, String)]) -> String {
    let table = |ids: &[(&str, String)]| -> String {
        ids.iter().map(|(name, id)| format!("\"path.{name}\" = \"{id}\"\n")).collect()
    };
    format!(
        "[parameters]\n{}\n[[operations]]\ninclude-method = \"DELETE\"\n[operations.parameters]\n{}",
        table(world_ids),
        table(deleted)
    )
}

async fn ids(world: &World, zone: &str) -> Vec<(&'static str, String)> {
    let account = world.get("/accounts").await.result()[0]["id"].as_str().unwrap().to_owned();
    let zone = world.zone(zone).await;
    let body = json!({ "hostname": "app.customer.com", "ssl": { "type": "dv", "method": "txt" } });
    let made = world.post(&format!("/zones/{zone}/custom_hostnames"), body).await;
    let hostname = made.result()["id"].as_str().unwrap().to_owned();
    vec![("account_id", account), ("zone_id", zone), ("custom_hostname_id", hostname)]
}

#[tokio::test(flavor = "multi_thread")]
async fn schemathesis_finds_no_fault() {
    let world = World::new().await;
    let configuration =
        configuration(&ids(&world, "kept.com").await, &ids(&world, "deleted.com").await);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("schemathesis.toml"), configuration).unwrap();
    let served = Served::new(&world, Default::default()).await;
    let seed = setting("NAMEPLATE_SCHEMATHESIS_SEED", SEED);
    let mut program = Command::new(Environment::OpenApi.file("bin/schemathesis").unwrap());
    program.current_dir(folder.path()).kill_on_drop(true).args([
        "run",
        &format!("{}/openapi.json", served.base),
        "--url",
        &served.base,
        "--header",
        &format!("Authorization: Bearer {}", served.token),
        "--checks",
        "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
        "--phases",
        "examples,coverage,fuzzing",
        "--max-examples",
        &setting("NAMEPLATE_SCHEMATHESIS_EXAMPLES", EXAMPLES),
        "--max-time",
        &setting("NAMEPLATE_SCHEMATHESIS_SECONDS", SECONDS_MAX),
        "--seed",
        &seed,
        "--generation-database",
        "none",
        "--no-color",
    ]);
    let output = program.output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "seed {seed}\n{said}\n{complained}");
    eprintln!("{said}");
}

#[tokio::test]
async fn the_document_is_a_valid_openapi_document() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("openapi.json");
    std::fs::write(&file, np_control::api::openapi_document().to_string()).unwrap();
    let validator = Environment::OpenApi.file("bin/openapi-spec-validator").unwrap();
    let output = Command::new(validator).arg(&file).output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
