//! Looking at everything that a customer's name shows, to explain it; no decision hangs on it.

use async_trait::async_trait;

use crate::diagnosis::{Sight, Wanted};

/// Sees what [`plan`](crate::diagnosis::plan) asks for: recursive resolvers, the names' own servers, and port 80. Bounded in
/// time, in the number of questions and looks, and in bytes; refuses private, loopback and link-local addresses unless
/// configured otherwise. What it could not see is missing from the sight, or says why.
#[async_trait]
pub trait Inspector: Send + Sync {
    /// Looks once.
    async fn inspect(&self, wanted: &Wanted) -> Sight;
}
