//! What crosses from deciding to serving: versioned messages, the local replica, and the client that keeps it current.
//!
//! The control side implements [`Source`]; edges and DNS nodes run [`client::follow`] over it, in process or through
//! [`HttpSource`], and answer from their [`Replica`] alone, so that they go on when the control side is away. Private
//! keys are sealed to the [`NodeKey`] on the way and on disk, and never leave for DNS nodes.
//!
//! Reading order: [`message`], [`replica`], [`client`]. Absent on purpose: what an entry means (np-domain) and how it is
//! served (np-edge, np-dns).
#![deny(unsafe_code)]

pub mod client;
pub mod http_source;
pub mod message;
pub mod node_key;
pub mod replica;
pub mod sightings;
pub mod source;

pub use http_source::HttpSource;
pub use node_key::NodeKey;
pub use replica::Replica;
pub use sightings::Sightings;
pub use source::{PullError, Source};
