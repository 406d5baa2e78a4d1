//! `nameplate check-config`: says whether a configuration can be used, before something depends on it.
//!
//! It is stricter than a start. A CA that does not answer fails the check, where a start only warns: an outage of a CA
//! must not keep us from serving what we have.

use std::path::Path;

use crate::{
    compose::authorities,
    config::{
        Loaded,
        error::{ConfigError, Invalid},
    },
    failure::Failure,
};

/// Checks the files that the configuration names, and asks the CAs.
pub(crate) async fn run(loaded: &Loaded) -> Result<(), Failure> {
    readable(loaded)?;
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

/// Keys that are there already must be readable; missing ones are made at the start.
fn readable(loaded: &Loaded) -> Result<(), ConfigError> {
    let config = &loaded.config;
    let check = |section: &str, key, path: &Path| match std::fs::File::open(path) {
        Err(why) if why.kind() != std::io::ErrorKind::NotFound => {
            let message = format!("{} cannot be read ({why}): correct its rights", path.display());
            Err(loaded.blame(section, Invalid::new(key, message)))
        }
        _ => Ok(()),
    };
    check("data", "master_key_file", &config.data.master_key())?;
    check("feed", "key_file", &config.feed.key(&config.data))?;
    config.edge.settings(config.shutdown.drain_timeout).map_err(|why| loaded.blame("edge", why))?;
    Ok(())
}
