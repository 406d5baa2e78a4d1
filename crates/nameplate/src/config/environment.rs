//! Variables of the environment that set keys: `NAMEPLATE_SECTION__KEY`.
//!
//! A value is TOML when it parses as TOML (`8080`, `true`, `["127.0.0.1:53"]`), and a text otherwise. Two underscores
//! separate section and key, so that variables without them (`NAMEPLATE_CONFIG`) set nothing.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::error::{ConfigError, Origin};

/// How the names of our variables begin.
const PREFIX: &str = "NAMEPLATE_";
/// What separates section and key.
const SEPARATOR: &str = "__";

/// The variables that set keys, by name.
#[derive(Debug, Default)]
pub(super) struct Variables(BTreeMap<String, String>);

impl Variables {
    /// Those of the environment that set keys.
    pub(super) fn of(environment: impl Iterator<Item = (String, String)>) -> Self {
        let sets_key = |(name, _): &(String, String)| {
            name.strip_prefix(PREFIX).is_some_and(|rest| rest.contains(SEPARATOR))
        };
        Self(environment.filter(sets_key).collect())
    }

    /// Sets the keys in `table`, over what it holds.
    pub(super) fn apply(&self, table: &mut Table) -> Result<(), ConfigError> {
        for (variable, text) in &self.0 {
            let steps = steps(variable);
            set(table, &steps, value(text)).ok_or_else(|| ConfigError {
                origin: Origin::Environment(variable.clone()),
                key: steps.join("."),
                message: "is not a key within a section: see nameplate.example.toml for the keys"
                    .to_owned(),
            })?;
        }
        Ok(())
    }

    /// The variable that sets `key`, or what it belongs to.
    pub(super) fn that_sets(&self, key: &str) -> Option<&str> {
        self.first(|set| is_at_or_below(key, set))
    }

    /// The first variable that sets `key`, or something within it.
    pub(super) fn that_brings(&self, key: &str) -> Option<&str> {
        self.first(|set| is_at_or_below(set, key))
    }

    fn first(&self, fits: impl Fn(&str) -> bool) -> Option<&str> {
        self.0.keys().find(|variable| fits(&steps(variable).join("."))).map(String::as_str)
    }
}

/// Whether the path `key` is `above` or leads into it.
fn is_at_or_below(key: &str, above: &str) -> bool {
    key.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// `NAMEPLATE_EDGE__HTTP_LISTEN` as `edge`, `http_listen`.
fn steps(variable: &str) -> Vec<String> {
    let rest = variable.strip_prefix(PREFIX).unwrap_or(variable);
    rest.split(SEPARATOR).map(str::to_ascii_lowercase).collect()
}

fn value(text: &str) -> Value {
    let document = format!("value = {text}");
    // A text with line breaks could say more than one value.
    let parsed = document.parse::<Table>().ok().filter(|table| table.len() == 1);
    parsed
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| Value::String(text.to_owned()))
}

/// Sets a key; `None` when a step on the way is empty or holds a value.
fn set(table: &mut Table, steps: &[String], value: Value) -> Option<()> {
    let (first, rest) = steps.split_first().filter(|(first, _)| !first.is_empty())?;
    if rest.is_empty() {
        table.insert(first.clone(), value);
        return Some(());
    }
    let below = table.entry(first.clone()).or_insert_with(|| Value::Table(Table::new()));
    set(below.as_table_mut()?, rest, value)
}
