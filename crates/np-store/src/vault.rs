//! Sealing of secrets at rest: AES-256-GCM under a master key that lies in a file or comes from the environment, and
//! never in the database that holds what it seals.

use std::{
    fmt, fs,
    io::{ErrorKind, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use aes_gcm::{
    Aes256Gcm, KeyInit, Nonce,
    aead::{Aead, Payload},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use thiserror::Error;
use zeroize::Zeroizing;

use np_domain::{
    ports::{Vault, VaultError},
    secret::{SealedBytes, SecretBytes},
};

/// The length of a master key.
const KEY_BYTES: usize = 32;
/// The length of a nonce (NIST SP 800-38D): drawn at random for each seal, which is safe for 2^32 of them.
const NONCE_BYTES: usize = 12;
/// The first byte of everything sealed: how the rest is to be read.
const FORMAT: u8 = 1;
/// The most bytes read of a file that should hold a key.
const FILE_BYTES_MAX: u64 = 1024;
/// Who besides the owner may do anything with a file.
const OTHERS: u32 = 0o077;

/// A vault with its master key in memory.
pub struct FileVault {
    cipher: Aes256Gcm,
}

/// Why there is no master key.
#[derive(Debug, Error)]
pub enum MasterKeyError {
    /// The file cannot be read or made.
    #[error("the master key file {path} cannot be opened")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        why: std::io::Error,
    },
    /// Others than the owner may read the file.
    #[error("the master key file {path} is open to others (mode {mode:o}); run: chmod 600 {path}")]
    Open {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// What is there is no key.
    #[error(
        "{source_name} holds no master key: write 32 random bytes as 64 hex digits or as base64"
    )]
    Form {
        /// The file or variable.
        source_name: String,
    },
}

impl FileVault {
    /// Takes the key from the file at `path`, or draws one and writes it there (mode 0600) when there is no file.
    ///
    /// # Errors
    /// When the file cannot be opened or made, is open to others than its owner, or holds no key.
    pub fn open_or_create(path: &Path) -> Result<Self, MasterKeyError> {
        match create(path) {
            Ok(vault) => Ok(vault),
            Err(why) if why.kind() == ErrorKind::AlreadyExists => Self::load(path),
            Err(why) => Err(MasterKeyError::File { path: path.to_owned(), why }),
        }
    }

    /// Takes the key from the file at `path`.
    ///
    /// # Errors
    /// When the file cannot be opened, is open to others than its owner, or holds no key.
    pub fn load(path: &Path) -> Result<Self, MasterKeyError> {
        read(path)
    }

    /// Takes the key from text, such as the value of the environment variable `source_name`: 64 hex digits or base64.
    ///
    /// # Errors
    /// When it is no key; the error names the source and not the text.
    pub fn from_text(source_name: &str, text: &str) -> Result<Self, MasterKeyError> {
        let key = parse(text)
            .ok_or_else(|| MasterKeyError::Form { source_name: source_name.to_owned() })?;
        Ok(Self::from_key(&key))
    }

    /// Takes the key itself.
    pub fn from_key(key: &[u8; KEY_BYTES]) -> Self {
        Self { cipher: Aes256Gcm::new(key.into()) }
    }
}

/// Of two processes that start at once, one makes the file, and the other reads it.
fn create(path: &Path) -> std::io::Result<FileVault> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let mut key = Zeroizing::new([0_u8; KEY_BYTES]);
    rand::fill(key.as_mut_slice());
    let text = Zeroizing::new(hex::encode(*key));
    // A key that is lost in a crash takes everything sealed with it along: it is on the disk before it is used.
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(FileVault::from_key(&key))
}

fn read(path: &Path) -> Result<FileVault, MasterKeyError> {
    let failed = |why| MasterKeyError::File { path: path.to_owned(), why };
    let metadata = fs::metadata(path).map_err(failed)?;
    let mode = metadata.mode() & 0o777;
    if mode & OTHERS != 0 {
        return Err(MasterKeyError::Open { path: path.to_owned(), mode });
    }
    let text = if metadata.len() <= FILE_BYTES_MAX {
        fs::read_to_string(path).map_err(failed)?
    } else {
        String::new()
    };
    FileVault::from_text(&path.display().to_string(), &Zeroizing::new(text))
}

fn parse(text: &str) -> Option<Zeroizing<[u8; KEY_BYTES]>> {
    let text = text.trim();
    let bytes = hex::decode(text).or_else(|_| STANDARD.decode(text)).ok().map(Zeroizing::new)?;
    bytes.as_slice().try_into().ok().map(Zeroizing::new)
}

impl Vault for FileVault {
    fn seal(&self, context: &'static str, secret: &SecretBytes) -> SealedBytes {
        let mut nonce = [0_u8; NONCE_BYTES];
        rand::fill(&mut nonce);
        let payload = Payload { msg: secret.expose(), aad: context.as_bytes() };
        let sealed = self
            .cipher
            .encrypt(&Nonce::from(nonce), payload)
            .expect("AES-GCM fails for more than 64 GiB only");
        SealedBytes::from_vec([&[FORMAT][..], &nonce, &sealed].concat())
    }

    fn open(&self, context: &'static str, sealed: &SealedBytes) -> Result<SecretBytes, VaultError> {
        let Some((&FORMAT, rest)) = sealed.as_bytes().split_first() else { return Err(VaultError) };
        let (nonce, text) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(VaultError)?;
        let payload = Payload { msg: text, aad: context.as_bytes() };
        let secret = self.cipher.decrypt(&Nonce::from(*nonce), payload);
        secret.map(SecretBytes::new).map_err(|_| VaultError)
    }
}

impl fmt::Debug for FileVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileVault")
    }
}

#[cfg(test)]
mod tests;
