//! The page that links in mails lead to.

use std::time::Duration;

use axum::body::Body;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use np_control::adapters::approval_desk::link_hash;
use np_domain::{
    approval::{Approval, Link},
    certificate::{AuthorityName, State},
    ports::{ApprovalStore as _, Clock as _, HistoryStore as _},
    text::Explanation,
};
use serde_json::json;
use tower::ServiceExt as _;

use crate::{
    issuer,
    world::{World, settings},
};

/// What a browser gets.
struct Page {
    status: StatusCode,
    headers: http::HeaderMap,
    text: String,
}

async fn open(world: &World, method: Method, secret: &str) -> Page {
    let request = Request::builder().method(method).uri(format!("/approve/{secret}"));
    let mut request = request.body(Body::empty()).unwrap();
    let from: std::net::SocketAddr = "192.0.2.7:50000".parse().unwrap();
    request.extensions_mut().insert(from);
    let (head, body) = world.router.clone().oneshot(request).await.unwrap().into_parts();
    let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    Page { status: head.status, headers: head.headers, text }
}

/// A hostname whose order waits for an approval; where hostnames are.
async fn asked(world: &World) -> String {
    let path = world.hostnames().await;
    let body = json!({
        "hostname": "app.customer.com",
        "ssl": { "type": "dv", "method": "email", "certificate_authority": "google" },
    });
    let created = world.post(&path, body).await;
    assert_eq!(created.status, 201, "{created:?}");
    let warning = created.body["messages"][0]["message"].as_str().unwrap();
    assert!(warning.contains("2028-03-15"), "{warning}");
    issuer::place_email_order(world, &path).await;
    let record = issuer::first(world, &path).await;
    let approval = Approval {
        order: Explanation::new(issuer::ORDER),
        domain: "customer.com".parse().unwrap(),
        names: vec!["app.customer.com".parse().unwrap()],
        authority: AuthorityName::Google,
        zone: record.hostname.zone,
        certificate: record.certificate.unwrap().id,
        expires_at: world.clock.now() + time::Duration::days(7),
        mailings: 1,
        mailed_at: Some(world.clock.now()),
        given: None,
    };
    let links = ["admin", "postmaster"].map(|mailbox| Link {
        hash: link_hash(mailbox),
        address: format!("{mailbox}@customer.com").parse().unwrap(),
    });
    world.store.ask_approval(&approval, &links).await.unwrap();
    path
}

#[tokio::test]
async fn opening_a_link_changes_nothing_and_the_button_approves_once() {
    let world = World::new().await;
    let path = asked(&world).await;
    for method in [Method::GET, Method::HEAD, Method::GET] {
        let page = open(&world, method.clone(), "admin").await;
        assert_eq!(page.status, 200, "{method}");
    }
    let page = open(&world, Method::GET, "admin").await;
    for part in ["<li>app.customer.com</li>", "<form method=\"post\">", "2028-03-15"] {
        assert!(page.text.contains(part), "{part}: {}", page.text);
    }
    assert!(!page.text.contains("<script"), "{}", page.text);
    let order = Explanation::new(issuer::ORDER);
    assert_eq!(world.store.approvals(&order).await.unwrap()[0].given, None);

    let page = open(&world, Method::POST, "admin").await;
    assert!(page.status == 200 && page.text.contains("<h1>Approved</h1>"), "{}", page.text);
    let given = world.store.approvals(&order).await.unwrap().remove(0).given.unwrap();
    assert_eq!(given.by.to_string(), "admin@customer.com");
    // The certificate is looked at now, and its history says who approved.
    let record = issuer::first(&world, &path).await;
    let State::AwaitingControl(awaiting) = record.certificate.unwrap().attempt else { panic!() };
    assert_eq!(awaiting.next_check, world.clock.now());
    let history = world.store.history(record.hostname.id, 10).await.unwrap();
    assert_eq!(history[0].kind.as_str(), "certificate.control_approved");
    assert!(history[0].detail.as_str().contains("admin@customer.com"));

    for (method, secret) in
        [(Method::POST, "admin"), (Method::POST, "postmaster"), (Method::GET, "postmaster")]
    {
        let page = open(&world, method, secret).await;
        assert!(page.text.contains("Approved already"), "{}", page.text);
        assert!(!page.text.contains("<form"), "{}", page.text);
    }
}

#[tokio::test]
async fn a_link_that_has_ended_or_is_not_known_approves_nothing() {
    let world = World::new().await;
    asked(&world).await;
    world.clock.advance(Duration::from_secs(7 * 24 * 3600));
    for method in [Method::GET, Method::POST] {
        let page = open(&world, method.clone(), "admin").await;
        assert_eq!(page.status, StatusCode::GONE, "{method}");
        let page = open(&world, method, "nobody").await;
        assert_eq!(page.status, StatusCode::NOT_FOUND);
    }
    let order = Explanation::new(issuer::ORDER);
    assert_eq!(world.store.approvals(&order).await.unwrap()[0].given, None);
}

#[tokio::test]
async fn nobody_keeps_frames_or_scripts_the_page() {
    let world = World::new().await;
    asked(&world).await;
    let page = open(&world, Method::GET, "admin").await;
    for (name, part) in [
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-frame-options", "DENY"),
        ("content-security-policy", "default-src 'none'"),
        ("content-type", "text/html"),
    ] {
        let value = page.headers.get(name).map_or("", |value| value.to_str().unwrap());
        assert!(value.contains(part), "{name}: {value}");
    }
}

#[tokio::test]
async fn who_guesses_links_is_let_wait_and_who_has_one_is_not() {
    let failures =
        np_control::app::limits::Rate { count: 2, window: Duration::from_secs(60), pause: None };
    let mut settings = settings();
    settings.rates.failures = Some(failures);
    let world = World::with(settings).await;
    asked(&world).await;
    for expected in [StatusCode::NOT_FOUND, StatusCode::NOT_FOUND, StatusCode::TOO_MANY_REQUESTS] {
        assert_eq!(open(&world, Method::GET, "guess").await.status, expected);
    }
    assert_eq!(open(&world, Method::GET, "admin").await.status, 200);
}

#[tokio::test]
async fn an_order_by_email_or_cname_shows_what_is_wanted() {
    let world = World::new().await;
    let path = asked(&world).await;
    let shown = world.get(&path).await;
    let ssl = &shown.result()[0]["ssl"];
    let emails = json!([
        "admin@customer.com",
        "administrator@customer.com",
        "hostmaster@customer.com",
        "postmaster@customer.com",
        "webmaster@customer.com"
    ]);
    assert_eq!(ssl["method"], "email");
    assert_eq!(ssl["validation_records"], json!([{ "status": "pending", "emails": emails }]));
    assert_eq!(ssl["emails"], emails, "a single record stands in ssl too");
}
