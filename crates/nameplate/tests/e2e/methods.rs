//! Methods that only the CA in this program has: by e-mail and by CNAME, from the API to HTTPS.

use http::Method;
use np_testkit::dns::RecordType;
use np_testkit::mail::MailSink;
use np_testkit::program;
use serde_json::{Value, json};

use crate::api::text;
use crate::nameplate::Ports;
use crate::visitor;
use crate::world::{DELEGATION, Ground, World};

const HOST: &str = "app.customer.com";
/// Where people are told to open pages; the test goes to the API's port instead.
const PUBLIC: &str = "https://validate.saasprovider.com";

struct Mailing {
    world: World,
    sink: MailSink,
}

/// A world with the local CA as `google`, and a mail server.
async fn start() -> Mailing {
    let started = program::on_free_ports(async || {
        let ports = Ports::choose()?;
        let ground = Ground::start(ports.http, |_| ()).await?;
        ground.names.forward(DELEGATION, np_testkit::ports::loopback(ports.dns));
        let sink = MailSink::start(&["webmaster"]).await?;
        let mail = json!({
            "relay": "127.0.0.1",
            "port": sink.address().port(),
            "tls": "none",
            "from": "certificates@saasprovider.com",
            "public_url": PUBLIC,
        });
        let world = World::configured(ground, ports, |configuration| {
            configuration["authorities"]["google"] = json!({ "driver": "local" });
            configuration["mail"] = mail.clone();
        });
        Ok(Mailing { world: world.await?, sink })
    });
    started.await.expect("the world starts")
}

fn ssl(method: &str) -> Value {
    json!({ "type": "dv", "method": method, "certificate_authority": "google", "wildcard": true })
}

#[tokio::test]
async fn a_certificate_is_issued_once_somebody_has_pressed_the_button_in_a_mail() {
    let Mailing { world, sink } = start().await;
    world.point_here(HOST);
    let id = text(&world.provider.create(HOST, &ssl("email")).await.unwrap(), "id");
    let shown = world.provider.with_records(&id, 2).await.unwrap();
    let emails = shown["ssl"]["validation_records"][0]["emails"].as_array().unwrap().clone();
    assert_eq!(emails.len(), 5, "{shown:#}");
    let mails = sink.first(4).await.unwrap();
    let (_, link) = mails[0].text.split_once(PUBLIC).expect("a link");
    let path = link.split_whitespace().next().unwrap();
    let api = world.nameplate.ports.api;

    // A mail scanner opens it.
    let page = visitor::http(api, "validate.saasprovider.com", path).await.unwrap();
    assert!(page.body.contains("<li>*.app.customer.com</li>"), "{}", page.body);
    let waiting = world.provider.get(&id).await.unwrap();
    assert_eq!(waiting["ssl"]["status"], "pending_validation", "{waiting:#}");

    let page =
        visitor::request(api, Method::POST, "validate.saasprovider.com", path).await.unwrap();
    assert!(page.body.contains("<h1>Approved</h1>"), "{}", page.body);
    let active = world.provider.until_active(&id).await.unwrap();
    let mut hosts: Vec<_> = active["ssl"]["hosts"].as_array().unwrap().clone();
    hosts.sort_by_key(ToString::to_string);
    assert_eq!(hosts, [json!("*.app.customer.com"), json!(HOST)], "{active:#}");
}

#[tokio::test]
async fn a_certificate_is_issued_for_cnames_that_only_its_order_knows() {
    let Mailing { world, .. } = start().await;
    world.point_here(HOST);
    let id = text(&world.provider.create(HOST, &ssl("cname")).await.unwrap(), "id");
    let shown = world.provider.with_records(&id, 2).await.unwrap();
    for record in shown["ssl"]["validation_records"].as_array().unwrap() {
        let (name, target) = (text(record, "cname"), text(record, "cname_target"));
        assert_eq!(target, format!("validate.{DELEGATION}"));
        world.ground.names.set(&name, RecordType::CNAME, &[&format!("{target}.")]);
    }
    world.provider.look_again(&id, &ssl("cname")).await.unwrap();
    world.provider.until_active(&id).await.unwrap();
}
