//! Roles in processes of their own.

use std::{fs, os::unix::fs::PermissionsExt as _};

use np_testkit::ports::loopback;

use super::world::Nameplate;

/// A node of `control`: its URL, and a copy of the secret.
pub(crate) fn node(role: &'static str, control: &Nameplate) -> Nameplate {
    let key = control.data().join("feed.key");
    let url = format!("\"http://{}\"", loopback(control.ports.feed));
    Nameplate::new(role).unwrap().set("feed.url", url).set("feed.key_file", format!("{key:?}"))
}

#[tokio::test]
async fn a_name_server_answers_the_delegation_domain_from_its_copy() {
    let mut control = Nameplate::new("control").unwrap();
    control.start().await.unwrap();
    let mut dns = node("dns", &control);
    dns.start().await.unwrap();
    let (status, body) = dns.admin("/readyz").await.unwrap();
    assert_eq!(status, 200, "{body}");
    assert!(body.contains("\"dns\"") && !body.contains("\"store\""), "{body}");
    assert_eq!(dns.stop().await.unwrap().code(), Some(0));
}

#[tokio::test]
async fn a_node_without_control_in_its_process_needs_its_url_and_secret() {
    let nameplate = Nameplate::new("edge").unwrap();
    let line = refused(&nameplate).await;
    assert!(line.contains("feed.key_file") && line.contains("copy feed.key"), "{line}");
    fs::create_dir_all(nameplate.data()).unwrap();
    fs::write(nameplate.data().join("feed.key"), "00".repeat(32)).unwrap();
    let line = refused(&nameplate).await;
    assert!(line.contains("feed.url") && line.contains("http://CONTROL:8081"), "{line}");
}

#[tokio::test]
async fn the_defaults_pass_the_check() {
    let output = Nameplate::new("serve").unwrap().run(&["check-config"]).await.unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn the_check_names_keys_and_databases_that_cannot_be_used() {
    let nameplate = Nameplate::new("serve").unwrap();
    fs::create_dir_all(nameplate.data()).unwrap();
    let master = nameplate.data().join("master.key");
    fs::write(&master, "no key").unwrap();
    fs::set_permissions(&master, fs::Permissions::from_mode(0o644)).unwrap();
    let line = refused_to(&nameplate, "check-config").await;
    assert!(line.contains("data.master_key_file: ") && line.contains("chmod 600"), "{line}");
    fs::set_permissions(&master, fs::Permissions::from_mode(0o600)).unwrap();
    let line = refused_to(&nameplate, "check-config").await;
    assert!(line.contains("data.master_key_file: ") && line.contains("64 hex digits"), "{line}");
    fs::remove_file(&master).unwrap();
    fs::write(nameplate.data().join("feed.key"), "no key").unwrap();
    let line = refused_to(&nameplate, "check-config").await;
    assert!(line.contains("feed.key_file: ") && line.contains("copy `feed.key`"), "{line}");
    fs::remove_file(nameplate.data().join("feed.key")).unwrap();
    fs::write(nameplate.data().join("nameplate.db"), "no database".repeat(1000)).unwrap();
    let line = refused_to(&nameplate, "check-config").await;
    assert!(line.contains("store.url: ") && line.contains("correct the URL"), "{line}");
    let nobody = format!("\"postgres://nameplate@127.0.0.1:{}/nameplate\"", nameplate.ports.api);
    let nameplate = nameplate.set("store.url", nobody).set("store.wait_max", "\"1s\"");
    let line = refused_to(&nameplate, "check-config").await;
    assert!(line.contains("store.url: ") && line.contains("database runs"), "{line}");
}

/// Starts a role that must be refused; the one line that says why.
async fn refused(nameplate: &Nameplate) -> String {
    refused_to(nameplate, nameplate.role).await
}

/// Gives a command that must be refused; the one line that says why.
async fn refused_to(nameplate: &Nameplate, command: &str) -> String {
    let output = nameplate.run(&[command]).await.unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{errors}");
    let lines: Vec<_> = errors.lines().filter(|line| line.starts_with("nameplate: ")).collect();
    assert_eq!(lines.len(), 1, "{errors}");
    lines[0].to_owned()
}
