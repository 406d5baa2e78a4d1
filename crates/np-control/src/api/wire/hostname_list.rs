//! The query of a list of custom hostnames.

use np_domain::{
    Timestamp,
    certificate::AuthorityName,
    origin::OriginHost,
    ownership,
    ports::{Direction, HostnameFilter, HostnameList, NameFilter, Order, Start},
    text::Explanation,
};
use schemars::JsonSchema;

use super::{
    cursor,
    invalid::{Invalid, Why},
    status::{CertificateStatus, HostnameStatus},
};
use crate::api::{
    ApiSettings,
    openapi::{QueryParam, schema_of, shape},
    pagination::Params,
};

/// The parameters that [`parse`] reads, besides those of pages.
pub(crate) const FILTERS: &[QueryParam] = &[
    QueryParam::new("id", shape::uuid, "The one with this id. Excludes the filters by name."),
    QueryParam::new("hostname", shape::text, "The one with this name."),
    QueryParam::new("hostname.exact", shape::text, "The one with this name."),
    QueryParam::new("hostname.contain", shape::some_text, "Those with this text in their names."),
    QueryParam::new("hostname.startsWith", shape::text, "Those whose names begin with this text."),
    QueryParam::new("hostname_status", schema_of::<HostnameStatus>, "Those with this `status`."),
    QueryParam::new("ssl_status", schema_of::<CertificateStatus>, "Those with this `ssl.status`."),
    QueryParam::new("ssl", shape::flag, "Those with a certificate, or without one."),
    QueryParam::new(
        "certificate_authority",
        schema_of::<AuthorityWord>,
        "Those whose certificate is asked of this CA.",
    ),
    QueryParam::new("custom_origin_server", shape::text, "Those with this origin of their own."),
    QueryParam::new("wildcard", shape::flag, "Those whose certificate is a wildcard, or is none."),
    QueryParam::new(
        "order",
        schema_of::<OrderWord>,
        "What to sort by; between equals the oldest come first. Without it: `created_at`.",
    ),
    QueryParam::new("direction", schema_of::<DirectionWord>, "Which end comes first."),
    QueryParam::new(
        "cursor",
        shape::some_text,
        "Where to go on: `result_info.cursors.after` of the page before, with the same filters. Instead of `page`.",
    ),
];

/// A CA.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[expect(dead_code, reason = "words of the document")]
enum AuthorityWord {
    Digicert,
    Google,
    LetsEncrypt,
    SslCom,
}

/// What lists are sorted by.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[expect(dead_code, reason = "words of the document")]
enum OrderWord {
    CreatedAt,
    Hostname,
    Ssl,
    SslStatus,
}

/// Which end comes first.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[expect(dead_code, reason = "words of the document")]
enum DirectionWord {
    Asc,
    Desc,
}

/// The parameters of which a list takes one.
const EXCLUSIVE: [&str; 5] =
    ["id", "hostname", "hostname.exact", "hostname.contain", "hostname.startsWith"];

/// Reads what is asked for.
pub(crate) fn parse(
    params: &Params,
    settings: &ApiSettings,
    now: Timestamp,
) -> Result<HostnameList, Invalid> {
    let page = params.page()?;
    let (order, direction) = (parse_order(params)?, parse_direction(params)?);
    let start = match (params.get("cursor"), params.get("page")) {
        (None, _) => Start::Page(page.number),
        (Some(_), Some(_)) => {
            return Err(bad("page", "Give either `page` or `cursor`, not both."));
        }
        // The first of the pages by cursor.
        (Some(""), None) => Start::Begin,
        (Some(text), None) => Start::After(
            cursor::decode(text, order, direction)
                .ok_or_else(|| bad("cursor", "Take it from a page of a list in the same order."))?,
        ),
    };
    let filter = parse_filter(params, settings)?;
    Ok(HostnameList { filter, order, direction, start, size: page.size, now })
}

fn bad(name: &str, detail: impl Into<String>) -> Invalid {
    Invalid { pointer: format!("/{name}"), why: Why::BadQuery(detail.into()) }
}

