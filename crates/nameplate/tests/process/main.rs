//! The process as the one who runs it meets it, with nothing else on the machine: the demo, the first start, the end, the
//! admin port, the roles. With other programs around it (CAs, databases, name servers) it is tested in `tests/e2e`.
//!
//! [`world`] starts `nameplate` with a configuration of the test's.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod commands;
mod copies;
mod demo;
mod handover;
mod lifecycle;
mod roles;
mod socket_activation;
mod world;
