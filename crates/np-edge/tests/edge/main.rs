//! An edge on loopback, fed by its replica and asked by real TLS clients.
#![allow(clippy::unwrap_used, reason = "a failure in the arrangement of a test is a failed test")]

mod clients;
mod conformance;
mod forwarding;
mod fuzz;
mod handshake;
mod hostile;
mod interim;
mod limits;
mod origins;
mod plaintext;
mod proxying;
mod raw;
mod resumption;
mod scripted;
mod sightings;
mod smuggling;
mod tls_stream;
mod upstreams;
mod world;
mod zone_hosts;
