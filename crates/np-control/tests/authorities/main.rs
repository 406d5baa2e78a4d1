//! Certificate authorities, each from the first step of an order to the last.

mod acme_pebble;
mod email;
mod local_ca;
mod support;
