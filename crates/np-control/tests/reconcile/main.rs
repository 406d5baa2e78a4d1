//! The reconcilers against a real SQLite store, on a clock that the test moves, with a CA, a resolver and customers that
//! the test scripts. Nothing here sleeps.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod activation;
mod authority;
mod breakable;
mod caa;
mod crash;
mod issuance;
mod obstacles;
mod ownership;
mod packs;
mod reissue;
mod renewals;
mod several;
mod sharing;
mod steps;
mod uploads;
mod watching;
mod world;
