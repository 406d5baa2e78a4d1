//! Years of many hostnames in minutes: the real reconcilers and a real store, on a clock of their own, among customers, CAs
//! and serving nodes that exist only here, with outages, broken DNS, refusals, and crashes between any two steps.
//!
//! What it shows is the promise that a certificate which can still be renewed never ends, and that no CA's limit is exceeded
//! meanwhile. `nameplate simulate` runs it, and so do the tests. It is part of the program, and not of its tests, so that
//! whoever runs the program can ask what an outage would do to theirs.
//!
//! - [`plan`]: what happens, drawn from a seed. [`time`]: the clock. [`chance`]: the dice.
//! - [`customers`], [`authority`], [`serving`]: the world outside.
//! - [`rounds`]: what a control process does, round by round, and how it dies.
//! - [`judge`]: whether a certificate that ended could have been renewed. [`report`]: what came out.
//!
//! Deliberately absent: other control processes (crashes show the same), the network, and the API: hostnames are added to the
//! store as a create adds them.

pub mod authority;
pub mod chance;
pub mod customers;
pub mod judge;
pub mod plan;
pub mod report;
pub mod time;

mod rounds;
mod serving;
mod settling;

pub use plan::{Plan, Sabotage};
pub use report::Report;
pub use rounds::run;
