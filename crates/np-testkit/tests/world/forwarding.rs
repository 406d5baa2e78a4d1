//! The gate before a server.

use np_testkit::gate::Gate;
use np_testkit::origin::Origin;

use crate::client::curl;

#[tokio::test]
async fn a_shut_gate_is_an_outage_that_the_server_does_not_notice() {
    let origin = Origin::start().await.unwrap();
    let gate = Gate::open_to(origin.address()).await.unwrap();
    let url = format!("http://{}/", gate.address());
    curl(&[&url]).await.unwrap();
    gate.shut();
    curl(&[&url]).await.unwrap_err();
    gate.open();
    curl(&[&url]).await.unwrap();
    assert_eq!(origin.requests(), 2);
}
