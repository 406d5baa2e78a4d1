//! From a customer's records to HTTPS, by every way of showing control.

use std::time::Duration;

use np_testkit::dns::RecordType;
use np_testkit::nginx::Nginx;
use np_testkit::ports::loopback;
use np_testkit::wait;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::api::text;
use crate::visitor::served;
use crate::world::{TARGET, WITHIN, World};

const HOST: &str = "app.customer.com";
/// Well before the second try of the schedule.
const BEFORE_THE_NEXT_TRY: Duration = Duration::from_secs(40);

#[tokio::test]
async fn a_hostname_that_points_here_is_issued_by_http_and_served_from_nginx() {
    let world = World::start().await;
    let nginx = Nginx::start().await.unwrap();
    world.provider.fall_back_to(nginx.address().port()).await.unwrap();
    world.point_here(HOST);
    let created =
        world.provider.create(HOST, &json!({ "type": "dv", "method": "http" })).await.unwrap();
    world.provider.until_active(&text(&created, "id")).await.unwrap();

    let visit = served(&world.visitor, HOST).await;
    let expected = format!(
        "host={HOST}\nuri=/\nx-forwarded-for=127.0.0.1\nx-forwarded-proto=https\nx-forwarded-host={HOST}\n"
    );
    assert_eq!(visit.answer.body, expected);
    assert_eq!(visit.alpn.as_deref(), Some("http/1.1"));
    assert!(visit.answer.headers.contains_key("server"), "nginx says who it is");
}

#[tokio::test]
async fn a_name_whose_address_is_ours_does_not_prove_itself() {
    let world = World::start().await;
    world.ground.names.set(HOST, RecordType::A, &["127.0.0.1"]);
    let ssl = json!({ "type": "dv", "method": "http" });
    let created = world.provider.create(HOST, &ssl).await.unwrap();
    let token = text(&created["ownership_verification_http"], "http_body");
    let looked = async || {
        let looks = world.nameplate.events("ownership.unproven");
        (!looks.is_empty()).then_some(looks)
    };
    wait::until("the first look", WITHIN, looked).await.unwrap();
    assert_eq!(world.nameplate.events("ownership.proven"), Vec::<Value>::new());
    let path = format!("/.well-known/cf-custom-hostname-challenge/{}", text(&created, "id"));
    let answer = world.visitor.http(HOST, &path).await.unwrap();
    assert!(!answer.body.contains(&token), "our edge answered {path}");
}

#[tokio::test]
async fn the_first_request_for_a_waiting_hostname_has_it_looked_at_at_once() {
    let world = World::start().await;
    world.provider.create(HOST, &json!({ "type": "dv", "method": "http" })).await.unwrap();
    let looked = async || world.nameplate.events("ownership.unproven").into_iter().next();
    wait::until("the first look", WITHIN, looked).await.unwrap();
    world.point_here(HOST);
    // The schedule's next try is a minute after the first.
    let proven = async || {
        world.visitor.http(HOST, "/").await.ok()?;
        world.nameplate.events("ownership.proven").into_iter().next()
    };
    wait::until("a proof before the next try", BEFORE_THE_NEXT_TRY, proven).await.unwrap();
}

#[tokio::test]
async fn records_that_a_customer_adds_to_knot_prove_ownership_and_control() {
    let mut world = World::among_real_name_servers().await;
    let ssl = json!({ "type": "dv", "method": "txt" });
    let id = text(&world.provider.create(HOST, &ssl).await.unwrap(), "id");
    let shown = world.provider.with_records(&id, 1).await.unwrap();

    let ownership = &shown["ownership_verification"];
    let control = &shown["ssl"]["validation_records"][0];
    for (name, value) in [
        (text(ownership, "name"), text(ownership, "value")),
        (text(control, "txt_name"), text(control, "txt_value")),
    ] {
        world.ground.names.add(&name, &format!("TXT \"{value}\"")).await.unwrap();
    }
    world.provider.look_again(&id, &ssl).await.unwrap();
    world.provider.until_active(&id).await.unwrap();
    assert!(served(&world.visitor, HOST).await.answer.body.contains(HOST));
}

#[tokio::test]
async fn a_customer_who_delegates_has_a_certificate_without_further_records() {
    let mut world = World::among_real_name_servers().await;
    world.ground.names.add(HOST, &format!("CNAME {TARGET}.")).await.unwrap();
    let ssl = json!({ "type": "dv", "method": "txt" });
    let created = world.provider.create(HOST, &ssl).await.unwrap();
    let id = text(&created, "id");
    let delegation = &created["ssl"]["dcv_delegation_records"][0];
    let (name, target) = (text(delegation, "cname"), text(delegation, "cname_target"));
    world
        .ground
        .names
        .add(&name, &format!("CNAME {}.", target.trim_end_matches('.')))
        .await
        .unwrap();
    world.provider.look_again(&id, &ssl).await.unwrap();
    world.provider.until_active(&id).await.unwrap();
    served(&world.visitor, HOST).await;

    let dns = world.nameplate.ports.dns;
    let withdrawn = wait::until("the token is gone", WITHIN, async || {
        let answer = dig(dns, &target).await;
        (answer.contains("status: NOERROR") && answer.contains("ANSWER: 0")).then_some(())
    });
    withdrawn.await.unwrap();
}

#[tokio::test]
async fn a_wildcard_of_a_name_proven_by_cname_serves_one_level_below_and_not_two() {
    let world = World::start().await;
    // Nobody answers there, so that the CNAME alone can prove ownership.
    world.ground.names.set(TARGET, RecordType::A, &["127.0.0.9"]);
    world.point_here(HOST);
    let ssl = json!({ "type": "dv", "method": "txt", "wildcard": true });
    let id = text(&world.provider.create(HOST, &ssl).await.unwrap(), "id");
    let shown = world.provider.with_records(&id, 2).await.unwrap();
    let records = shown["ssl"]["validation_records"].as_array().unwrap();
    let values: Vec<_> = records.iter().map(|record| text(record, "txt_value")).collect();
    let values: Vec<_> = values.iter().map(String::as_str).collect();
    world.ground.names.set(&text(&records[0], "txt_name"), RecordType::TXT, &values);
    world.provider.look_again(&id, &ssl).await.unwrap();
    world.provider.until_active(&id).await.unwrap();

    served(&world.visitor, HOST).await;
    served(&world.visitor, &format!("one.{HOST}")).await;
    let proofs = world.nameplate.events("ownership.proven");
    assert!(text(&proofs[0], "evidence").contains(&format!("CNAME to {TARGET}")), "{proofs:?}");
    assert!(world.visitor.is_refused(&format!("two.one.{HOST}")).await);
}

#[tokio::test]
async fn a_ca_that_refuses_every_other_nonce_still_issues() {
    let world = World::with(|options| options.nonce_reject_percent = 50).await;
    world.point_here(HOST);
    let ssl = json!({ "type": "dv", "method": "http" });
    let id = text(&world.provider.create(HOST, &ssl).await.unwrap(), "id");
    world.provider.until_active(&id).await.unwrap();
    served(&world.visitor, HOST).await;
}

/// What our name server says about the TXT records of a name.
async fn dig(port: u16, name: &str) -> String {
    let server = loopback(port);
    let mut dig = Command::new("dig");
    dig.arg(format!("@{}", server.ip())).args(["-p", &port.to_string(), "+tries=1", name, "TXT"]);
    String::from_utf8(dig.output().await.unwrap().stdout).unwrap()
}
