//! Answers ports 443 and 80: TLS for every active hostname with its own certificate and settings, requests to its
//! origin, and the tokens that prove control of a name.
//!
//! An edge reads nothing but its local replica of the feed, so it serves on when the control side is away. Nothing is
//! served for a name whose ownership is not proven, except its tokens on port 80. Reading order: [`server`] (connections),
//! `table` (names), `tls` (handshakes), `http1` and `http2` (protocols), `proxy` (requests), `upstream` (origins).
//!
//! Absent on purpose: how entries come to be (np-domain, np-control) and how they get here (np-feed).
#![deny(unsafe_code)]

mod access_log;
mod addresses;
mod challenge;
mod hints;
mod http1;
mod http2;
mod interim;
pub mod listen;
mod metrics;
pub mod origin_resolver;
pub mod pages;
mod plaintext;
mod proxy;
mod proxy_protocol;
mod pulse;
pub mod server;
pub mod settings;
mod sighting;
mod sparing;
mod stream;
mod table;
mod tls;
mod upstream;
mod watch;
mod worker;

pub use metrics::Metrics;
pub use origin_resolver::{DnsOriginResolver, DnsSettings, OriginResolver};
pub use server::{Edge, EdgeDeps, RunningEdge, StartError};
pub use settings::EdgeSettings;
