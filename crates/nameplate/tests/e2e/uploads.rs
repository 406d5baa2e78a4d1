//! Certificates that a provider uploads: served to each client by what it can do, and replaced without a gap.

use std::path::Path;
use std::time::Duration;

use http::StatusCode;
use np_control::adapters::clock::SystemClock;
use np_domain::ports::Clock as _;
use np_testkit::ca::{Ca, LeafKey};
use np_testkit::ports::loopback;
use np_testkit::wait;
use serde_json::json;
use tokio::process::Command;

use crate::api::text;
use crate::visitor::{Visitor, served};
use crate::world::{WITHIN, World};

const HOST: &str = "app.customer.com";
const DAY: Duration = Duration::from_secs(24 * 3600);

#[tokio::test]
async fn an_uploaded_bundle_is_served_by_what_clients_can_do_and_gives_way_without_a_gap() {
    let world = World::start().await;
    world.point_here(HOST);
    let ca = Ca::root("Customer CA");
    let now = SystemClock.now();
    let pair = |key| {
        let leaf = ca.leaf_between(&[HOST], key, now - DAY, now + 30 * DAY);
        json!({ "custom_certificate": leaf.pem, "custom_key": leaf.key })
    };
    // No trust store of ours has the CA.
    let bundle = [pair(LeafKey::Rsa2048), pair(LeafKey::P256)];
    let ssl = json!({ "custom_cert_bundle": bundle, "bundle_method": "force" });
    let id = text(&world.provider.create(HOST, &ssl).await.unwrap(), "id");
    world.provider.until_active(&id).await.unwrap();

    let ports = world.nameplate.ports;
    let roots = format!("{}{}", ca.pem, world.ground.pebble.issuer_root_pem().await.unwrap());
    let visitor = Visitor::new(ports.https, ports.http, &roots).unwrap();
    let uploaded = served(&visitor, HOST).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &ca.pem).unwrap();
    for (client, kind) in [
        (&["-sigalgs", "ECDSA+SHA256:RSA-PSS+SHA256"][..], "ECDSA"),
        (&["-sigalgs", "RSA-PSS+SHA256:RSA+SHA256"], "RSA-PSS"),
        (&["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"], "ECDSA"),
        (&["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"], "RSA"),
    ] {
        let said = openssl(ports.https, file.path(), client).await;
        assert!(said.contains(&format!("Peer signature type: {kind}")), "{client:?}: {said}");
        assert!(said.contains("Verification: OK"), "{client:?}: {said}");
    }

    let managed = json!({ "type": "dv", "method": "http" });
    world.provider.look_again(&id, &managed).await.unwrap();
    let replaced = wait::until("a managed certificate is served", WITHIN, async || {
        let visit = visitor.https(HOST, "/").await.expect("no gap");
        assert_eq!(visit.answer.status, StatusCode::OK);
        (visit.serial != uploaded.serial).then_some(())
    });
    replaced.await.unwrap();
    let shown = world.provider.until_active(&id).await.unwrap();
    assert_eq!(shown["ssl"]["method"], "http");
    world.visitor.https(HOST, "/").await.expect("of the CA's by now");
}

/// What OpenSSL's client says about a handshake with the edge.
async fn openssl(port: u16, root: &Path, how: &[&str]) -> String {
    let mut client = Command::new("openssl");
    client.args(["s_client", "-connect", &loopback(port).to_string(), "-servername", HOST]);
    client.args(["-verify_hostname", HOST, "-CAfile"]).arg(root).args(how);
    client.stdin(std::process::Stdio::null());
    let said = client.output().await.unwrap();
    String::from_utf8_lossy(&[said.stdout, said.stderr].concat()).into_owned()
}
