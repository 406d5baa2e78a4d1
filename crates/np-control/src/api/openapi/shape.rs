//! Shapes of single values: for query parameters, and for fields of wire structs, which are texts
//! (`#[schemars(schema_with = "shape::moment")]`).

use schemars::{Schema, SchemaGenerator, json_schema};

use crate::api::pagination::PER_PAGE_MAX;

/// Any text.
pub(crate) fn text(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string" })
}

/// A text with at least one character.
pub(crate) fn some_text(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "minLength": 1 })
}

/// The id of a zone, an account, a record or a token.
pub(crate) fn id(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": "^[0-9a-f]{32}$" })
}

/// The id of a custom hostname or of a certificate.
pub(crate) fn uuid(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "format": "uuid" })
}

/// A moment: RFC 3339 in UTC with microseconds.
pub(crate) fn moment(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "format": "date-time" })
}

/// A moment, or null when it has not come.
pub(crate) fn moment_or_null(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["string", "null"], "format": "date-time" })
}

/// Yes or no in a query.
pub(crate) fn flag(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "enum": ["true", "false", "1", "0", true, false, 1, 0] })
}

/// A page's number.
pub(crate) fn page(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "integer", "minimum": 1, "maximum": u32::MAX, "default": 1 })
}

/// How many items a page may have.
pub(crate) fn per_page(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "integer", "minimum": 1, "maximum": PER_PAGE_MAX, "default": 20 })
}

/// Which end comes first.
pub(crate) fn direction(_: &mut SchemaGenerator) -> Schema {
    word_of(&["asc", "desc"])
}

/// One of these words.
pub(crate) fn word_of(words: &[&str]) -> Schema {
    json_schema!({ "type": "string", "enum": words })
}
