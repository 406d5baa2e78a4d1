//! Configurations that cannot be used: exit code 2, and one line that names the key and the remedy.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;

use np_testkit::ports::{free_tcp, loopback};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::timeout;

use crate::nameplate::{Ports, configuration};

/// A folder with a configuration that is right, and a change that makes it wrong.
struct Start {
    folder: TempDir,
    configuration: Value,
}

impl Start {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let mut configuration = configuration(&Ports::choose().unwrap());
        configuration["authorities"] = json!({ "lets_encrypt": { "driver": "local" } });
        configuration["data"]["dir"] = json!(folder.path().join("data"));
        configuration["log"]["level"] = json!("error");
        Self { folder, configuration }
    }

    /// Runs the command, which must be refused in one line with all of `says`.
    async fn is_refused(&self, command: &str, says: &[&str]) {
        let file = self.folder.path().join("nameplate.toml");
        fs::write(&file, toml::to_string(&self.configuration).unwrap()).unwrap();
        let mut program = Command::new(env!("CARGO_BIN_EXE_nameplate"));
        program.arg(command).arg("--config").arg(&file).kill_on_drop(true);
        let output =
            timeout(crate::world::WITHIN, program.output()).await.expect("it ends").unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        for part in says {
            assert!(said.contains(part), "no {part:?} in {said}");
        }
    }
}

#[tokio::test]
async fn an_unknown_key_is_named() {
    let mut start = Start::new();
    start.configuration["api"]["lisen"] = json!("127.0.0.1:8080");
    start.is_refused("serve", &["nameplate.toml", "api.lisen", "listen"]).await;
}

#[tokio::test]
async fn an_invalid_value_is_named_with_the_remedy() {
    let mut start = Start::new();
    start.configuration["edge"]["min_tls_version"] = json!("1.4");
    start.is_refused("serve", &["edge.min_tls_version", "1.4", "1.3"]).await;
}

#[tokio::test]
async fn a_taken_port_is_named_with_the_remedy() {
    let taken = TcpListener::bind(loopback(0)).unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut start = Start::new();
    start.configuration["api"]["listen"] = json!(address);
    start.is_refused("serve", &["api.listen", &address, "is taken", "another address"]).await;
}

#[tokio::test]
async fn a_master_key_that_others_may_read_is_refused_with_the_remedy() {
    let start = Start::new();
    let key = start.folder.path().join("data/master.key");
    fs::create_dir(start.folder.path().join("data")).unwrap();
    fs::write(&key, "").unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    start.is_refused("serve", &["data.master_key_file", "chmod 600"]).await;
}

#[tokio::test]
async fn a_feed_key_that_cannot_be_read_is_named_with_the_remedy() {
    let mut start = Start::new();
    // A folder, since root may read every file.
    start.configuration["feed"]["key_file"] = json!(start.folder.path());
    start.is_refused("serve", &["feed.key_file", "correct"]).await;
}

#[tokio::test]
async fn check_config_names_a_ca_that_does_not_answer() {
    let mut start = Start::new();
    let url = format!("https://{}/dir", loopback(free_tcp().unwrap()));
    start.configuration["authorities"] =
        json!({ "lets_encrypt": { "driver": "acme", "directory_url": url } });
    let says = ["authorities.lets_encrypt.directory_url", &url, "correct the URL"];
    start.is_refused("check-config", &says).await;
}