fn parse_filter(params: &Params, settings: &ApiSettings) -> Result<HostnameFilter, Invalid> {
    let given: Vec<_> = EXCLUSIVE.iter().filter(|name| params.get(name).is_some()).collect();
    if let [_, second, ..] = given.as_slice() {
        return Err(Invalid { pointer: format!("/{second}"), why: Why::IdWithOtherFilters });
    }
    let id = params.get("id").map(str::parse).transpose();
    Ok(HostnameFilter {
        name: parse_name(params)?,
        id: id.map_err(|error| Invalid { pointer: "/id".to_owned(), why: Why::BadId(error) })?,
        with_certificate: parse_flag(params, "ssl")?,
        wildcard: parse_flag(params, "wildcard")?,
        ownership: parse_ownership(params)?,
        standings: parse_status(params)?.map(CertificateStatus::standings),
        held: parse_status(params)?.and_then(CertificateStatus::is_held),
        authorities: parse_authorities(params, settings)?,
        origin: params.get("custom_origin_server").map(parse_origin),
    })
}

fn parse_name(params: &Params) -> Result<Option<NameFilter>, Invalid> {
    let text = |text: &str| Explanation::new(text.trim_end_matches('.').to_ascii_lowercase());
    if let Some(name) = params.get("hostname").or_else(|| params.get("hostname.exact")) {
        return Ok(Some(NameFilter::Exact(text(name))));
    }
    if let Some(part) = params.get("hostname.contain") {
        if part.is_empty() {
            let pointer = "/hostname.contain".to_owned();
            return Err(Invalid { pointer, why: Why::ContainsNothing });
        }
        return Ok(Some(NameFilter::Contains(Explanation::new(part.to_ascii_lowercase()))));
    }
    let start = params.get("hostname.startsWith");
    Ok(start.map(|start| NameFilter::StartsWith(Explanation::new(start.to_ascii_lowercase()))))
}

fn parse_flag(params: &Params, name: &str) -> Result<Option<bool>, Invalid> {
    match params.get(name) {
        None => Ok(None),
        Some("1" | "true") => Ok(Some(true)),
        Some("0" | "false") => Ok(Some(false)),
        Some(_) => Err(bad(name, format!("`{name}` must be 0, 1, true or false."))),
    }
}

/// One of these words.
fn parse_word<T: Copy>(
    params: &Params,
    name: &str,
    words: impl Iterator<Item = (T, &'static str)> + Clone,
) -> Result<Option<T>, Invalid> {
    let Some(given) = params.get(name) else { return Ok(None) };
    match words.clone().find(|(_, word)| *word == given) {
        Some((value, _)) => Ok(Some(value)),
        None => {
            let known: Vec<_> = words.map(|(_, word)| word).collect();
            Err(bad(name, format!("`{name}` must be one of: {}.", known.join(", "))))
        }
    }
}

fn parse_ownership(params: &Params) -> Result<Option<Vec<ownership::Kind>>, Invalid> {
    let words = HostnameStatus::ALL.iter().map(|status| (*status, status.word()));
    Ok(parse_word(params, "hostname_status", words)?.map(HostnameStatus::kinds))
}

fn parse_status(params: &Params) -> Result<Option<CertificateStatus>, Invalid> {
    let words = CertificateStatus::ALL.iter().map(|status| (*status, status.word()));
    parse_word(params, "ssl_status", words)
}

/// Who asks for no particular CA is shown, and found, with the default one.
fn parse_authorities(
    params: &Params,
    settings: &ApiSettings,
) -> Result<Option<Vec<Option<AuthorityName>>>, Invalid> {
    let words = AuthorityName::ALL.into_iter();
    Ok(parse_word(params, "certificate_authority", words)?.map(|name| {
        let default = (name == settings.default_authority).then_some(None);
        [Some(name)].into_iter().chain(default).collect()
    }))
}

/// As origins are printed; what is no origin is nobody's.
fn parse_origin(text: &str) -> Explanation {
    let printed = text.parse::<OriginHost>().map(|origin| origin.to_string());
    Explanation::new(printed.unwrap_or_else(|_| text.to_ascii_lowercase()))
}

fn parse_order(params: &Params) -> Result<Order, Invalid> {
    let words = [
        (Order::Created, "created_at"),
        (Order::Name, "hostname"),
        (Order::Certificate, "ssl"),
        (Order::Standing, "ssl_status"),
    ];
    Ok(parse_word(params, "order", words.into_iter())?.unwrap_or_default())
}

fn parse_direction(params: &Params) -> Result<Direction, Invalid> {
    let words = [(Direction::Ascending, "asc"), (Direction::Descending, "desc")];
    Ok(parse_word(params, "direction", words.into_iter())?.unwrap_or_default())
}
