//! The server on real sockets: with a client of raw messages, with `dig`, behind Unbound, and over a node's replica.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod dig;
mod full_zones;
mod replica;
mod sockets;
mod unbound;
mod world;
