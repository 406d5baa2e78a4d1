//! Lists of zones: the condition and the order that a filter stands for.
//!
//! Texts are compared with functions that both databases have and that take case as it is: their `LIKE`s differ.

use np_domain::{
    ports::{Page, TextFilter, TextRelation, ZoneFilter, ZoneOrder, ZoneTerm},
    text::Explanation,
};

use crate::{
    hostnames::offset,
    row,
    statement::{Parameter, Statement, sql},
    visible,
};

/// The tables that conditions and orders are of.
const TABLES: &str = "zones z JOIN accounts a ON a.id = z.account";

/// A page of the zones.
pub(super) fn page_of(filter: &ZoneFilter, page: Page) -> Statement {
    let Condition { text, parameters } = condition(filter);
    let (limit, offset) = (parameters.len() + 1, parameters.len() + 2);
    let list = format!(
        "SELECT {} FROM {TABLES} WHERE {text} ORDER BY {} LIMIT ${limit} OFFSET ${offset}",
        super::COLUMNS,
        order(filter)
    );
    sql(list).bind_all(parameters).bind(page.size).bind(self::offset(page))
}

/// How many there are.
pub(super) fn count(filter: &ZoneFilter) -> Statement {
    let Condition { text, parameters } = condition(filter);
    sql(format!("SELECT COUNT(*) AS total FROM {TABLES} WHERE {text}")).bind_all(parameters)
}

fn order(filter: &ZoneFilter) -> String {
    let columns: &[&str] = match filter.order {
        ZoneOrder::Name => &["z.name", "z.id"],
        ZoneOrder::Status => &["z.status", "z.name", "z.id"],
        ZoneOrder::Account => &["z.account", "z.name", "z.id"],
        ZoneOrder::AccountName => &["a.name", "z.name", "z.id"],
    };
    let direction = if filter.is_descending { " DESC" } else { "" };
    let columns: Vec<_> = columns.iter().map(|column| format!("{column}{direction}")).collect();
    columns.join(", ")
}

/// A condition with the values of its placeholders.
struct Condition {
    text: String,
    parameters: Vec<Parameter>,
}

fn condition(filter: &ZoneFilter) -> Condition {
    let mut parameters = Vec::new();
    let mut value = |parameter: Parameter| {
        parameters.push(parameter);
        format!("${}", parameters.len())
    };
    let mut all = vec!["1 = 1".to_owned()];
    all.extend(filter.account.map(|id| format!("z.account = {}", value(id.into()))));
    match filter.among.as_deref() {
        Some([]) => all.push("1 = 0".to_owned()),
        Some(zones) => {
            let list: Vec<_> = zones.iter().map(|zone| value((*zone).into())).collect();
            all.push(format!("z.id IN ({})", list.join(", ")));
        }
        None => {}
    }
    let terms: Vec<_> = filter.terms.iter().map(|term| self::term(term, &mut value)).collect();
    if !terms.is_empty() {
        let joint = if filter.is_any { " OR " } else { " AND " };
        all.push(format!("({})", terms.join(joint)));
    }
    all.push(visible::condition(&filter.visible, &mut parameters));
    Condition { text: all.join(" AND "), parameters }
}

fn term(term: &ZoneTerm, value: &mut impl FnMut(Parameter) -> String) -> String {
    match term {
        ZoneTerm::Account(id) => format!("z.account = {}", value((*id).into())),
        ZoneTerm::AccountName(filter) => text_term("a.name", filter, value),
        // Names are kept in lower case: whoever ignores case compares with the lower case of what is wanted.
        ZoneTerm::Name(filter) if !filter.is_case_sensitive => {
            let text = Explanation::new(filter.text.as_str().to_ascii_lowercase());
            let lower = TextFilter { text, is_case_sensitive: true, ..filter.clone() };
            text_term("z.name", &lower, value)
        }
        ZoneTerm::Name(filter) => text_term("z.name", filter, value),
        ZoneTerm::Status(status) => format!("z.status = {}", value(status.as_str().into())),
        ZoneTerm::Kinds(kinds) if kinds.is_empty() => "1 = 0".to_owned(),
        ZoneTerm::Kinds(kinds) => {
            let kinds = kinds.iter().map(|kind| value(row::zone::word(*kind).into()));
            format!("z.kind IN ({})", kinds.collect::<Vec<_>>().join(", "))
        }
    }
}

fn text_term(
    column: &str,
    filter: &TextFilter,
    value: &mut impl FnMut(Parameter) -> String,
) -> String {
    let wanted = filter.text.as_str();
    let (length, text) = (wanted.chars().count(), value(wanted.into()));
    // The database lowers both, so that it does not matter which letters it knows the lower case of.
    let (column, text) = match filter.is_case_sensitive {
        true => (column.to_owned(), text),
        false => (format!("LOWER({column})"), format!("LOWER({text})")),
    };
    match filter.relation {
        TextRelation::Equal => format!("{column} = {text}"),
        TextRelation::NotEqual => format!("{column} <> {text}"),
        TextRelation::StartsWith => format!("SUBSTR({column}, 1, {length}) = {text}"),
        // A start before the text gives less than `length` characters, or others: never what is wanted.
        TextRelation::EndsWith => {
            format!(
                "(LENGTH({column}) >= {length} AND \
                 SUBSTR({column}, LENGTH({column}) - {length} + 1) = {text})"
            )
        }
        TextRelation::Contains => format!("REPLACE({column}, {text}, '') <> {column}"),
    }
}
