//! Where a node pulls the feed from: the control side itself in one process, [`HttpSource`](crate::HttpSource) otherwise.

use async_trait::async_trait;
use thiserror::Error;

use crate::message::{Batch, Pull};

/// Hands out the feed by generation.
#[async_trait]
pub trait Source: Send + Sync {
    /// Takes the node's report and answers with what changed after `pull.after`. When nothing did, waits for a change
    /// for as long as the pull allows, then answers an empty batch. Repeating a pull is harmless.
    async fn pull(&self, pull: &Pull) -> Result<Batch, PullError>;
}

/// Why nothing could be pulled.
#[derive(Debug, Error)]
pub enum PullError {
    /// The control side cannot be reached or is overloaded: try again later.
    #[error("the control side cannot be reached: {why}")]
    Unreachable {
        /// What happened.
        why: String,
    },
    /// The control side has another node key.
    #[error(
        "the control side refuses this node's credential; copy `feed.key` from the control node"
    )]
    Unauthorized,
    /// The control side does not understand this node, or refuses what it asks.
    #[error("the control side refuses the pull: {why}")]
    Refused {
        /// What it says.
        why: String,
    },
    /// The answer is no batch.
    #[error("the control side's answer cannot be read: {why}")]
    Malformed {
        /// What is wrong.
        why: String,
    },
}
