//! Sealing of secrets at rest.

use thiserror::Error;

use crate::secret::{SealedBytes, SecretBytes};

/// A sealed secret cannot be opened: the wrong master key, the wrong context, or damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the secret cannot be opened with this master key")]
pub struct VaultError;

/// Seals secrets under the master key. The context (`certificate-key`, ...) is authenticated: what was sealed for one
/// use does not open for another.
pub trait Vault: Send + Sync {
    /// Seals `secret`; each call gives other bytes.
    fn seal(&self, context: &'static str, secret: &SecretBytes) -> SealedBytes;

    /// Opens what [`Vault::seal`] made.
    ///
    /// # Errors
    /// When key or context differ, or the bytes were damaged.
    fn open(&self, context: &'static str, sealed: &SealedBytes) -> Result<SecretBytes, VaultError>;
}
