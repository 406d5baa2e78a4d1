//! The query of a list of zones: what is searched for, and in which order it is shown.

use np_domain::{
    id::AccountId,
    ports::{TextFilter, TextRelation, ZoneFilter, ZoneOrder, ZoneTerm},
    text::Explanation,
    zone::{Status, ZoneKind},
};
use schemars::{Schema, SchemaGenerator};

use crate::api::{
    openapi::{QueryParam, shape},
    pagination::Params,
    wire::invalid::{Invalid, Why},
};

/// The operators that may stand before a name, with a colon. The first is the default; `not` is short for `not_equal`.
const RELATIONS: [(&str, TextRelation); 6] = [
    ("equal", TextRelation::Equal),
    ("not_equal", TextRelation::NotEqual),
    ("not", TextRelation::NotEqual),
    ("starts_with", TextRelation::StartsWith),
    ("ends_with", TextRelation::EndsWith),
    ("contains", TextRelation::Contains),
];
/// Ends an operator that minds upper and lower case.
const CASE_SENSITIVE: &str = "_case_sensitive";
/// What zones are ordered by. There is one plan, so that ordering by it is ordering by name.
const ORDERS: [(&str, ZoneOrder); 5] = [
    ("name", ZoneOrder::Name),
    ("status", ZoneOrder::Status),
    ("account.id", ZoneOrder::Account),
    ("account.name", ZoneOrder::AccountName),
    ("plan.id", ZoneOrder::Name),
];
/// The kinds of zones that the original has; nobody has one of the last two here.
const KINDS: [(&str, Option<ZoneKind>); 4] = [
    ("full", Some(ZoneKind::Full)),
    ("partial", Some(ZoneKind::Partial)),
    ("secondary", None),
    ("internal", None),
];

/// The parameters that [`parse_filter`] reads.
pub(crate) const FILTERS: &[QueryParam] = &[
    QueryParam::new("account.id", shape::id, "Those of this account."),
    QueryParam::new(
        "account.name",
        shape::some_text,
        "Those of accounts with this name; operators as for `name`.",
    ),
    QueryParam::new(
        "name",
        shape::some_text,
        "Those with this name. An operator may stand before it: `equal:`, `not_equal:`, `starts_with:`, `ends_with:`, \
         `contains:`, each also with `_case_sensitive`.",
    ),
    QueryParam::new("status", status, "Those with this status."),
    QueryParam::new(
        "type",
        kind,
        "Those of this type; may be repeated or have several, with commas.",
    ),
    QueryParam::new(
        "match",
        matching,
        "Whether `all` filters must hold, which is the default, or `any`.",
    ),
    QueryParam::new("order", ordering, "What they are ordered by; `name` is the default."),
    QueryParam::new("direction", direction, "`asc`, which is the default, or `desc`."),
];

fn status(_: &mut SchemaGenerator) -> Schema {
    shape::word_of(&Status::ALL.map(|(word, _)| word))
}

fn kind(_: &mut SchemaGenerator) -> Schema {
    shape::word_of(&KINDS.map(|(word, _)| word))
}

fn matching(_: &mut SchemaGenerator) -> Schema {
    shape::word_of(&["any", "all"])
}

fn ordering(_: &mut SchemaGenerator) -> Schema {
    shape::word_of(&ORDERS.map(|(word, _)| word))
}

fn direction(_: &mut SchemaGenerator) -> Schema {
    shape::word_of(&["asc", "desc"])
}

/// Reads the filters of a list.
pub(crate) fn parse_filter(params: &Params) -> Result<ZoneFilter, Invalid> {
    let mut terms = Vec::new();
    if let Some(id) = params.get("account.id") {
        let id: AccountId = id
            .parse()
            .map_err(|_| invalid("account.id", "`account.id` must be 32 hex digits.".to_owned()))?;
        terms.push(ZoneTerm::Account(id));
    }
    if let Some(name) = params.get("account.name") {
        terms.push(ZoneTerm::AccountName(parse_text("account.name", name)?));
    }
    if let Some(name) = params.get("name") {
        terms.push(ZoneTerm::Name(parse_text("name", name)?));
    }
    terms.extend(word(params, "status", &Status::ALL)?.map(ZoneTerm::Status));
    terms.extend(parse_kinds(params)?.map(ZoneTerm::Kinds));
    Ok(ZoneFilter {
        terms,
        is_any: word(params, "match", &[("all", false), ("any", true)])?.unwrap_or(false),
        order: word(params, "order", &ORDERS)?.unwrap_or_default(),
        is_descending: word(params, "direction", &[("asc", false), ("desc", true)])?
            .unwrap_or(false),
        ..ZoneFilter::default()
    })
}

/// A text with an operator before it, or none. A colon after anything else is part of the text.
fn parse_text(parameter: &str, text: &str) -> Result<TextFilter, Invalid> {
    let (relation, wanted, is_case_sensitive) = match text.split_once(':') {
        Some((operator, wanted)) => {
            let (plain, is_sensitive) = match operator.strip_suffix(CASE_SENSITIVE) {
                Some(plain) => (plain, true),
                None => (operator, false),
            };
            match RELATIONS.iter().find(|(word, _)| *word == plain) {
                Some((_, relation)) => (*relation, wanted, is_sensitive),
                // No zone's name has a colon: this is an operator of a newer client, or a slip.
                None if parameter == "name" => {
                    return Err(invalid(parameter, no_operator(parameter, operator)));
                }
                None => (TextRelation::Equal, text, false),
            }
        }
        None => (TextRelation::Equal, text, false),
    };
    if wanted.is_empty() {
        return Err(invalid(parameter, format!("`{parameter}` must not be empty.")));
    }
    Ok(TextFilter { relation, text: Explanation::new(wanted), is_case_sensitive })
}

fn no_operator(parameter: &str, operator: &str) -> String {
    let known = RELATIONS.map(|(word, _)| format!("`{word}:`")).join(", ");
    let operator = Explanation::new(operator);
    format!("`{parameter}` has no operator `{operator}:`; there are {known}.")
}

/// Kinds may come as several parameters, as one with commas, and as `type[]`.
fn parse_kinds(params: &Params) -> Result<Option<Vec<ZoneKind>>, Invalid> {
    let mut words = params.all("type").chain(params.all("type[]")).peekable();
    if words.peek().is_none() {
        return Ok(None);
    }
    let mut kinds = Vec::new();
    for word in words.flat_map(|list| list.split(',')) {
        let known = KINDS.iter().find(|(known, _)| *known == word);
        let (_, kind) = known.ok_or_else(|| no_word("type", &KINDS))?;
        kinds.extend(*kind);
    }
    Ok(Some(kinds))
}

/// What the word of a parameter stands for.
fn word<T: Copy>(
    params: &Params,
    parameter: &str,
    words: &[(&str, T)],
) -> Result<Option<T>, Invalid> {
    let Some(given) = params.get(parameter) else { return Ok(None) };
    let known = words.iter().find(|(word, _)| *word == given);
    known.map(|(_, value)| Some(*value)).ok_or_else(|| no_word(parameter, words))
}

fn no_word<T>(parameter: &str, words: &[(&str, T)]) -> Invalid {
    let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
    invalid(parameter, format!("`{parameter}` must be one of {}.", words.join(", ")))
}

fn invalid(parameter: &str, detail: String) -> Invalid {
    Invalid { pointer: format!("/{parameter}"), why: Why::BadQuery(detail) }
}
