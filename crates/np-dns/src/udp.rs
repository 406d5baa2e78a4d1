//! Answers UDP: each worker receives, answers and sends, one packet after the other.

use std::{sync::Arc, time::Duration};

use tokio::{net::UdpSocket, time::sleep};
use tracing::{debug, warn};

use crate::{metrics::Transport, responder::Responder};

/// How long a worker pauses when the socket itself fails, so that a lasting failure does not take a core.
const FAILURE_PAUSE: Duration = Duration::from_millis(100);

/// Answers what arrives at `socket` until the task is ended. Any number of these share a socket.
pub(crate) async fn answer_forever(
    socket: Arc<UdpSocket>,
    responder: Arc<Responder>,
    query_bytes_max: u16,
) {
    // One byte more than allowed: the system cuts longer packets off there, which makes them malformed.
    let mut packet = vec![0; usize::from(query_bytes_max) + 1];
    let mut reply = Vec::new();
    loop {
        let (length, client) = match socket.recv_from(&mut packet).await {
            Ok(received) => received,
            Err(error) => {
                warn!(%error, "dns.udp.receive_failed: trying again");
                sleep(FAILURE_PAUSE).await;
                continue;
            }
        };
        let query = packet.get(..length).unwrap_or_default();
        let Some(reply) = responder.respond(query, Transport::Udp, &mut reply) else { continue };
        if let Err(error) = socket.send_to(reply, client).await {
            debug!(%error, %client, "dns.udp.send_failed: the client will ask again");
        }
    }
}
