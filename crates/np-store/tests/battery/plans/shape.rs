//! What a statement is apart from how many values it happens to have: `IN ($1)` for `IN ($1, $2, $3)`, one row for many.

use std::collections::BTreeMap;

use np_store::ParameterKind;

/// A statement that can be run, with as few values as its kind has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Shape {
    pub(crate) text: String,
    pub(crate) kinds: Vec<&'static str>,
}

impl Shape {
    /// The shape of a statement; `None` of one that no database plans, such as COMMIT.
    pub(crate) fn of(text: &str, kinds: &[ParameterKind]) -> Option<Self> {
        const PLANNED: [&str; 5] = ["SELECT ", "INSERT ", "UPDATE ", "DELETE ", "WITH "];
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        PLANNED.iter().any(|verb| text.starts_with(verb)).then(|| {
            let text = first_of_lists(&first_row(&text));
            renumbered(&text, kinds)
        })
    }

    /// A name for the file of its plan.
    pub(crate) fn file_name(&self) -> String {
        let words: Vec<&str> = self.text.split(' ').collect();
        let verb = words.first().unwrap_or(&"").to_ascii_lowercase();
        let table = words.windows(2).find(|two| ["FROM", "INTO", "UPDATE"].contains(&two[0]));
        let table = table
            .map_or("", |two| two[1])
            .replace(|c: char| c != '_' && !c.is_ascii_alphanumeric(), "");
        let hash = self
            .text
            .bytes()
            .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        format!("{verb}-{table}-{hash:08x}.txt")
    }
}

/// Of `VALUES (...), (...)` the first row.
fn first_row(text: &str) -> String {
    let Some((head, rows)) = text.split_once(" VALUES (") else { return text.to_owned() };
    let Some((row, mut rest)) = rows.split_once(')') else { return text.to_owned() };
    while let Some(next) = rest.strip_prefix(", (") {
        rest = next.split_once(')').map_or("", |(_, rest)| rest);
    }
    format!("{head} VALUES ({row}){rest}")
}

/// Of `IN ($1, $2)` the first value.
fn first_of_lists(text: &str) -> String {
    let mut parts = text.split(" IN ($");
    let mut shorter = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (list, rest) = part.split_once(')').unwrap_or((part, ""));
        let first = list.split(',').next().unwrap_or_default();
        shorter.push_str(&format!(" IN (${first}){rest}"));
    }
    shorter
}

/// The placeholders counted from 1 again, with the kinds of those that are left.
fn renumbered(text: &str, kinds: &[ParameterKind]) -> Shape {
    let mut numbers = BTreeMap::new();
    let mut left = Vec::new();
    let mut parts = text.split('$');
    let mut renumbered = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        let old: usize = part[..end].parse().unwrap_or_default();
        let new = *numbers.entry(old).or_insert_with(|| {
            left.push(match kinds.get(old.wrapping_sub(1)) {
                Some(ParameterKind::Bytes) => "bytes",
                Some(ParameterKind::Int) => "int",
                Some(ParameterKind::Text) | None => "text",
            });
            left.len()
        });
        renumbered.push_str(&format!("${new}{}", &part[end..]));
    }
    Shape { text: renumbered, kinds: left }
}

#[test]
fn statements_that_differ_in_how_many_values_they_have_are_alike() {
    use ParameterKind::{Bytes, Int, Text};
    let shape = |text: &str, kinds: &[ParameterKind]| Shape::of(text, kinds).unwrap();
    let one = shape("SELECT a FROM b WHERE c IN ($1) AND d = $2", &[Bytes, Int]);
    let three =
        shape("SELECT a FROM b WHERE c IN ($1, $2, $3) AND d = $4", &[Bytes, Bytes, Bytes, Int]);
    assert_eq!(one, three);
    assert_eq!(one.kinds, ["bytes", "int"]);
    let row = shape("INSERT INTO b (c, d) VALUES ($1, $2) ON CONFLICT DO NOTHING", &[Text, Int]);
    let rows = "INSERT INTO b (c, d) VALUES ($1, $2), ($3, $4), ($5, $6) ON CONFLICT DO NOTHING";
    assert_eq!(row, shape(rows, &[Text, Int, Text, Int, Text, Int]));
    assert_eq!(shape("SELECT $1, $2, $1", &[Int, Text]).text, "SELECT $1, $2, $1");
    assert!(one.file_name().starts_with("select-b-"), "{}", one.file_name());
    assert_eq!(Shape::of("COMMIT", &[]), None);
}
