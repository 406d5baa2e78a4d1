//! Several CAs: the second stands in for the first, the first gets its work back, each is asked as often as it may be and when it
//! says so, and our account gets another key while it is used.

use std::time::{Duration, SystemTime};

use np_control::adapters::clock::SystemClock;
use np_domain::ports::Clock as _;
use np_testkit::dns::RecordType;
use np_testkit::pebble::{Options, Pebble};
use np_testkit::{program, wait};
use serde_json::{Value, json};

use crate::api::text;
use crate::nameplate::Ports;
use crate::visitor::{Visitor, served};
use crate::world::{Ground, WITHIN, World};

const HOST: &str = "app.customer.com";
/// Renewal comes with a third of it left: time enough for a loaded machine.
const VALIDITY: Duration = Duration::from_secs(45);

/// A world whose CA is `lets_encrypt`, with another one behind it that is `google`.
struct Two {
    world: World,
    second: Pebble,
}

impl Two {
    async fn start(first: impl Fn(&mut Options), change: impl Fn(&mut Value)) -> Self {
        let started = program::on_free_ports(async || {
            let ports = Ports::choose()?;
            let ground = Ground::start(ports.http, &first).await?;
            let options = Options { http_port: ports.http, ..Options::new(ground.names.address()) };
            let second = Pebble::start(Options { validity: VALIDITY, ..options }).await?;
            let google = json!({
                "driver": "acme",
                "directory_url": second.directory_url(),
                "root_pem_file": second.root_pem_path(),
            });
            let world = World::configured(ground, ports, |configuration| {
                configuration["authorities"]["google"] = google;
                configuration["certificates"] = json!({ "fallback_authorities": ["google"] });
                change(configuration);
            });
            Ok(Self { world: world.await?, second })
        });
        started.await.expect("the world starts")
    }

    async fn active(&self, host: &str) {
        self.world.point_here(host);
        let ssl = json!({ "type": "dv", "method": "http" });
        let id = text(&self.world.provider.create(host, &ssl).await.unwrap(), "id");
        self.world.provider.until_active(&id).await.unwrap();
    }

    /// Someone who trusts this CA alone.
    async fn who_trusts(&self, authority: &Pebble) -> Visitor {
        let ports = self.world.nameplate.ports;
        let root = authority.issuer_root_pem().await.unwrap();
        Visitor::new(ports.https, ports.http, &root).unwrap()
    }

    /// What was said of events of this kind.
    fn said(&self, kind: &str) -> Vec<String> {
        said(&self.world, kind)
    }
}

fn said<N>(world: &World<N>, kind: &str) -> Vec<String> {
    let events = world.nameplate.events(kind);
    events.iter().map(|line| text(line, "evidence")).collect()
}

#[tokio::test]
async fn the_second_ca_stands_in_for_one_that_is_down_which_gets_the_renewal() {
    let mut two = Two::start(|_| (), |_| ()).await;
    two.world.ground.pebble.stop();
    two.active(HOST).await;
    served(&two.who_trusts(&two.second).await, HOST).await;
    let failed = two.said("certificate.order_failed");
    assert!(failed.iter().all(|why| why.starts_with("lets_encrypt: ")), "{failed:?}");
    assert!(failed[0].contains("connection refused"), "{failed:?}");
    let ordered = two.said("certificate.ordered");
    assert!(ordered[0].starts_with("google for app.customer.com"), "{ordered:?}");

    two.world.ground.pebble.start_again().await.unwrap();
    served(&two.who_trusts(&two.world.ground.pebble).await, HOST).await;
    let ordered = two.said("certificate.ordered");
    assert!(ordered.last().unwrap().starts_with("lets_encrypt for "), "{ordered:?}");
}

