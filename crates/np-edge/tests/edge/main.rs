//! An edge on loopback, fed by its replica and asked by real TLS clients.
#![allow(clippy::unwrap_used, reason = "a failure in the arrangement of a test is a failed test")]

mod handshake;
mod origins;
mod plaintext;
mod proxying;
mod sightings;
mod tls_stream;
mod world;
mod zone_hosts;
