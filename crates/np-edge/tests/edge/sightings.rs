//! Waiting hostnames that visitors ask for are noted for the control side; nothing else is.

use http::Request;
use np_domain::ownership::{SightedBy, Sighting};
use tokio::net::TcpStream;

use crate::world::{Hello, World, http1};

async fn get(world: &World, host: &str) -> u16 {
    let stream = TcpStream::connect(world.edge.http_addr()).await.unwrap();
    http1(stream).await.send(Request::get("/").header("host", host)).await.status()
}

#[tokio::test]
async fn a_waiting_hostname_that_is_asked_for_is_sighted_once_and_no_other_name_is() {
    let world = World::start().await;
    let by_http = world.unproven("new.customer.com").publish();
    let by_sni = world.unproven("other.customer.com").publish();
    world.proven("app.customer.com").publish();
    world.unproven("app.customer.com").of_hostname("second").publish();

    get(&world, "app.customer.com").await;
    get(&world, "unknown.customer.com").await;
    assert!(Hello::to("unknown.customer.com").connect(world.edge.https_addr()).await.is_err());
    assert!(world.replica.sightings().take().is_empty());

    for _ in 0..3 {
        assert_eq!(get(&world, "NEW.customer.com").await, 404);
        assert!(Hello::to("other.customer.com").connect(world.edge.https_addr()).await.is_err());
    }
    let seen = world.replica.sightings().take();
    assert_eq!(
        seen,
        [
            Sighting { hostname: by_http.hostname, by: SightedBy::Http },
            Sighting { hostname: by_sni.hostname, by: SightedBy::Sni },
        ]
    );
}
