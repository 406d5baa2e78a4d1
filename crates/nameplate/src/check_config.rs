//! `nameplate check-config`: says whether a configuration can be used, before something depends on it.
//!
//! It is stricter than a start. A CA that does not answer fails the check, where a start only warns: an outage of a CA
//! must not keep us from serving what we have.

use np_feed::NodeKey;
use np_store::{FileVault, Store};

use crate::{
    compose::{
        authorities,
        control::{database_refused, trust_store},
    },
    config::{
        Loaded,
        error::{ConfigError, Invalid},
    },
    failure::Failure,
};

/// Checks the files that the configuration names, and asks the database and the CAs.
pub(crate) async fn run(loaded: &Loaded) -> Result<(), Failure> {
    readable(loaded)?;
    let config = &loaded.config;
    let reached = Store::reach(&config.store.url(&config.data), &config.store.options()).await;
    reached.map_err(|why| database_refused(loaded, why))?;
    let settings = authorities::settings(loaded)?;
    if let Some(why) = authorities::unreachable(loaded, &settings).await.into_iter().next() {
        return Err(why.into());
    }
    match &loaded.file {
        Some(file) => println!("{}: can be used", file.display()),
        None => println!("no file, the defaults and the environment: can be used"),
    }
    Ok(())
}

/// Keys that are there already must be keys, and for their owner only; missing ones are made at the start.
fn readable(loaded: &Loaded) -> Result<(), ConfigError> {
    let config = &loaded.config;
    let blame = |section: &str, key, why: anyhow::Error| {
        loaded.blame(section, Invalid::new(key, format!("{why:#}: correct the path or the file")))
    };
    let path = config.data.master_key();
    if path.exists() {
        FileVault::load(&path).map_err(|why| blame("data", "master_key_file", why.into()))?;
    }
    let path = config.feed.key(&config.data);
    if path.exists() {
        NodeKey::load(&path).map_err(|why| blame("feed", "key_file", why.into()))?;
    }
    trust_store(loaded)?;
    config.edge.settings(config.shutdown.drain_timeout).map_err(|why| loaded.blame("edge", why))?;
    Ok(())
}
