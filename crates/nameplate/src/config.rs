//! What an operator can set: a file in TOML, overridden by the environment, over defaults that work without either.
//!
//! One file per section under `config/`, which says what is meant, what the default is and what is refused. Unknown
//! keys are refused by name. An error is one line that names where the value stands, the key, the value and the remedy.
//! `nameplate.example.toml` shows every key with its default; a test holds the two together.

pub(crate) mod admin;
pub(crate) mod api;
pub(crate) mod authorities;
pub(crate) mod certificates;
pub(crate) mod checks;
pub(crate) mod data;
pub(crate) mod dns;
pub(crate) mod edge;
mod environment;
pub(crate) mod error;
pub(crate) mod feed;
pub(crate) mod log;
pub(crate) mod mail;
pub(crate) mod ownership;
pub(crate) mod platform;
pub(crate) mod reconcile;
pub(crate) mod shutdown;
pub(crate) mod store;
pub(crate) mod value;
pub(crate) mod zones;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use self::{
    authorities::{Authority, AuthorityWord},
    environment::Variables,
    error::{ConfigError, Invalid, Origin},
};

/// The file that is read when none is named, if it is there.
pub(crate) const DEFAULT_FILE: &str = "nameplate.toml";

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// `[data]`
    pub(crate) data: data::Data,
    /// `[store]`
    pub(crate) store: store::Store,
    /// `[platform]`
    pub(crate) platform: platform::Platform,
    /// `[api]`
    pub(crate) api: api::Api,
    /// `[admin]`
    pub(crate) admin: admin::Admin,
    /// `[edge]`
    pub(crate) edge: edge::Edge,
    /// `[dns]`
    pub(crate) dns: dns::Dns,
    /// `[zones]`
    pub(crate) zones: zones::Zones,
    /// `[feed]`
    pub(crate) feed: feed::Feed,
    /// `[certificates]`
    pub(crate) certificates: certificates::Certificates,
    /// `[authorities.NAME]`
    pub(crate) authorities: BTreeMap<AuthorityWord, Authority>,
    /// `[mail]`
    pub(crate) mail: mail::Mail,
    /// `[checks]`
    pub(crate) checks: checks::Checks,
    /// `[ownership]`
    pub(crate) ownership: ownership::Ownership,
    /// `[reconcile]`
    pub(crate) reconcile: reconcile::Reconcile,
    /// `[shutdown]`
    pub(crate) shutdown: shutdown::Shutdown,
    /// `[log]`
    pub(crate) log: log::Log,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: data::Data::default(),
            store: store::Store::default(),
            platform: platform::Platform::default(),
            api: api::Api::default(),
            admin: admin::Admin::default(),
            edge: edge::Edge::default(),
            dns: dns::Dns::default(),
            zones: zones::Zones::default(),
            feed: feed::Feed::default(),
            certificates: certificates::Certificates::default(),
            authorities: BTreeMap::from([(AuthorityWord::LetsEncrypt, Authority::default())]),
            mail: mail::Mail::default(),
            checks: checks::Checks::default(),
            ownership: ownership::Ownership::default(),
            reconcile: reconcile::Reconcile::default(),
            shutdown: shutdown::Shutdown::default(),
            log: log::Log::default(),
        }
    }
}

/// A configuration with where it came from, so that what turns out wrong later can be named too.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// The configuration, judged.
    pub(crate) config: Config,
    /// The file, if one was read.
    pub(crate) file: Option<PathBuf>,
    variables: Variables,
}

impl Loaded {
    /// Reads the file (`nameplate.toml`, if it is there, when none is named) and the environment.
    pub(crate) fn read(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let file = file.map(Path::to_owned).or_else(|| {
            let default = PathBuf::from(DEFAULT_FILE);
            default.exists().then_some(default)
        });
        let table = file.as_deref().map(table).transpose()?.unwrap_or_default();
        let mut loaded =
            Self { config: Config::default(), file, variables: Variables::of(environment) };
        loaded.config = loaded.parse(table)?;
        loaded.config.check().map_err(|(section, invalid)| loaded.blame(&section, invalid))?;
        Ok(loaded)
    }

    /// Defaults and nothing else, changed by the caller: the demo's way in.
    pub(crate) fn of(config: Config) -> Self {
        Self { config, file: None, variables: Variables::default() }
    }

