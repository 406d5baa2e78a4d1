//! Certificate authorities, each from the first step of an order to the last.

mod acme_account;
mod acme_pebble;
mod acme_renewal;
mod acme_world;
mod email;
mod local_ca;
mod support;
