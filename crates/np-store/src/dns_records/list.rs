//! Lists of records: conditions from filters. All look within one zone, which an index leads to and a limit bounds.

use np_domain::{
    dns_record::{RecordName, content::txt},
    id::ZoneId,
    ports::{
        Direction, DnsRecordFilter, DnsRecordOrder, DnsRecordTerm, Matching, Page, TagTerm,
        TextMatch,
    },
};

use super::COLUMNS;
use crate::{
    hostnames::offset,
    statement::{Parameter, Statement, sql},
};

/// A condition in the making, with the values of its placeholders.
struct Condition {
    parameters: Vec<Parameter>,
}

pub(super) fn page_of(zone: ZoneId, filter: &DnsRecordFilter, page: Page) -> Statement {
    let (condition, parameters) = condition(zone, filter);
    let next = parameters.len() + 1;
    let list = format!(
        "SELECT {COLUMNS} FROM dns_records r WHERE {condition} ORDER BY {} LIMIT ${next} OFFSET ${}",
        order(filter),
        next + 1
    );
    sql(list).bind_all(parameters).bind(page.size).bind(offset(page))
}

pub(super) fn count(zone: ZoneId, filter: &DnsRecordFilter) -> Statement {
    let (condition, parameters) = condition(zone, filter);
    sql(format!("SELECT COUNT(*) AS total FROM dns_records r WHERE {condition}"))
        .bind_all(parameters)
}

fn order(filter: &DnsRecordFilter) -> String {
    let direction = match filter.direction {
        Direction::Ascending => "",
        Direction::Descending => " DESC",
    };
    let columns: &[&str] = match filter.order {
        DnsRecordOrder::Content => &["content", "kind", "name", "id"],
        DnsRecordOrder::Kind => &["kind", "name", "id"],
        DnsRecordOrder::Name => &["name", "kind", "id"],
        DnsRecordOrder::Proxied => &["proxied", "kind", "name", "id"],
        DnsRecordOrder::Ttl => &["ttl", "kind", "name", "id"],
    };
    let columns: Vec<String> =
        columns.iter().map(|column| format!("r.{column}{direction}")).collect();
    columns.join(", ")
}

fn condition(zone: ZoneId, filter: &DnsRecordFilter) -> (String, Vec<Parameter>) {
    let mut condition = Condition { parameters: vec![zone.into()] };
    let terms: Vec<String> = filter.terms.iter().map(|term| condition.term(term)).collect();
    let all = match joined(terms, filter.matching) {
        Some(terms) => format!("r.zone = $1 AND {terms}"),
        None => "r.zone = $1".to_owned(),
    };
    (all, condition.parameters)
}

/// `None` without terms.
fn joined(terms: Vec<String>, matching: Matching) -> Option<String> {
    let with = match matching {
        Matching::All => " AND ",
        Matching::Any => " OR ",
    };
    (!terms.is_empty()).then(|| format!("({})", terms.join(with)))
}

impl Condition {
    fn value(&mut self, value: impl Into<Parameter>) -> String {
        self.parameters.push(value.into());
        format!("${}", self.parameters.len())
    }

    fn term(&mut self, term: &DnsRecordTerm) -> String {
        match term {
            DnsRecordTerm::Comment(text) => self.text("r.comment", text),
            DnsRecordTerm::Content(text) => self.content(text),
            DnsRecordTerm::HasComment(true) => "r.comment IS NOT NULL".into(),
            DnsRecordTerm::HasComment(false) => "r.comment IS NULL".into(),
            DnsRecordTerm::Kind(kind) => format!("r.kind = {}", self.value(kind.as_str())),
            DnsRecordTerm::Name(text) => self.text("r.name", text),
            DnsRecordTerm::Proxied(is_on) => {
                format!("r.proxied = {}", self.value(i64::from(*is_on)))
            }
            DnsRecordTerm::Search(text) => self.search(text.as_str()),
            DnsRecordTerm::ShadowedBy(name) => self.shadowed_by(name),
            DnsRecordTerm::Shadowing(name) => self.shadowing(name),
            DnsRecordTerm::Tags(terms, matching) => {
                let terms = terms.iter().map(|term| self.tag(term)).collect();
                joined(terms, *matching).unwrap_or_else(|| "1 = 1".into())
            }
        }
    }

    fn text(&mut self, column: &str, text: &TextMatch) -> String {
        match text {
            TextMatch::Contains(part) => self.like(column, format!("%{}%", escaped(part.as_str()))),
            TextMatch::EndsWith(end) => self.like(column, format!("%{}", escaped(end.as_str()))),
            TextMatch::Exact(text) => format!("{column} = {}", self.value(text.as_str())),
            TextMatch::StartsWith(start) => {
                self.like(column, format!("{}%", escaped(start.as_str())))
            }
        }
    }

    fn like(&mut self, column: &str, pattern: String) -> String {
        format!("{column} LIKE {} ESCAPE '!'", self.value(pattern))
    }

    /// Content is found with and without quotes, names in it with and without the final dot.
    fn content(&mut self, text: &TextMatch) -> String {
        if let TextMatch::Exact(text) = text {
            let text = text.as_str();
            let unquoted = txt::unquoted(text).unwrap_or_else(|| text.to_owned());
            let dotless = text.strip_suffix('.').unwrap_or(text).to_owned();
            let shown = self.value(text);
            let (unquoted, dotless) = (self.value(unquoted), self.value(dotless));
            return format!("r.sought IN ({shown}, {unquoted}, {dotless})");
        }
        let plain = self.text("r.sought", text);
        let as_shown = self.text("LOWER(r.content)", text);
        format!("({plain} OR {as_shown})")
    }

    fn search(&mut self, text: &str) -> String {
        let pattern = self.value(format!("%{}%", escaped(text)));
        let like = |column: &str| format!("{column} LIKE {pattern} ESCAPE '!'");
        let tags = format!(
            "EXISTS (SELECT 1 FROM dns_record_tags t WHERE t.record = r.id AND ({} OR {}))",
            like("t.name"),
            like("t.value")
        );
        let columns = ["r.name", "r.sought", "r.comment"].map(like).join(" OR ");
        format!("({columns} OR {tags})")
    }

    fn shadowed_by(&mut self, name: &RecordName) -> String {
        let own = self.value(name.as_str());
        let below = self.like("r.name", format!("%.{}", escaped(name.as_str())));
        format!("((r.name = {own} AND r.kind <> 'NS') OR {below})")
    }

    fn shadowing(&mut self, name: &RecordName) -> String {
        let names: Vec<String> = name.with_ancestors().map(|name| self.value(name)).collect();
        format!("(r.kind = 'NS' AND r.name IN ({}))", names.join(", "))
    }

    fn tag(&mut self, term: &TagTerm) -> String {
        let (exists, name, value) = match term {
            TagTerm::Has(name) => ("EXISTS", name, None),
            TagTerm::Lacks(name) => ("NOT EXISTS", name, None),
            TagTerm::Value(name, text) => ("EXISTS", name, Some(text)),
        };
        let name = self.value(name.as_str());
        let value = value.map(|text| format!(" AND {}", self.text("t.value", text)));
        format!(
            "{exists} (SELECT 1 FROM dns_record_tags t WHERE t.record = r.id AND t.name = {name}{})",
            value.unwrap_or_default()
        )
    }
}

/// A text whose signs mean nothing in a pattern.
fn escaped(text: &str) -> String {
    text.replace('!', "!!").replace('%', "!%").replace('_', "!_")
}
