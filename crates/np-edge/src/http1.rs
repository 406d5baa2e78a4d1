//! A visitor's connection that speaks HTTP/1.1: hyper reads requests and writes answers, [`proxy::answer`] is what is
//! between.

use std::{
    cell::Cell, convert::Infallible, pin::pin, rc::Rc, sync::Arc, task::Poll, time::Duration,
};

use http::{Request, Version};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;

use crate::{
    interim::Interim,
    proxy::{self, client::Client, request_body::RequestBody},
    stream::Stream,
    watch::Order,
    worker::Worker,
};

/// What hyper may read ahead beside the head, which has a limit of its own.
const READ_AHEAD_BYTES: usize = 8 * 1024;
/// How long a connection that is to end waits for a request that may be on its way: closed at once, it would be cut off.
const LAST_REQUEST_WITHIN: Duration = Duration::from_secs(1);

/// Serves the connection to its end.
pub(crate) async fn serve(worker: &Rc<Worker>, client: &Rc<Client>, stream: Stream) {
    let control = worker.watch.control(Some(stream.pulse()));
    let pulse = stream.pulse();
    let under_way = Cell::new(false);
    let service = service_fn(|request: Request<Incoming>| {
        under_way.set(true);
        let (worker, client) = (Rc::clone(worker), Rc::clone(client));
        let interim = match request.version() {
            Version::HTTP_11 => Interim::Http1(Arc::clone(&pulse)),
            _ => Interim::Nowhere,
        };
        let request = request.map(RequestBody::http1);
        let under_way = &under_way;
        async move {
            let answer = proxy::answer(&worker, client, request, interim).await;
            under_way.set(false);
            Ok::<_, Infallible>(answer)
        }
    });
    let mut builder = http1::Builder::new();
    // A head over our limit is answered by us, with a page; only what is far over it by hyper.
    let head_bytes = worker.shared.settings.limits.header_bytes_max;
    builder.max_buf_size(2 * head_bytes + READ_AHEAD_BYTES);
    let connection = builder.serve_connection(TokioIo::new(stream), service).with_upgrades();
    let mut connection = pin!(connection);
    let mut waiting = None;
    let mut finishing = false;
    std::future::poll_fn(|cx| {
        loop {
            match control.order(cx.waker()) {
                Order::Finish if !finishing => {
                    let last = || Box::pin(tokio::time::sleep(LAST_REQUEST_WITHIN));
                    let waited = waiting.get_or_insert_with(last).as_mut().poll(cx).is_ready();
                    if waited || under_way.get() {
                        finishing = true;
                        connection.as_mut().graceful_shutdown();
                    }
                }
                Order::Serve | Order::Finish => {}
                Order::End => return Poll::Ready(()),
            }
            // An error is a client that went away or spoke no HTTP, which hyper has told it.
            if connection.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            // A last request has begun: its answer says that the connection ends with it.
            if waiting.is_none() || finishing || !under_way.get() {
                return Poll::Pending;
            }
        }
    })
    .await;
}
