//! The query of a list of records.

use np_domain::{
    dns_record::RecordName,
    ports::{
        Direction, DnsRecordFilter, DnsRecordOrder, DnsRecordTerm, Matching, Sought, TagTerm,
        TextMatch,
    },
};

use super::kind;
use crate::api::{
    openapi::{QueryParam, shape},
    pagination::Params,
    wire::invalid::{Invalid, Why},
};

/// The parameters besides pages.
pub(crate) const FILTERS: &[QueryParam] = &[
    QueryParam::new("name", shape::text, "The name, exactly."),
    QueryParam::new("name.exact", shape::text, "The name, exactly."),
    QueryParam::new("name.contains", shape::text, "A part of the name."),
    QueryParam::new("name.startswith", shape::text, "The beginning of the name."),
    QueryParam::new("name.endswith", shape::text, "The end of the name."),
    QueryParam::new("type", kind, "The type."),
    QueryParam::new("content", shape::text, "The content, exactly; a TXT with or without quotes."),
    QueryParam::new("content.exact", shape::text, "The content, exactly."),
    QueryParam::new("content.contains", shape::text, "A part of the content."),
    QueryParam::new("content.startswith", shape::text, "The beginning of the content."),
    QueryParam::new("content.endswith", shape::text, "The end of the content."),
    QueryParam::new("proxied", shape::flag, "Whether it is proxied."),
    QueryParam::new("comment", shape::text, "The comment, exactly."),
    QueryParam::new("comment.exact", shape::text, "The comment, exactly."),
    QueryParam::new("comment.contains", shape::text, "A part of the comment."),
    QueryParam::new("comment.startswith", shape::text, "The beginning of the comment."),
    QueryParam::new("comment.endswith", shape::text, "The end of the comment."),
    QueryParam::new("comment.present", shape::text, "With a comment."),
    QueryParam::new("comment.absent", shape::text, "Without a comment."),
    QueryParam::new("tag", shape::text, "A tag, `name:value`, exactly."),
    QueryParam::new("tag.exact", shape::text, "A tag, `name:value`, exactly."),
    QueryParam::new("tag.contains", shape::text, "A tag's name, and a part of its value."),
    QueryParam::new("tag.startswith", shape::text, "A tag's name, and the beginning of its value."),
    QueryParam::new("tag.endswith", shape::text, "A tag's name, and the end of its value."),
    QueryParam::new("tag.present", shape::text, "The name of a tag that it has."),
    QueryParam::new("tag.absent", shape::text, "The name of a tag that it has not."),
    QueryParam::new("tag_match", matching, "Whether all terms on tags must hold, or any."),
    QueryParam::new("match", matching, "Whether all terms must hold, or any."),
    QueryParam::new("search", shape::text, "A text in name, content, comment or tags."),
    QueryParam::new("shadowed_by_name", shape::text, "At or below this delegated name."),
    QueryParam::new("shadowing_name", shape::text, "NS records at this name or above it."),
    QueryParam::new("order", order, "By what records are ordered."),
    QueryParam::new("direction", direction, "In which direction."),
];

fn matching(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    shape::word_of(&["any", "all"])
}

fn order(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    shape::word_of(&["type", "name", "content", "ttl", "proxied"])
}

fn direction(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    shape::word_of(&["asc", "desc"])
}

/// Which records a query wants.
pub(crate) fn parse_filter(query: &Params, zone: &RecordName) -> Result<DnsRecordFilter, Invalid> {
    let mut terms = Vec::new();
    for text in texts(query, "name") {
        terms.push(DnsRecordTerm::Name(name(text, zone)));
    }
    terms.extend(texts(query, "content").into_iter().map(DnsRecordTerm::Content));
    terms.extend(texts(query, "comment").into_iter().map(DnsRecordTerm::Comment));
    terms.extend(query.get("comment.present").map(|_| DnsRecordTerm::HasComment(true)));
    terms.extend(query.get("comment.absent").map(|_| DnsRecordTerm::HasComment(false)));
    if let Some(word) = query.get("type") {
        let kind = word.parse().map_err(|why| bad("type", format!("`type` {why}.")))?;
        terms.push(DnsRecordTerm::Kind(kind));
    }
    if let Some(word) = query.get("proxied") {
        let flag =
            flag(word).ok_or_else(|| bad("proxied", "`proxied` must be true or false.".into()))?;
        terms.push(DnsRecordTerm::Proxied(flag));
    }
    terms.extend(query.get("search").map(|text| DnsRecordTerm::Search(Sought::new(text))));
    for (key, term) in [
        ("shadowed_by_name", DnsRecordTerm::ShadowedBy as fn(RecordName) -> DnsRecordTerm),
        ("shadowing_name", DnsRecordTerm::Shadowing),
    ] {
        if let Some(text) = query.get(key) {
            let name = RecordName::complete(text, zone);
            terms.push(term(name.map_err(|why| bad(key, format!("`{key}`: {why}.")))?));
        }
    }
    let tags = tags(query);
    if !tags.is_empty() {
        terms.push(DnsRecordTerm::Tags(tags, matching_of(query, "tag_match")?));
    }
    Ok(DnsRecordFilter {
        terms,
        matching: matching_of(query, "match")?,
        order: order_of(query)?,
        direction: direction_of(query)?,
    })
}

