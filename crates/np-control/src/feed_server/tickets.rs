//! The keys that edges seal session tickets with: drawn by the first control process that needs one, kept sealed in the
//! store, handed to every edge with each batch, and forgotten for good when no session of theirs can be resumed any more.
//!
//! Nothing rotates: a key's name is its period (`np_domain::ticket_key`), so that processes need not agree on who draws.

use std::ops::RangeInclusive;

use np_domain::{
    ports::StoreError,
    secret::SecretBytes,
    ticket_key::{self, KEY_BYTES, Period, TicketKey},
};
use np_feed::message::SealedTicketKey;

use super::FeedServer;

/// The vault's context of ticket keys.
const CONTEXT: &str = "ticket-key";

/// The keys of some periods, sealed to the nodes.
pub(super) struct Tickets {
    periods: RangeInclusive<u32>,
    keys: Vec<SealedTicketKey>,
}

impl FeedServer {
    /// The keys in use, oldest first. Reads the store when a period has begun, and at the start.
    pub(super) async fn ticket_keys(&self) -> Result<Vec<SealedTicketKey>, StoreError> {
        let periods = ticket_key::in_use(self.clock.now());
        let mut tickets = self.tickets.lock().await;
        if let Some(known) = tickets.as_ref().filter(|tickets| tickets.periods == periods) {
            return Ok(known.keys.clone());
        }
        let mut keys = Vec::new();
        for period in periods.clone().map(Period) {
            let key = self.ticket_key(period).await?;
            keys.extend(key.map(|key| self.node_key.seal_ticket_key(&key)));
        }
        self.secrets.forget_secrets(&name(Period(0)), &name(Period(*periods.start()))).await?;
        *tickets = Some(Tickets { periods, keys: keys.clone() });
        Ok(keys)
    }

    /// The key of a period, drawn unless there is one. `None`, with a warning, for one that cannot be opened: edges go on
    /// with the others.
    async fn ticket_key(&self, period: Period) -> Result<Option<TicketKey>, StoreError> {
        let name = name(period);
        let sealed = match self.secrets.secret(&name).await? {
            Some(sealed) => sealed,
            None => {
                let drawn = SecretBytes::new(rand::random::<[u8; KEY_BYTES]>().to_vec());
                self.secrets.keep_secret(&name, &self.vault.seal(CONTEXT, &drawn)).await?
            }
        };
        Ok(match self.vault.open(CONTEXT, &sealed) {
            Ok(secret) => Some(TicketKey { starts: period.starts(), secret }),
            Err(error) => {
                tracing::warn!(name, %error, "feed_server.ticket_key_left_out");
                None
            }
        })
    }
}

/// The name of a period's key in the store; names sort as their periods do.
fn name(Period(period): Period) -> String {
    format!("ticket-key-{period:010}")
}
