//! Sessions: resumed by any edge with the same ticket keys, for their own name only, for as long as their key is known.

use np_domain::{secret::SecretBytes, ticket_key::TicketKey};
use np_testkit::clock::TestClock;
use tempfile::TempDir;

use crate::{
    clients::said,
    world::{World, wait_for},
};

/// A visitor who keeps a session between connections.
struct Visitor {
    folder: TempDir,
}

impl Visitor {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// One request; whether its connection resumed the session that was kept before. Tickets of TLS 1.3 come with the
    /// answer.
    async fn asks(&self, world: &World, name: &str, version: &str) -> bool {
        let address = world.edge.https_addr().to_string();
        let file = self.folder.path().join("session").to_str().unwrap().to_owned();
        let mut arguments = vec!["s_client", "-connect", &address, "-servername", name];
        arguments.extend([version, "-ign_eof", "-sess_out", &file]);
        if self.folder.path().join("session").exists() {
            arguments.extend(["-sess_in", &file]);
        }
        let request = format!("GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n");
        let answer = said("openssl", &arguments, &request).await;
        assert!(answer.contains("HTTP/1.1 200"), "{name} {version}: {answer}");
        match (answer.contains("\nNew, TLSv1"), answer.contains("\nReused, TLSv1")) {
            (true, false) => false,
            (false, true) => true,
            _ => panic!("{answer}"),
        }
    }
}

const VERSIONS: [&str; 2] = ["-tls1_2", "-tls1_3"];

/// A key that seals from so many hours after the start of the test clock on.
fn key(hours: i64, byte: u8) -> TicketKey {
    let starts = TestClock::START + time::Duration::hours(hours);
    TicketKey { starts, secret: SecretBytes::new(vec![byte; 80]) }
}

#[tokio::test]
async fn an_edge_resumes_what_another_began() {
    let (one, other) = (World::start().await, World::start().await);
    for world in [&one, &other] {
        world.proven("app.customer.com").publish();
        world.share_ticket_keys(&[key(-12, 1), key(0, 2), key(12, 3)]);
    }
    for version in VERSIONS {
        // The keys may come a moment later.
        wait_for(async || {
            let visitor = Visitor::new();
            visitor.asks(&one, "app.customer.com", version).await;
            visitor.asks(&other, "app.customer.com", version).await
        })
        .await;
    }
    let stranger = World::start().await;
    stranger.proven("app.customer.com").publish();
    let visitor = Visitor::new();
    assert!(!visitor.asks(&one, "app.customer.com", "-tls1_3").await);
    assert!(!visitor.asks(&stranger, "app.customer.com", "-tls1_3").await);
}

#[tokio::test]
async fn a_session_is_resumed_for_its_own_name_only() {
    let world = World::start().await;
    world.proven("app.customer.com").publish();
    world.proven("shop.other.org").publish();
    world.proven("wild.org").wildcard().publish();
    for version in VERSIONS {
        for (began, others) in [
            ("app.customer.com", &["shop.other.org", "wild.org"][..]),
            ("a.wild.org", &["b.wild.org", "wild.org", "app.customer.com"]),
        ] {
            for other in others {
                let visitor = Visitor::new();
                assert!(!visitor.asks(&world, began, version).await);
                assert!(visitor.asks(&world, began, version).await, "{began} {version}");
                assert!(!visitor.asks(&world, other, version).await, "{began} {other} {version}");
            }
        }
    }
}

#[tokio::test]
async fn a_key_that_seals_no_more_still_opens_until_it_is_gone() {
    let world = World::start().await;
    world.proven("app.customer.com").publish();
    for version in VERSIONS {
        let (old, new) = (key(-12, 1), key(0, 2));
        world.share_ticket_keys(std::slice::from_ref(&old));
        let visitor = Visitor::new();
        let resumes = async || visitor.asks(&world, "app.customer.com", version).await;
        wait_for(resumes).await;
        world.share_ticket_keys(&[old, new.clone()]);
        assert!(resumes().await, "{version}");
        // What the old key opened was sealed anew with the new one, once that was there.
        wait_for(async || {
            world.share_ticket_keys(&[key(-12, 1), new.clone()]);
            resumes().await && resumes().await
        })
        .await;
        world.share_ticket_keys(&[key(-1, 9)]);
        wait_for(async || !resumes().await).await;
    }
}
