//! The programmable world that tests run in: real servers on free loopback ports, and servers of our own where a test must say
//! what they answer. Everything here ends with the value that stands for it.
//!
//! Only tests use this crate, so its errors are for people to read (`anyhow`), and a program that is not installed is an error
//! that names `make setup`, never a test passed over.
//!
//! | module | what it is |
//! |---|---|
//! | [`clock`] | time that the test moves |
//! | [`ca`] | certificates to upload, good and bad |
//! | [`pebble`] | a certificate authority that speaks ACME |
//! | [`dns`] | a DNS server that answers, fails and counts as the test says |
//! | [`knot`], [`unbound`] | a customer's name server, and a resolver that finds it |
//! | [`mail`] | a mail server that keeps what it takes |
//! | [`origin`], [`nginx`] | where proxied requests end |
//! | [`gate`] | a TCP forwarder that can be shut, for outages of what is behind it |
//! | [`postgres`] | PostgreSQL: a cluster of one's own, or one that all tests share |
//! | [`sdk`] | scripts against the official SDKs, in Python and TypeScript |
//! | [`program`] | any real program as a child of the test |
//! | [`fuzz`] | inputs that are almost right, for parsers of what strangers send |
//! | [`ports`], [`wait`] | free ports; waiting for a condition instead of sleeping |

#![forbid(unsafe_code)]

pub mod ca;
pub mod clock;
pub mod dns;
pub mod fuzz;
pub mod gate;
pub mod knot;
pub mod mail;
pub mod nginx;
pub mod origin;
pub mod pebble;
pub mod ports;
pub mod postgres;
pub mod program;
pub mod sdk;
pub mod unbound;
pub mod wait;

mod installed;
