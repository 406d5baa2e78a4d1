//! The secret that control and serving nodes share: it proves a node to the feed server and seals private keys to nodes.
//!
//! 32 random bytes in a file, in hex. Two keys are derived from it (HKDF-SHA256, one `info` each), so that the
//! credential, which travels, says nothing about the sealing key, which never does.

use std::{
    fmt,
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use aes_gcm::{
    Aes256Gcm,
    aead::{Aead as _, KeyInit as _, Payload},
};
use hkdf::Hkdf;
use np_domain::{
    Timestamp,
    secret::{SealedBytes, SecretBytes},
    ticket_key::TicketKey,
};
use sha2::Sha256;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::message::SealedTicketKey;

/// Bytes of the shared secret.
const SECRET_BYTES: usize = 32;
/// Bytes of an AES-GCM nonce (NIST SP 800-38D).
const NONCE_BYTES: usize = 12;
/// First byte of what [`NodeKey::seal`] makes: the way it was sealed.
const SEALED_FORMAT: u8 = 1;
/// Authenticated beside each sealed key, so that nothing else sealed with this key opens as one.
const SEALED_CONTEXT: &[u8] = b"nameplate feed: private key";
/// The same, for ticket keys.
const TICKET_CONTEXT: &[u8] = b"nameplate feed: ticket key";
const CREDENTIAL_INFO: &[u8] = b"nameplate feed: credential v1";
const SEALING_INFO: &[u8] = b"nameplate feed: sealing v1";
const FINGERPRINT_INFO: &[u8] = b"nameplate feed: fingerprint v1";
/// Bytes of a fingerprint: enough that two keys of one installation never share it.
const FINGERPRINT_BYTES: usize = 8;

/// The secret shared by control and serving nodes. Cheap to clone; its `Debug` shows nothing.
#[derive(Clone)]
pub struct NodeKey(Arc<Derived>);

struct Derived {
    credential: Zeroizing<String>,
    cipher: Aes256Gcm,
    fingerprint: [u8; FINGERPRINT_BYTES],
}

/// Why the shared secret cannot be had.
#[derive(Debug, Error)]
pub enum NodeKeyError {
    /// The file cannot be read or written.
    #[error("the node key {path} cannot be used")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file holds something else.
    #[error(
        "the node key {path} is not {SECRET_BYTES} bytes in hex; copy `feed.key` from the control node"
    )]
    Malformed {
        /// The file.
        path: PathBuf,
    },
}

/// A sealed key cannot be opened: it was sealed to another node key, or damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the private key cannot be opened with this node key")]
pub struct NotOurs;

impl NodeKey {
    /// Derives the keys from the shared secret.
    pub fn from_secret(secret: &[u8; SECRET_BYTES]) -> Self {
        let hkdf = Hkdf::<Sha256>::new(None, secret);
        let credential = Zeroizing::new(hex::encode(derive(&hkdf, CREDENTIAL_INFO)));
        let cipher = Aes256Gcm::new((&*derive(&hkdf, SEALING_INFO)).into());
        let mut fingerprint = [0; FINGERPRINT_BYTES];
        fingerprint.copy_from_slice(&derive(&hkdf, FINGERPRINT_INFO)[..FINGERPRINT_BYTES]);
        Self(Arc::new(Derived { credential, cipher, fingerprint }))
    }

    /// Reads the shared secret from a file.
    ///
    /// # Errors
    /// When the file is absent or holds something else.
    pub fn load(path: &Path) -> Result<Self, NodeKeyError> {
        let text = fs::read_to_string(path).map(Zeroizing::new).map_err(|e| file_error(path, e))?;
        let mut secret = Zeroizing::new([0; SECRET_BYTES]);
        hex::decode_to_slice(text.trim(), &mut *secret)
            .map_err(|_| NodeKeyError::Malformed { path: path.to_owned() })?;
        warn_if_public(path);
        Ok(Self::from_secret(&secret))
    }