    /// Says where a value that turned out wrong was given.
    pub(crate) fn blame(&self, section: &str, invalid: Invalid) -> ConfigError {
        self.error(format!("{section}.{}", invalid.key), invalid.message)
    }

    fn parse(&self, file: Table) -> Result<Config, ConfigError> {
        let mut given = file.clone();
        self.variables.apply(&mut given)?;
        let (file, given) = (Value::Table(file), Value::Table(given));
        serde_path_to_error::deserialize(given.clone()).map_err(|why| {
            let key = why.path().to_string();
            let message = match at(&given, &key) {
                Some(value) if !value.is_table() => {
                    format!("{value} cannot be used: {}", why.inner().message())
                }
                _ => why.inner().message().to_owned(),
            };
            match (at(&file, &key), self.variables.that_brings(&key)) {
                (None, Some(variable)) => {
                    ConfigError { origin: Origin::Environment(variable.to_owned()), key, message }
                }
                _ => self.error(key, message),
            }
        })
    }

    fn error(&self, key: String, message: String) -> ConfigError {
        let origin = match (self.variables.that_sets(&key), &self.file) {
            (Some(variable), _) => Origin::Environment(variable.to_owned()),
            (None, Some(file)) => Origin::File(file.clone()),
            (None, None) => Origin::Default,
        };
        ConfigError { origin, key, message }
    }
}

impl Config {
    /// What single values cannot say: whether each section makes sense, and whether they do together.
    fn check(&self) -> Result<(), (String, Invalid)> {
        let of = |section: &str| {
            let section = section.to_owned();
            move |invalid| (section, invalid)
        };
        self.store.check().map_err(of("store"))?;
        self.api.check().map_err(of("api"))?;
        self.edge.check().map_err(of("edge"))?;
        self.dns.check(&self.platform).map_err(of("dns"))?;
        self.feed.check().map_err(of("feed"))?;
        self.certificates.check().map_err(of("certificates"))?;
        self.mail.relayed().map(drop).map_err(of("mail"))?;
        self.checks.check().map_err(of("checks"))?;
        self.ownership.check().map_err(of("ownership"))?;
        self.reconcile.check().map_err(of("reconcile"))?;
        self.log.check().map_err(of("log"))?;
        for (word, authority) in &self.authorities {
            let section = format!(
                "authorities.{}",
                np_domain::certificate::AuthorityName::from(*word).as_str()
            );
            authority.driven().map_err(of(&section))?;
        }
        let certificates = &self.certificates;
        let fallback = certificates.fallback_authorities.iter();
        let named = fallback.map(|word| ("fallback_authorities", *word));
        [("default_authority", certificates.default_authority)]
            .into_iter()
            .chain(named)
            .try_for_each(|(key, word)| self.check_configured(key, word))
            .map_err(of("certificates"))
    }

    fn check_configured(&self, key: &'static str, word: AuthorityWord) -> Result<(), Invalid> {
        if self.authorities.contains_key(&word) {
            return Ok(());
        }
        let name = np_domain::certificate::AuthorityName::from(word).as_str();
        let message = format!(
            "{name:?} is not configured: add [authorities.{name}], or name one that is there"
        );
        Err(Invalid::new(key, message))
    }
}

fn table(file: &Path) -> Result<Table, ConfigError> {
    let error = |message: String| ConfigError {
        origin: Origin::File(file.to_owned()),
        key: String::new(),
        message,
    };
    let text = fs::read_to_string(file)
        .map_err(|why| error(format!("cannot be read ({why}): correct the path or its rights")))?;
    text.parse::<Table>().map_err(|why: toml::de::Error| {
        let offset = why.span().map_or(0, |span| span.start);
        let line = text.get(..offset).unwrap_or_default().lines().count().max(1);
        error(format!("line {line} is not TOML: {}", why.message()))
    })
}

/// The value at a path such as `dns.listen[0]`.
fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split(['.', '[', ']']).filter(|step| !step.is_empty()).try_fold(value, |value, step| {
        match value {
            Value::Array(items) => items.get(step.parse::<usize>().ok()?),
            Value::Table(table) => table.get(step),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests;
