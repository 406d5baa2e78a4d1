//! TLS towards clients: which name is asked for, what its settings allow, and the handshake itself.
//!
//! The choice is made in BoringSSL's select-certificate callback, before versions are negotiated and before a session is
//! resumed, so that a hostname's settings hold for every connection and a name that is no longer served resumes nothing.
//! It reads only the local table. This folder is the package's place for `unsafe`: what `boring` has no types for.

pub(crate) mod accept;
mod compression;
pub(crate) mod contexts;
#[expect(unsafe_code, reason = "boring has no types for X.509 credentials")]
mod credential;
pub(crate) mod credentials;
mod pace;
pub(crate) mod policy;
pub(crate) mod tickets;