#[tokio::test]
async fn the_second_ca_stands_in_for_one_that_refuses_and_for_one_that_has_reached_its_limit() {
    let two = Two::start(
        |options| options.blocked_domains.push("refused.com".to_owned()),
        |configuration| {
            configuration["authorities"]["lets_encrypt"]["orders_max"] = json!("2 in 365d");
        },
    )
    .await;
    for (host, authority) in [
        ("app.refused.com", "google"),
        ("one.customer.com", "lets_encrypt"),
        ("two.customer.com", "lets_encrypt"),
        ("three.customer.com", "google"),
    ] {
        two.active(host).await;
        let ordered = two.said("certificate.ordered");
        let expected = format!("{authority} for {host}");
        assert!(ordered.iter().any(|said| said.starts_with(&expected)), "{host}: {ordered:?}");
    }
    let failed = two.said("certificate.order_failed");
    assert!(failed[0].contains("will not issue for this domain"), "{failed:?}");
}

#[tokio::test]
async fn a_certificate_is_renewed_when_its_ca_says_so() {
    let world = program::on_free_ports(async || {
        let ports = Ports::choose()?;
        let ground = Ground::start(ports.http, |_| ()).await?;
        World::configured(ground, ports, |configuration| {
            // Each order waits for a record of its own.
            configuration["certificates"] =
                json!({ "key_types": ["p256", "rsa2048"], "automatic_http": false });
        })
        .await
    });
    let world = world.await.expect("the world starts");
    world.point_here(HOST);
    let ssl = json!({ "type": "dv", "method": "txt" });
    let id = text(&world.provider.create(HOST, &ssl).await.unwrap(), "id");
    let first = token(&world, &id, None).await;
    place(&world, &id, &ssl, &first).await;
    let visit = served(&world.visitor, HOST).await;

    // While the other kind of key waits for its proof nobody asks when to renew: time to let the CA say that it is now.
    let now = SystemTime::from(SystemClock.now());
    let window = now - Duration::from_secs(7200)..now - Duration::from_secs(3600);
    world.ground.pebble.suggest_renewal(&visit.leaf_pem(), window).await.unwrap();
    let second = token(&world, &id, Some(&first)).await;
    place(&world, &id, &ssl, &second).await;

    let third = token(&world, &id, Some(&second)).await;
    place(&world, &id, &ssl, &third).await;
    let renewed = wait::until("renewed", WITHIN, async || {
        (said(&world, "certificate.deployed").len() == 3).then_some(())
    });
    renewed.await.unwrap();
    let started = said(&world, "certificate.renewal_started");
    let words = "the P-256 certificate is due for renewal: its CA suggests to renew it between ";
    assert!(started.len() == 1 && started[0].starts_with(words), "{started:?}");
}

/// The token that is wanted, once it is another one than `old`.
async fn token(world: &World, id: &str, old: Option<&str>) -> String {
    wait::until("a token", WITHIN, async || {
        let shown = world.provider.get(id).await.ok()?;
        let value = shown["ssl"]["validation_records"][0]["txt_value"].as_str()?;
        (Some(value) != old).then(|| value.to_owned())
    })
    .await
    .expect("a token")
}

async fn place(world: &World, id: &str, ssl: &Value, value: &str) {
    world.ground.names.set(&format!("_acme-challenge.{HOST}"), RecordType::TXT, &[value]);
    world.provider.look_again(id, ssl).await.unwrap();
}

#[tokio::test]
async fn the_key_of_our_account_is_changed_while_it_is_used() {
    let two = Two::start(|_| (), |_| ()).await;
    two.active(HOST).await;
    let said = two.world.nameplate.run(&["roll-ca-key", "lets_encrypt"]).unwrap();
    assert!(said.starts_with("lets_encrypt: the account has a new key"), "{said}");
    two.active("other.customer.com").await;
    let ordered = two.said("certificate.ordered");
    assert!(ordered.iter().all(|said| said.starts_with("lets_encrypt for ")), "{ordered:?}");
    let said = two.world.nameplate.run(&["roll-ca-key"]).unwrap();
    let lines: Vec<_> = said.lines().collect();
    assert!(lines[0].starts_with("google: there is no account yet"), "{said}");
    assert!(lines[1].starts_with("lets_encrypt: the account has a new key"), "{said}");
    let refused = two.world.nameplate.run(&["roll-ca-key", "ssl_com"]).unwrap_err().to_string();
    assert!(refused.contains("ssl_com is not configured as an ACME CA"), "{refused}");
}
