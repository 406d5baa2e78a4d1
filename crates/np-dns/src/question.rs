//! What is asked: the name as it came, for the reply, and the name as we look it up.

use hickory_proto::{
    op::Query,
    rr::{DNSClass, Name, RecordType},
};

/// Stands for any byte that no name of ours has. A name with it is found nowhere, which is right.
const FOREIGN: u8 = b'?';

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    /// The name in the case in which it was asked: resolvers check that it comes back so (0x20).
    pub(crate) name: Name,
    /// The name as [`key`] writes it.
    pub(crate) key: String,
    /// What is asked of it.
    pub(crate) kind: RecordType,
    /// The class.
    pub(crate) class: DNSClass,
}

impl From<&Query> for Question {
    fn from(query: &Query) -> Self {
        Self {
            name: query.name.clone(),
            key: key(&query.name),
            kind: query.query_type,
            class: query.query_class,
        }
    }
}

/// A name for look-ups: lower case, without the final dot, empty for the root. Bytes other than those of a
/// [`np_domain::name::DnsName`] become `?`, so that a dot within a label is no border between labels.
pub(crate) fn key(name: &Name) -> String {
    let mut key = String::with_capacity(name.len());
    for (position, label) in name.iter().enumerate() {
        if position > 0 {
            key.push('.');
        }
        match label {
            // A wildcard may be asked for by its own name (RFC 4592 section 2.3).
            b"*" => key.push('*'),
            _ => key.extend(label.iter().map(|byte| char::from(plain(*byte)))),
        }
    }
    key
}

fn plain(byte: u8) -> u8 {
    match byte {
        b'A'..=b'Z' => byte.to_ascii_lowercase(),
        b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => byte,
        _ => FOREIGN,
    }
}

/// The key and those of the names above it, the root left out.
pub(crate) fn with_ancestors(key: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(key), |name| name.split_once('.').map(|(_, above)| above))
        .filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_of(labels: &[&[u8]]) -> String {
        key(&Name::from_labels(labels.iter().copied()).unwrap())
    }

    #[test]
    fn a_dot_within_a_label_is_no_border_between_labels() {
        assert_eq!(key_of(&[b"a.b", b"Net"]), "a?b.net");
        assert_eq!(key_of(&[b"*", b"\xff\x00", b"_Acme-1"]), "*.??._acme-1");
        assert_eq!(key_of(&[]), "");
    }

    #[test]
    fn ancestors_end_before_the_root() {
        assert_eq!(with_ancestors("a.b.net").collect::<Vec<_>>(), ["a.b.net", "b.net", "net"]);
        assert_eq!(with_ancestors("").count(), 0);
    }
}
