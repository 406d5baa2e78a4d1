//! Answers TCP (RFC 7766): queries one after the other on a connection, within its bounds of number, size and time.

use std::{io, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::{metrics::Transport, responder::Responder, settings::DnsSettings};

/// How long accepting pauses when it fails, for want of file descriptors above all.
const FAILURE_PAUSE: Duration = Duration::from_millis(100);
/// How long a connection waits, once no more are taken, for a query that may be on its way.
const LAST_QUERY_WITHIN: Duration = Duration::from_secs(1);

/// Answers connections to `listener` until `drain`, then lets queries under way be answered. When the task is ended, its
/// connections end with it.
pub(crate) async fn answer(
    listener: TcpListener,
    responder: Arc<Responder>,
    settings: DnsSettings,
    drain: CancellationToken,
) {
    let (settings, mut connections) = (Arc::new(settings), JoinSet::new());
    loop {
        while connections.try_join_next().is_some() {}
        while connections.len() >= settings.tcp_connections_max.max(1) {
            connections.join_next().await;
        }
        match drain.run_until_cancelled(listener.accept()).await {
            None => break,
            Some(Ok((stream, _))) => {
                let (responder, settings) = (responder.clone(), settings.clone());
                connections.spawn(serve(stream, responder, settings, drain.clone()));
            }
            Some(Err(error)) => {
                warn!(%error, "dns.tcp.accept_failed: trying again");
                sleep(FAILURE_PAUSE).await;
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn serve(
    stream: TcpStream,
    responder: Arc<Responder>,
    settings: Arc<DnsSettings>,
    drain: CancellationToken,
) {
    let conversation = converse(stream, &responder, &settings, &drain);
    if let Ok(Err(error)) = timeout(settings.tcp_lifetime_max, conversation).await {
        debug!(%error, "dns.tcp.closed");
    }
}

/// Answers until the client closes, waits too long, or sends what is no query; or, once `drain` is cancelled, has no query
/// on its way.
async fn converse(
    mut stream: TcpStream,
    responder: &Responder,
    settings: &DnsSettings,
    drain: &CancellationToken,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut query, mut reply, mut framed) = (Vec::new(), Vec::new(), Vec::new());
    loop {
        let asked = drain.run_until_cancelled(stream.readable());
        match timeout(settings.tcp_idle_max, asked).await? {
            Some(ready) => ready?,
            None => match timeout(LAST_QUERY_WITHIN, stream.readable()).await {
                Ok(ready) => ready?,
                Err(_) => return Ok(()),
            },
        }
        timeout(settings.tcp_idle_max, read(&mut stream, settings, &mut query)).await??;
        let Some(reply) = responder.respond(&query, Transport::Tcp, &mut reply) else {
            return Ok(());
        };
        let length = u16::try_from(reply.len()).map_err(io::Error::other)?;
        framed.clear();
        framed.extend_from_slice(&length.to_be_bytes());
        framed.extend_from_slice(reply);
        timeout(settings.tcp_idle_max, stream.write_all(&framed)).await??;
    }
}

/// One message, after the two bytes of its length.
async fn read(
    stream: &mut TcpStream,
    settings: &DnsSettings,
    query: &mut Vec<u8>,
) -> io::Result<()> {
    let length = stream.read_u16().await?;
    if length > settings.query_bytes_max {
        return Err(io::Error::other("the query is longer than query_bytes_max"));
    }
    query.resize(usize::from(length), 0);
    stream.read_exact(query).await?;
    Ok(())
}
