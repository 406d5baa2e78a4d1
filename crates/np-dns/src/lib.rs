//! Answers port 53: the delegation domain and accounts' full zones out of this node's replica, and static zones for
//! demonstrations and tests.
//!
//! A package of its own because a DNS node holds neither database credentials nor CA account keys: it knows the
//! replica, and nothing behind it. A query takes one way through the files:
//! [`udp`] or [`tcp`] receive it, [`responder`] has it read by [`decode`], decided by [`answer`] and written by
//! [`encode`]. Only `answer` decides, and it is pure; [`zone`] is where it finds the data, [`delegation`],
//! [`full_zones`] and [`static_zones`] are the kinds of zone there are.
//!
//! Absent: recursion, zone transfers, DNSSEC signing, flattening of an alias at a zone's apex.
#![forbid(unsafe_code)]

mod answer;
mod decode;
mod delegation;
mod encode;
mod full_zones;
mod limits;
mod metrics;
mod nodes;
mod question;
mod responder;
mod server;
mod settings;
mod sighting;
mod soa;
mod sockets;
mod static_zones;
mod tcp;
mod udp;
mod zone;

pub use delegation::{DelegationData, DelegationDeps, Held, NameServer};
pub use full_zones::{AnsweringZone, FullZonesDeps, HeldRecords, ZoneData};
pub use hickory_proto::rr::RecordType;
pub use metrics::DnsMetrics;
pub use server::{DnsDeps, DnsServer, RunningDns, StartError};
pub use settings::DnsSettings;
pub use sockets::{BindError, DnsSocket};
pub use static_zones::{PutError, StaticRecord, StaticZones};
pub use zone::Unreadable;