/// The terms on a text. The old form is one more way to say `exact`.
fn texts(query: &Params, field: &str) -> Vec<TextMatch> {
    let with = |suffix: &str, make: fn(Sought) -> TextMatch| {
        let key = if suffix.is_empty() { field.to_owned() } else { format!("{field}.{suffix}") };
        query.get(&key).map(|text| make(Sought::new(text)))
    };
    let found = [
        with("", TextMatch::Exact),
        with("exact", TextMatch::Exact),
        with("contains", TextMatch::Contains),
        with("startswith", TextMatch::StartsWith),
        with("endswith", TextMatch::EndsWith),
    ];
    found.into_iter().flatten().collect()
}

/// Names are looked for as they are kept: complete, in punycode, without the final dot.
fn name(text: TextMatch, zone: &RecordName) -> TextMatch {
    match text {
        TextMatch::Exact(name) if name.as_str() == "@" => {
            TextMatch::Exact(Sought::new(zone.as_str()))
        }
        TextMatch::Exact(name) => {
            let text = name.as_str();
            TextMatch::Exact(Sought::new(text.strip_suffix('.').unwrap_or(text)))
        }
        other => other,
    }
}

fn tags(query: &Params) -> Vec<TagTerm> {
    let value = |key: &str, make: fn(Sought) -> TextMatch| {
        let (name, value) = query.get(key)?.split_once(':').unwrap_or((query.get(key)?, ""));
        Some(TagTerm::Value(Sought::new(name), make(Sought::new(value))))
    };
    let name =
        |key: &str, make: fn(Sought) -> TagTerm| query.get(key).map(|name| make(Sought::new(name)));
    let found = [
        value("tag", TextMatch::Exact),
        value("tag.exact", TextMatch::Exact),
        value("tag.contains", TextMatch::Contains),
        value("tag.startswith", TextMatch::StartsWith),
        value("tag.endswith", TextMatch::EndsWith),
        name("tag.present", TagTerm::Has),
        name("tag.absent", TagTerm::Lacks),
    ];
    found.into_iter().flatten().collect()
}

/// `true` and `false`, and what other clients write for them.
pub(super) fn flag(word: &str) -> Option<bool> {
    match word {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

fn matching_of(query: &Params, key: &str) -> Result<Matching, Invalid> {
    match query.get(key) {
        None | Some("all") => Ok(Matching::All),
        Some("any") => Ok(Matching::Any),
        Some(_) => Err(bad(key, format!("`{key}` must be any or all."))),
    }
}

fn order_of(query: &Params) -> Result<DnsRecordOrder, Invalid> {
    match query.get("order") {
        None | Some("type") => Ok(DnsRecordOrder::Kind),
        Some("name") => Ok(DnsRecordOrder::Name),
        Some("content") => Ok(DnsRecordOrder::Content),
        Some("ttl") => Ok(DnsRecordOrder::Ttl),
        Some("proxied") => Ok(DnsRecordOrder::Proxied),
        Some(_) => Err(bad("order", "`order` must be type, name, content, ttl or proxied.".into())),
    }
}

fn direction_of(query: &Params) -> Result<Direction, Invalid> {
    match query.get("direction") {
        None | Some("asc") => Ok(Direction::Ascending),
        Some("desc") => Ok(Direction::Descending),
        Some(_) => Err(bad("direction", "`direction` must be asc or desc.".into())),
    }
}

fn bad(key: &str, detail: String) -> Invalid {
    Invalid { pointer: format!("/{key}"), why: Why::BadQuery(detail) }
}
