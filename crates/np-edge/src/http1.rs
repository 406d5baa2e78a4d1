//! A visitor's connection that speaks HTTP/1.1: hyper reads requests and writes answers, [`proxy::answer`] is what is
//! between.

use std::{convert::Infallible, pin::pin, rc::Rc, sync::Arc, task::Poll};

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

/// Serves the connection to its end.
pub(crate) async fn serve(worker: &Rc<Worker>, client: &Rc<Client>, stream: Stream) {
    let control = worker.watch.control(Some(stream.pulse()));
    let pulse = stream.pulse();
    let service = service_fn(|request: Request<Incoming>| {
        let (worker, client) = (Rc::clone(worker), Rc::clone(client));
        let interim = match request.version() {
            Version::HTTP_11 => Interim::Http1(Arc::clone(&pulse)),
            _ => Interim::Nowhere,
        };
        let request = request.map(RequestBody::http1);
        async move { Ok::<_, Infallible>(proxy::answer(&worker, client, request, interim).await) }
    });
    let mut builder = http1::Builder::new();
    // A head over our limit is answered by us, with a page; only what is far over it by hyper.
    let head_bytes = worker.shared.settings.limits.header_bytes_max;
    builder.max_buf_size(2 * head_bytes + READ_AHEAD_BYTES);
    let connection = builder.serve_connection(TokioIo::new(stream), service).with_upgrades();
    let mut connection = pin!(connection);
    let mut finishing = false;
    std::future::poll_fn(|cx| {
        match control.order(cx.waker()) {
            Order::Serve => {}
            Order::Finish => {
                if !std::mem::replace(&mut finishing, true) {
                    connection.as_mut().graceful_shutdown();
                }
            }
            Order::End => return Poll::Ready(()),
        }
        // An error is a client that went away or spoke no HTTP, which hyper has told it.
        connection.as_mut().poll(cx).map(|_| ())
    })
    .await;
}
