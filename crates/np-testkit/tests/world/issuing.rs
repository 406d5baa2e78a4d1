//! Pebble, seen through `curl`.

use std::collections::BTreeMap;
use std::time::Duration;

use np_testkit::dns::DnsServer;
use np_testkit::gate::Gate;
use np_testkit::pebble::{Options, Pebble};

use crate::client::{curl, run};

async fn pebble(change: impl FnOnce(&mut Options)) -> Pebble {
    let dns = DnsServer::start().await.unwrap();
    let mut options = Options::new(dns.address());
    change(&mut options);
    Pebble::start(options).await.unwrap()
}

async fn directory(pebble: &Pebble, url: &str) -> Result<String, String> {
    curl(&["--cacert", pebble.root_pem_path().to_str().unwrap(), url]).await
}

#[tokio::test]
async fn pebble_shows_its_directory_to_who_trusts_its_root() {
    let pebble = pebble(|_| ()).await;
    let said = directory(&pebble, &pebble.directory_url()).await.unwrap();
    assert!(said.contains("newOrder"), "{said}");
    assert!(pebble.tls_root_pem().unwrap().starts_with("-----BEGIN CERTIFICATE-----"));
    assert!(curl(&[&pebble.directory_url()]).await.is_err());
}

#[tokio::test]
async fn the_root_of_what_pebble_issues_is_a_certificate() {
    let pebble = pebble(|_| ()).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), pebble.issuer_root_pem().await.unwrap()).unwrap();
    let said =
        run("openssl", &["x509", "-noout", "-subject", "-in", file.path().to_str().unwrap()])
            .await
            .unwrap();
    assert!(said.contains("Pebble Root CA"), "{said}");
}

#[tokio::test]
async fn pebble_asks_for_an_external_account_when_told_to() {
    let key = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W".to_owned();
    let pebble =
        pebble(|options| options.external_accounts = BTreeMap::from([("kid-1".to_owned(), key)]))
            .await;
    let said = directory(&pebble, &pebble.directory_url()).await.unwrap();
    assert!(said.contains("\"externalAccountRequired\": true"), "{said}");
}

#[tokio::test]
async fn pebble_has_profiles_and_says_when_to_renew() {
    let week = Duration::from_secs(7 * 24 * 60 * 60);
    let pebble = pebble(|options| {
        options.profiles.insert("shortlived".to_owned(), week);
    })
    .await;
    let said = directory(&pebble, &pebble.directory_url()).await.unwrap();
    for word in ["\"renewalInfo\"", "\"shortlived\"", "\"default\""] {
        assert!(said.contains(word), "{word} in {said}");
    }
}

#[tokio::test]
async fn a_stopped_pebble_comes_back_on_the_same_ports() {
    let mut pebble = pebble(|_| ()).await;
    pebble.stop();
    assert!(directory(&pebble, &pebble.directory_url()).await.is_err());
    pebble.start_again().await.unwrap();
    assert!(directory(&pebble, &pebble.directory_url()).await.is_ok());
}

#[tokio::test]
async fn behind_a_gate_pebble_names_the_gate_in_its_urls() {
    let pebble = pebble(|_| ()).await;
    let gate = Gate::open_to(pebble.address()).await.unwrap();
    let said = directory(&pebble, &format!("https://{}/dir", gate.address())).await.unwrap();
    assert!(said.contains(&gate.address().to_string()), "{said}");
}
