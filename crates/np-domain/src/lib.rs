//! What is true about custom hostnames, certificates and what edges serve.
//!
//! Everything here is a value or a pure function: no clock, no randomness, no I/O, no logging, no serialization. The
//! caller passes `now` and fresh tokens in, and gets the next state and the reasons back. Reading order: [`name`] and
//! [`id`] (words), [`ownership`] and [`certificate`] (the two state machines), [`custom_hostname`] (the aggregate),
//! [`authority`] (which CA is asked, and when), [`entry`] (what a serving node is told), [`diagnosis`] (why a hostname is stuck), [`ports`] (what the deciding side asks of the world).
//!
//! Absent on purpose: the API's words and status codes (np-control's `api/wire`), rows (np-store) and feed messages
//! (np-feed). Each of those converts explicitly.
#![forbid(unsafe_code)]

pub mod account;
pub mod approval;
pub mod authority;
pub mod caa;
pub mod certificate;
pub mod certificate_pack;
pub mod csr;
pub mod custom_hostname;
pub mod delegation;
pub mod diagnosis;
pub mod dns_record;
pub mod entry;
pub mod event;
pub mod id;
pub mod name;
pub mod network;
pub mod origin;
pub mod ownership;
pub mod permission;
pub mod ports;
pub mod quorum;
pub mod schedule;
pub mod secret;
pub mod text;
pub mod ticket_key;
pub mod tls_policy;
pub mod token;
pub mod zone;

/// A moment in UTC with the precision that every store keeps: microseconds.
pub type Timestamp = time::OffsetDateTime;
