//! The program end to end: the real executable, with a real CA, real name servers and a real origin around it.
//!
//! `world` starts what stands around it, `nameplate` the program, `api` and `visitor` are the two kinds of people who use it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod api;
mod nameplate;
mod visitor;
mod world;

mod authorities;
mod certbot;
mod crashes;
mod ending;
mod issuing;
mod methods;
mod nodes;
mod packs;
mod refusals;
mod renewal;
mod scan;
mod sdk;
mod starting;
mod uploads;
