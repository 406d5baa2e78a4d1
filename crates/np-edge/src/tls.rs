//! TLS towards clients: which name is asked for, what its settings allow, and the handshake itself.
//!
//! The choice is made in BoringSSL's select-certificate callback, before versions are negotiated and before a session is
//! resumed, so that a hostname's settings hold for every connection and a name that is no longer served resumes nothing.
//! It reads only the local table. Should `unsafe` ever be needed in this package, this folder is its place; there is none.

pub(crate) mod accept;
pub(crate) mod client_hello;
pub(crate) mod credentials;
pub(crate) mod policy;
