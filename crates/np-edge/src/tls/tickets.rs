//! The keys that session tickets are sealed with. They come with the feed, the same for all edges, so that any of them
//! resumes what another began; an edge that has none yet, because its control side is older, draws one for itself.
//!
//! The newest key that has begun seals; all that are known open, and what an older one opens is sealed anew. A ticket says
//! nothing about who may use it: that is the partition of its session (`tls::credentials`).

use std::sync::{Arc, PoisonError, RwLock};

use boring::{
    error::ErrorStack,
    hash::MessageDigest,
    hmac::HmacCtxRef,
    rand::rand_bytes,
    ssl::{SslContextBuilder, TicketKeyCallbackResult},
    symm::{Cipher, CipherCtxRef},
};
use np_domain::{
    Timestamp,
    ports::Clock,
    secret::SecretBytes,
    ticket_key::{KEY_BYTES, TicketKey},
};
use np_feed::{NodeKey, Replica, replica::Change};
use tokio::sync::broadcast::{Receiver, error::RecvError};

/// Bytes of a key's name, which stands in the open at the start of a ticket (RFC 5077 section 4).
const NAME_BYTES: usize = 16;
/// Bytes of an AES-256 key.
const AES_BYTES: usize = 32;
/// Bytes of the initialization vector of AES-CBC.
const IV_BYTES: usize = 16;

const _: () = assert!(KEY_BYTES == NAME_BYTES + AES_BYTES + 32);

/// The keys known here.
pub(crate) struct TicketKeys {
    /// By the time from which they seal.
    shared: RwLock<Arc<[TicketKey]>>,
    /// For want of others.
    own: TicketKey,
    clock: Arc<dyn Clock>,
}

impl TicketKeys {
    /// # Errors
    /// When there is no randomness.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Result<Self, ErrorStack> {
        let mut drawn = vec![0; KEY_BYTES];
        rand_bytes(&mut drawn)?;
        let own = TicketKey { starts: Timestamp::UNIX_EPOCH, secret: SecretBytes::new(drawn) };
        Ok(Self { shared: RwLock::new(Arc::new([])), own, clock })
    }

    /// Takes over what the feed brought.
    fn replace(&self, mut keys: Vec<TicketKey>) {
        keys.retain(|key| key.secret.expose().len() == KEY_BYTES);
        keys.sort_by_key(|key| key.starts);
        *self.shared.write().unwrap_or_else(PoisonError::into_inner) = keys.into();
    }

    /// Keeps to what the replica has, for ever. `changes` must have been subscribed to before.
    pub(crate) async fn follow(
        &self,
        replica: Replica,
        node_key: NodeKey,
        mut changes: Receiver<Change>,
    ) {
        loop {
            match changes.recv().await {
                Ok(Change::TicketKeys | Change::All) | Err(RecvError::Lagged(_)) => {
                    self.load(&replica, &node_key);
                }
                Ok(_) => {}
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// Takes over what the replica has. What cannot be read leaves the keys as they are.
    pub(crate) fn load(&self, replica: &Replica, node_key: &NodeKey) {
        match replica.ticket_keys() {
            Ok(sealed) => {
                let keys = sealed.iter().filter_map(|key| node_key.open_ticket_key(key).ok());
                self.replace(keys.collect());
            }
            Err(error) => tracing::error!(%error, "ticket_keys.unreadable"),
        }
    }

    fn shared(&self) -> Arc<[TicketKey]> {
        Arc::clone(&self.shared.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes connections of the context use these keys.
    #[expect(unsafe_code, reason = "the callback must fill in what BoringSSL then uses")]
    pub(crate) fn install(self: Arc<Self>, builder: &mut SslContextBuilder) {
        // SAFETY: where the result is a success, `seal` has filled in name, vector and both contexts, and `open` both
        // contexts; all other results leave them unused.
        unsafe {
            builder.set_ticket_key_callback(move |_, name, iv, cipher, hmac, is_sealing| {
                let keys = self.shared();
                if is_sealing {
                    let key = sealing(&keys, self.clock.now()).unwrap_or(&self.own);
                    seal(key, name, iv, cipher, hmac)
                } else {
                    let current = sealing(&keys, self.clock.now()).unwrap_or(&self.own);
                    open(keys.iter().chain([&self.own]), current, name, iv, cipher, hmac)
                }
            });
        }
    }
}

/// The key that seals at `now`: the newest that has begun, else the first.
fn sealing(keys: &[TicketKey], now: Timestamp) -> Option<&TicketKey> {
    keys.iter().rev().find(|key| key.starts <= now).or(keys.first())
}

/// Name, AES key and HMAC key.
fn parts(key: &TicketKey) -> Option<(&[u8; NAME_BYTES], &[u8], &[u8])> {
    let (name, rest) = key.secret.expose().split_first_chunk()?;
    let (aes, hmac) = rest.split_at_checked(AES_BYTES)?;
    Some((name, aes, hmac))
}

fn seal(
    key: &TicketKey,
    name: &mut [u8; NAME_BYTES],
    iv: &mut [u8; IV_BYTES],
    cipher: &mut CipherCtxRef,
    hmac: &mut HmacCtxRef,
) -> TicketKeyCallbackResult {
    let Some((own_name, aes, mac)) = parts(key) else { return TicketKeyCallbackResult::Error };
    *name = *own_name;
    let ready = rand_bytes(iv)
        .and_then(|()| cipher.init_encrypt(&Cipher::aes_256_cbc(), aes, iv))
        .and_then(|()| hmac.init(mac, &MessageDigest::sha256()));
    match ready {
        Ok(()) => TicketKeyCallbackResult::Success,
        Err(_) => TicketKeyCallbackResult::Error,
    }
}

fn open<'a>(
    mut keys: impl Iterator<Item = &'a TicketKey>,
    current: &TicketKey,
    name: &[u8; NAME_BYTES],
    iv: &[u8; IV_BYTES],
    cipher: &mut CipherCtxRef,
    hmac: &mut HmacCtxRef,
) -> TicketKeyCallbackResult {
    let found = keys.find_map(|key| parts(key).filter(|(own, ..)| *own == name).map(|p| (key, p)));
    let Some((key, (_, aes, mac))) = found else { return TicketKeyCallbackResult::Noop };
    let ready = cipher
        .init_decrypt(&Cipher::aes_256_cbc(), aes, iv)
        .and_then(|()| hmac.init(mac, &MessageDigest::sha256()));
    match ready {
        Ok(()) if key == current => TicketKeyCallbackResult::Success,
        Ok(()) => TicketKeyCallbackResult::DecryptSuccessRenew,
        Err(_) => TicketKeyCallbackResult::Error,
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn the_newest_key_that_has_begun_seals() {
        let at = |hour: i64| datetime!(2026-11-22 00:00 UTC) + time::Duration::hours(hour);
        let key = |hour| TicketKey { starts: at(hour), secret: SecretBytes::new(vec![1; 80]) };
        let keys = [key(0), key(12), key(24)];
        for (now, expected) in [(-1, 0), (0, 0), (11, 0), (12, 12), (23, 12), (24, 24), (100, 24)] {
            let sealing = sealing(&keys, at(now)).map(|key| key.starts);
            assert_eq!(sealing, Some(at(expected)), "at {now}");
        }
        assert_eq!(sealing(&[], at(0)), None);
    }
}