    /// Reads the shared secret, or draws one and keeps it (mode 0600) when the file is absent. Of two processes that
    /// start at once, both use the first one's.
    ///
    /// # Errors
    /// When the file can be neither read nor written, or holds something else.
    pub fn load_or_create(path: &Path) -> Result<Self, NodeKeyError> {
        if !path.exists() {
            create(path).map_err(|e| file_error(path, e))?;
        }
        Self::load(path)
    }

    /// Tells this key from others and says nothing about it.
    pub fn fingerprint(&self) -> [u8; FINGERPRINT_BYTES] {
        self.0.fingerprint
    }

    /// What a node sends as its bearer token.
    pub fn credential(&self) -> &str {
        &self.0.credential
    }

    /// Whether `presented` is the credential; takes as long for a near miss as for a far one.
    pub fn is_credential(&self, presented: &str) -> bool {
        let (known, presented) = (self.credential().as_bytes(), presented.as_bytes());
        let differences = known.iter().zip(presented).fold(0, |all, (a, b)| all | (a ^ b));
        known.len() == presented.len() && std::hint::black_box(differences) == 0
    }

    /// Seals a private key to the nodes; each call gives other bytes.
    pub fn seal(&self, secret: &SecretBytes) -> SealedBytes {
        self.seal_as(SEALED_CONTEXT, secret)
    }

    /// Seals a ticket key to the nodes.
    pub fn seal_ticket_key(&self, key: &TicketKey) -> SealedTicketKey {
        let sealed = self.seal_as(TICKET_CONTEXT, &key.secret).as_bytes().to_vec();
        SealedTicketKey { starts: key.starts.unix_timestamp(), sealed }
    }

    fn seal_as(&self, context: &'static [u8], secret: &SecretBytes) -> SealedBytes {
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let payload = Payload { msg: secret.expose(), aad: context };
        // AES-GCM refuses only messages beyond 64 GiB; an empty body then opens nowhere.
        let body = self.0.cipher.encrypt(&nonce.into(), payload).unwrap_or_default();
        let mut sealed = Vec::with_capacity(1 + NONCE_BYTES + body.len());
        sealed.push(SEALED_FORMAT);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&body);
        SealedBytes::from_vec(sealed)
    }

    /// Opens what [`NodeKey::seal`] made.
    ///
    /// # Errors
    /// When it was sealed to another node key, or damaged.
    pub fn open(&self, sealed: &SealedBytes) -> Result<SecretBytes, NotOurs> {
        self.open_as(SEALED_CONTEXT, sealed.as_bytes())
    }

    /// Opens what [`NodeKey::seal_ticket_key`] made.
    ///
    /// # Errors
    /// When it was sealed to another node key, or damaged.
    pub fn open_ticket_key(&self, key: &SealedTicketKey) -> Result<TicketKey, NotOurs> {
        let starts = Timestamp::from_unix_timestamp(key.starts).map_err(|_| NotOurs)?;
        Ok(TicketKey { starts, secret: self.open_as(TICKET_CONTEXT, &key.sealed)? })
    }

    fn open_as(&self, context: &'static [u8], sealed: &[u8]) -> Result<SecretBytes, NotOurs> {
        let (format, rest) = sealed.split_first().ok_or(NotOurs)?;
        let (nonce, body) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(NotOurs)?;
        if *format != SEALED_FORMAT {
            return Err(NotOurs);
        }
        let payload = Payload { msg: body, aad: context };
        let secret = self.0.cipher.decrypt(nonce.into(), payload).map_err(|_| NotOurs)?;
        Ok(SecretBytes::new(secret))
    }
}

impl fmt::Debug for NodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NodeKey")
    }
}

fn derive(hkdf: &Hkdf<Sha256>, info: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    hkdf.expand(info, &mut *key).expect("HKDF-SHA256 gives up to 8160 bytes");
    key
}

fn file_error(path: &Path, source: io::Error) -> NodeKeyError {
    NodeKeyError::File { path: path.to_owned(), source }
}

