//! Answers TCP (RFC 7766): queries one after the other on a connection, within its bounds of number, size and time.

use std::{io, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};
use tracing::{debug, warn};

use crate::{metrics::Transport, responder::Responder, settings::DnsSettings};

/// How long accepting pauses when it fails, for want of file descriptors above all.
const FAILURE_PAUSE: Duration = Duration::from_millis(100);

/// Answers connections to `listener` until the task is ended, and its connections with it.
pub(crate) async fn answer_forever(
    listener: TcpListener,
    responder: Arc<Responder>,
    settings: DnsSettings,
) {
    let settings = Arc::new(settings);
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        while connections.len() >= settings.tcp_connections_max.max(1) {
            connections.join_next().await;
        }
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(serve(stream, responder.clone(), settings.clone()));
            }
            Err(error) => {
                warn!(%error, "dns.tcp.accept_failed: trying again");
                sleep(FAILURE_PAUSE).await;
            }
        }
    }
}

async fn serve(stream: TcpStream, responder: Arc<Responder>, settings: Arc<DnsSettings>) {
    let served = timeout(settings.tcp_lifetime_max, converse(stream, &responder, &settings));
    if let Ok(Err(error)) = served.await {
        debug!(%error, "dns.tcp.closed");
    }
}

/// Answers until the client closes, waits too long, or sends what is no query.
async fn converse(
    mut stream: TcpStream,
    responder: &Responder,
    settings: &DnsSettings,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut query, mut reply, mut framed) = (Vec::new(), Vec::new(), Vec::new());
    loop {
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
