//! The API against a real store, without a network: requests go straight into the router. One file per resource, besides who
//! may call what ([`authorization`]) and the official SDK over a socket ([`sdk`]).

#![expect(clippy::unwrap_used, reason = "a failure in what tests share is a failed test")]

mod approvals;
mod authorization;
mod bulk;
mod contract;
mod csrs;
mod diagnostics;
mod dns_records;
mod edits;
mod foreign;
mod hostile;
mod hostnames;
mod idempotency;
mod issuer;
mod known;
mod limits;
mod lists;
mod openapi;
mod packs;
mod scans;
mod schemathesis;
mod sdk;
mod terraform;
mod tokens;
mod uploads;
mod users;
mod world;
mod zone_activation;
mod zone_holds;
mod zone_settings;
mod zones;
