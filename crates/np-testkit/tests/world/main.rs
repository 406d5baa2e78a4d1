//! Every part of the test world, shown at work once: what a failure of another test then does not mean.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod client;
mod dns;
mod ending;
mod forwarding;
mod issuing;
mod origins;
mod postgres;
mod resolving;
mod sdk;
