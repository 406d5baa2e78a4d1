//! SIGTERM: what is under way is finished.

use np_testkit::wait;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::api::text;
use crate::visitor;
use crate::world::World;

const HOST: &str = "app.customer.com";

#[tokio::test]
async fn a_request_under_way_is_answered_before_the_program_ends() {
    let mut world = World::start().await;
    world.point_here(HOST);
    let ssl = json!({ "type": "dv", "method": "http" });
    let id = text(&world.provider.create(HOST, &ssl).await.unwrap(), "id");
    world.provider.until_active(&id).await.unwrap();
    crate::visitor::served(&world.visitor, HOST).await;

    let (mut slow, port) = SlowOrigin::start().await;
    world.provider.fall_back_to(port).await.unwrap();
    let visitor = world.visitor.clone();
    let visit = tokio::spawn(async move {
        // The edge hears of the new origin in its own time.
        loop {
            let visit = visitor.https(HOST, "/").await.unwrap();
            if visit.answer.body == "slowly" {
                return visit;
            }
        }
    });
    slow.asked.take().unwrap().await.unwrap();
    world.nameplate.terminate();
    let admin = world.nameplate.ports.admin;
    let draining = wait::until("draining", crate::world::WITHIN, async || {
        let answer = visitor::http(admin, "localhost", "/readyz").await;
        answer.map_or(Some(()), |answer| (answer.status == 503).then_some(()))
    });
    draining.await.unwrap();
    slow.answer.send(()).unwrap();
    assert_eq!(visit.await.unwrap().answer.status, 200);
    let status = world.nameplate.ended().await.unwrap();
    assert!(status.success(), "{status}");
}

/// An origin that answers one request, and that when it is told to.
struct SlowOrigin {
    asked: Option<oneshot::Receiver<()>>,
    answer: oneshot::Sender<()>,
}

impl SlowOrigin {
    async fn start() -> (Self, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (asked, was_asked) = oneshot::channel();
        let (answer, may_answer) = oneshot::channel();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            assert!(stream.read(&mut request).await.unwrap() > 0);
            asked.send(()).unwrap();
            may_answer.await.unwrap();
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nslowly";
            stream.write_all(answer).await.unwrap();
            // Open until the edge has read it.
            stream.read_to_end(&mut Vec::new()).await.ok();
        });
        (Self { asked: Some(was_asked), answer }, port)
    }
}
