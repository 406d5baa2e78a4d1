//! Who decides: the API, the use cases behind it, the reconcilers that make the world as the API asked, and the server
//! of the feed.
//!
//! This package knows the database only through the ports of np-domain and serving nodes only through the feed, so that
//! neither SQL nor TLS libraries are reachable from here. Reading order: [`stores`] and [`wake`] (what everything here
//! shares), [`app`] (use cases), [`api`] (how they are called), [`reconcile`] (what happens by itself), [`adapters`]
//! (resolver, HTTP probe, CAs, keys), [`feed_server`] (what nodes are told), [`simulation`] (years of it in minutes).
#![forbid(unsafe_code)]

pub mod adapters;
pub mod api;
pub mod app;
pub mod feed_server;
pub mod reconcile;
pub mod simulation;
pub mod stores;
pub mod wake;
