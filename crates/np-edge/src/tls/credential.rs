//! One certificate with its key as BoringSSL shows it: parsed once, shared by all handshakes that show it.
//!
//! `boring` has no types for X.509 credentials (`SSL_CREDENTIAL`), so this file speaks to the library itself. A handshake
//! takes a reference: no context, copy or parse for each name or connection (docs/decisions/0007). Of several that are
//! offered BoringSSL shows the first that the client can check, by its signature algorithms and, up to TLS 1.2, its
//! suites.

use std::{ptr::NonNull, sync::LazyLock};

use boring::{error::ErrorStack, pkey::PKey, pkey::Private, ssl::SslRef};
use boring_sys as ffi;
use foreign_types::ForeignTypeRef as _;

/// Certificates in memory, each once: all names of one CA share its intermediate. Lives as long as the process.
struct Pool(*mut ffi::CRYPTO_BUFFER_POOL);

// SAFETY: a pool locks itself (openssl/pool.h), and this one is never freed.
unsafe impl Send for Pool {}
// SAFETY: as above.
unsafe impl Sync for Pool {}

static POOL: LazyLock<Pool> = LazyLock::new(|| {
    // SAFETY: no arguments. NULL, for want of memory, means "no pool" to all that take one.
    Pool(unsafe { ffi::CRYPTO_BUFFER_POOL_new() })
});

/// Bytes of a certificate in the [`Pool`].
struct Buffer(NonNull<ffi::CRYPTO_BUFFER>);

impl Buffer {
    fn new(der: &[u8]) -> Result<Self, ErrorStack> {
        // SAFETY: the bytes are copied; the pool is alive or NULL.
        let buffer = unsafe { ffi::CRYPTO_BUFFER_new(der.as_ptr(), der.len(), POOL.0) };
        NonNull::new(buffer).map(Self).ok_or_else(ErrorStack::get)
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: the reference is ours, and given up once.
        unsafe { ffi::CRYPTO_BUFFER_free(self.0.as_ptr()) }
    }
}

/// A certificate chain with its private key.
pub(crate) struct Credential(NonNull<ffi::SSL_CREDENTIAL>);

// SAFETY: nothing changes a credential after `Credential::new`, and its references are counted atomically
// (openssl/ssl.h: "may be shared across multiple connections").
unsafe impl Send for Credential {}
// SAFETY: as above.
unsafe impl Sync for Credential {}

impl Credential {
    /// # Errors
    /// When the leaf is no certificate, or the key is another one's.
    pub(crate) fn new<C: AsRef<[u8]>>(
        chain: &[C],
        key: &PKey<Private>,
    ) -> Result<Self, ErrorStack> {
        let chain = chain.iter().map(|der| Buffer::new(der.as_ref()));
        let chain = chain.collect::<Result<Vec<_>, _>>()?;
        let pointers: Vec<_> = chain.iter().map(|buffer| buffer.0.as_ptr()).collect();
        // SAFETY: no arguments.
        let empty = unsafe { ffi::SSL_CREDENTIAL_new_x509() };
        let credential = Self(NonNull::new(empty).ok_or_else(ErrorStack::get)?);
        let at = credential.0.as_ptr();
        // SAFETY: `pointers` are so many live buffers, to each of which the credential takes a reference of its own.
        done(unsafe {
            ffi::SSL_CREDENTIAL_set1_cert_chain(at, pointers.as_ptr(), pointers.len())
        })?;
        // SAFETY: both are alive; the credential takes a reference to the key.
        done(unsafe { ffi::SSL_CREDENTIAL_set1_private_key(at, key.as_ptr()) })?;
        Ok(credential)
    }

    /// Adds it to what the handshake of `ssl` may show.
    pub(crate) fn offer(&self, ssl: &mut SslRef) -> Result<(), ErrorStack> {
        // SAFETY: both are alive; `ssl` takes a reference to the credential.
        done(unsafe { ffi::SSL_add1_credential(ssl.as_ptr(), self.0.as_ptr()) })
    }
}

impl Drop for Credential {
    fn drop(&mut self) {
        // SAFETY: the reference is ours, and given up once.
        unsafe { ffi::SSL_CREDENTIAL_free(self.0.as_ptr()) }
    }
}

/// Sessions are resumed only by connections with the same `context`.
pub(crate) fn set_session_context(ssl: &mut SslRef, context: &[u8; 32]) -> Result<(), ErrorStack> {
    // SAFETY: `ssl` is alive; the bytes are copied.
    done(unsafe { ffi::SSL_set_session_id_context(ssl.as_ptr(), context.as_ptr(), context.len()) })
}

fn done(result: std::ffi::c_int) -> Result<(), ErrorStack> {
    if result == 1 { Ok(()) } else { Err(ErrorStack::get()) }
}
