//! A value as it lies in a table: a checksum, the round and the generation, then what was stored.
//!
//! The checksum binds the value to its key and finds damage (not tampering: whoever can write the file is the node
//! itself). Keys are authenticated on their own, chains and origins are not: a flipped bit must not be served.

use np_domain::entry::Generation;
use sha2::{Digest as _, Sha256};

/// Bytes of the checksum.
const CHECKSUM_BYTES: usize = 8;
/// Bytes before the content.
const HEADER_BYTES: usize = CHECKSUM_BYTES + 4 + 8;

/// The damage that a checksum found.
pub(super) const DAMAGED: &str = "its checksum does not fit";

/// A stored value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frame<'a> {
    /// The full copy that it belongs to: see `State::round`.
    pub(super) round: u32,
    /// The generation of its last change.
    pub(super) generation: Generation,
    /// What was stored.
    pub(super) content: &'a [u8],
}

impl<'a> Frame<'a> {
    /// The bytes to store under `key`.
    pub(super) fn write(&self, key: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES + self.content.len());
        bytes.extend_from_slice(&[0; CHECKSUM_BYTES]);
        bytes.extend_from_slice(&self.round.to_be_bytes());
        bytes.extend_from_slice(&self.generation.0.to_be_bytes());
        bytes.extend_from_slice(self.content);
        let sum = checksum(key, &bytes[CHECKSUM_BYTES..]);
        bytes[..CHECKSUM_BYTES].copy_from_slice(&sum);
        bytes
    }

    /// Reads what was stored under `key`; `None` when it is damaged.
    pub(super) fn read(key: &[u8], bytes: &'a [u8]) -> Option<Self> {
        let (sum, rest) = bytes.split_first_chunk::<CHECKSUM_BYTES>()?;
        let (round, after) = rest.split_first_chunk::<4>()?;
        let (generation, content) = after.split_first_chunk::<8>()?;
        (*sum == checksum(key, rest)).then(|| Self {
            round: u32::from_be_bytes(*round),
            generation: Generation(u64::from_be_bytes(*generation)),
            content,
        })
    }
}

fn checksum(key: &[u8], rest: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let mut hash = Sha256::new();
    hash.update((key.len() as u32).to_be_bytes());
    hash.update(key);
    hash.update(rest);
    let digest: [u8; 32] = hash.finalize().into();
    let mut sum = [0; CHECKSUM_BYTES];
    sum.copy_from_slice(&digest[..CHECKSUM_BYTES]);
    sum
}