/// Writes the secret beside `path` and links it there, so that nobody ever reads half of it and the first one stays.
fn create(path: &Path) -> io::Result<()> {
    let secret: Zeroizing<[u8; SECRET_BYTES]> = Zeroizing::new(rand::random());
    let draft = path.with_extension(format!("draft-{:016x}", rand::random::<u64>()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    let text = Zeroizing::new(hex::encode(*secret));
    let linked = writeln!(file, "{}", *text)
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::hard_link(&draft, path));
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

fn warn_if_public(path: &Path) {
    let mode = fs::metadata(path).map(|m| m.permissions().mode()).unwrap_or_default();
    if mode & 0o007 != 0 {
        tracing::warn!(path = %path.display(), "node_key.readable_by_everyone: chmod 0600 it");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_the_same_key_and_no_other() {
        let (ours, theirs) = (NodeKey::from_secret(&[1; 32]), NodeKey::from_secret(&[2; 32]));
        let secret = SecretBytes::new(b"private".to_vec());
        let sealed = ours.seal(&secret);
        assert_eq!(ours.open(&sealed), Ok(secret.clone()));
        assert_ne!(sealed, ours.seal(&secret));
        assert_eq!(theirs.open(&sealed), Err(NotOurs));
    }

    #[test]
    fn a_ticket_key_opens_as_nothing_else() {
        let ours = NodeKey::from_secret(&[1; 32]);
        let starts = Timestamp::from_unix_timestamp(1_800_000_000).unwrap();
        let key = TicketKey { starts, secret: SecretBytes::new(vec![5; 80]) };
        let sealed = ours.seal_ticket_key(&key);
        assert_eq!(ours.open_ticket_key(&sealed), Ok(key.clone()));
        assert_eq!(ours.open(&SealedBytes::from_vec(sealed.sealed.clone())), Err(NotOurs));
        let other = ours.seal(&key.secret).as_bytes().to_vec();
        let other = SealedTicketKey { sealed: other, ..sealed };
        assert_eq!(ours.open_ticket_key(&other), Err(NotOurs));
    }

    #[test]
    fn each_key_has_a_fingerprint_of_its_own() {
        let fingerprint = |secret| NodeKey::from_secret(&[secret; 32]).fingerprint();
        assert_eq!(fingerprint(1), fingerprint(1));
        assert_ne!(fingerprint(1), fingerprint(2));
    }

    #[test]
    fn damage_anywhere_is_noticed() {
        let key = NodeKey::from_secret(&[1; 32]);
        let sealed = key.seal(&SecretBytes::new(b"private".to_vec()));
        for position in 0..sealed.as_bytes().len() {
            let mut damaged = sealed.as_bytes().to_vec();
            damaged[position] ^= 1;
            assert_eq!(key.open(&SealedBytes::from_vec(damaged)), Err(NotOurs), "{position}");
            let cut = sealed.as_bytes()[..position].to_vec();
            assert_eq!(key.open(&SealedBytes::from_vec(cut)), Err(NotOurs), "{position}");
        }
    }

    #[test]
    fn only_the_whole_credential_is_accepted() {
        let key = NodeKey::from_secret(&[1; 32]);
        assert!(key.is_credential(key.credential()));
        let other = NodeKey::from_secret(&[2; 32]);
        for wrong in ["", &key.credential()[1..], &format!("{}0", key.credential())] {
            assert!(!key.is_credential(wrong), "{wrong}");
        }
        assert!(!key.is_credential(other.credential()));
    }

    #[test]
    fn the_file_is_made_once_and_only_its_owner_reads_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("feed.key");
        assert!(matches!(NodeKey::load(&path), Err(NodeKeyError::File { .. })));
        let made = NodeKey::load_or_create(&path).unwrap();
        let again = NodeKey::load_or_create(&path).unwrap();
        assert_eq!(made.credential(), again.credential());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_with_something_else_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("feed.key");
        fs::write(&path, "not a key").unwrap();
        assert!(matches!(NodeKey::load_or_create(&path), Err(NodeKeyError::Malformed { .. })));
    }
}
