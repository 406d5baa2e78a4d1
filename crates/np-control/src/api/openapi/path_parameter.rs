//! Parameters in paths: their shapes, by name. A name has one meaning in all paths.

use schemars::{Schema, SchemaGenerator};
use serde_json::{Value, json};

use super::{describe::SchemaOf, shape};

/// Every name that may stand in a path, with its shape and what it is the id of.
const SHAPES: &[(&str, SchemaOf, &str)] = &[
    ("account_id", shape::id, "The account."),
    ("certificate_id", shape::uuid, "One certificate of a pack."),
    ("certificate_pack_id", shape::uuid, "The certificate pack."),
    ("custom_csr_id", shape::uuid, "The certificate signing request."),
    ("custom_hostname_id", shape::uuid, "The custom hostname."),
    ("dns_record_id", shape::id, "The DNS record."),
    ("membership_id", shape::id, "The membership."),
    ("setting_id", crate::api::wire::zone_setting::names, "The setting's name."),
    ("token_id", shape::id, "The API token."),
    ("zone_id", shape::id, "The zone."),
];

/// The parameters of a path, as the document writes them. A name without a shape here is any text; a test refuses it.
pub(super) fn parameters(path: &str, generator: &mut SchemaGenerator) -> Vec<Value> {
    names(path).map(|name| parameter(name, generator)).collect()
}

/// The names in braces.
pub(super) fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

/// Whether a name has a shape.
#[cfg(test)]
pub(super) fn is_known(name: &str) -> bool {
    shape_of(name).is_some()
}

fn shape_of(name: &str) -> Option<(SchemaOf, &'static str)> {
    SHAPES.iter().find(|(known, ..)| *known == name).map(|(_, shape, about)| (*shape, *about))
}

fn parameter(name: &str, generator: &mut SchemaGenerator) -> Value {
    let (shape, about) = shape_of(name).unwrap_or((shape::text, ""));
    let schema: Schema = shape(generator);
    json!({ "name": name, "in": "path", "required": true, "description": about, "schema": schema })
}
