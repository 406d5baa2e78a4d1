//! certbot with its Cloudflare plugin, as it is installed from PyPI, against a CA and our DNS. The plugin's SDK takes its base
//! URL from the environment, so that nothing of it is changed.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use np_domain::ports::Clock as _;
use np_testkit::ports::loopback;
use np_testkit::sdk::Environment;
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use tokio::process::Command;
use x509_parser::parse_x509_certificate;

use crate::api::PROVIDER;
use crate::world::World;

#[tokio::test]
async fn certbot_obtains_a_wildcard_by_txt_records_that_it_writes_through_our_api() {
    let world = World::start().await;
    let dns = loopback(world.nameplate.ports.dns);
    world.ground.names.forward(PROVIDER, dns);
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let credentials = home.join("credentials.ini");
    let api = &world.provider.api;
    fs::write(&credentials, format!("dns_cloudflare_api_token = {}\n", api.token)).unwrap();
    fs::set_permissions(&credentials, fs::Permissions::from_mode(0o600)).unwrap();

    let mut certbot = Command::new(Environment::Certbot.file("bin/certbot").unwrap());
    certbot
        .args(["certonly", "--non-interactive", "--agree-tos", "--register-unsafely-without-email"])
        .args(["--server", &world.ground.pebble.directory_url()])
        .args(["--dns-cloudflare", "--dns-cloudflare-propagation-seconds", "1"])
        .arg("--dns-cloudflare-credentials")
        .arg(&credentials)
        .args(["--domain", &format!("app.{PROVIDER}"), "--domain", &format!("*.app.{PROVIDER}")])
        .arg("--config-dir")
        .arg(home.join("etc"))
        .arg("--work-dir")
        .arg(home.join("work"))
        .arg("--logs-dir")
        .arg(home.join("logs"))
        .env("CLOUDFLARE_BASE_URL", &api.base)
        .env("REQUESTS_CA_BUNDLE", world.ground.pebble.root_pem_path())
        .kill_on_drop(true);
    let said = certbot.output().await.unwrap();
    let said_text = String::from_utf8_lossy(&[&*said.stdout, &*said.stderr].concat()).into_owned();
    assert!(said.status.success(), "{said_text}");

    let leaf = home.join(format!("etc/live/app.{PROVIDER}/cert.pem"));
    let leaf = CertificateDer::from_pem_file(leaf).unwrap();
    let (_, leaf) = parse_x509_certificate(&leaf).unwrap();
    let names = leaf.subject_alternative_name().unwrap().unwrap();
    assert_eq!(names.value.general_names.len(), 2);
    let ends = leaf.validity().not_after.to_datetime();
    assert!(ends > np_control::adapters::clock::SystemClock.now());
    // It cleans up after itself.
    let records = format!("/zones/{}/dns_records?type=TXT", world.provider.zone);
    let left = api.result(http::Method::GET, &records, None).await.unwrap();
    assert_eq!(left.as_array().unwrap().len(), 0, "{left:#}");
}
