//! The records of one zone by name, in an order in which the names below a name follow it.

use std::{collections::BTreeMap, ops::Bound};

use hickory_proto::rr::RecordType;

use crate::zone::{Datum, Node};

/// Names to records. A name with no record is not kept; it may still exist for what stands below it.
#[derive(Debug, Default)]
pub(crate) struct Nodes(BTreeMap<String, Vec<Datum>>);

impl Nodes {
    /// Adds a record, once.
    pub(crate) fn add(&mut self, key: &str, datum: Datum) {
        let node = self.0.entry(reversed(key)).or_default();
        if !node.contains(&datum) {
            node.push(datum);
        }
    }

    /// Takes away the records of one type; says whether there were any.
    pub(crate) fn remove(&mut self, key: &str, kind: RecordType) -> bool {
        let key = reversed(key);
        let Some(node) = self.0.get_mut(&key) else { return false };
        let before = node.len();
        node.retain(|datum| datum.kind() != kind);
        let removed = node.len() < before;
        if node.is_empty() {
            self.0.remove(&key);
        }
        removed
    }

    /// What is at the name.
    pub(crate) fn node(&self, key: &str) -> Node {
        let mut key = reversed(key);
        if let Some(node) = self.0.get(&key) {
            return Node::Present(node.clone());
        }
        key.push('.');
        let next = self.0.range::<str, _>((Bound::Included(key.as_str()), Bound::Unbounded)).next();
        match next {
            Some((below, _)) if below.starts_with(&key) => Node::Present(Vec::new()),
            _ => Node::Absent,
        }
    }

    /// The records at the name.
    pub(crate) fn at(&self, key: &str) -> &[Datum] {
        self.0.get(&reversed(key)).map_or(&[], Vec::as_slice)
    }
}

/// `app.customer.com` as `com.customer.app`.
fn reversed(key: &str) -> String {
    let mut reversed = String::with_capacity(key.len() + 1);
    for label in key.rsplit('.') {
        if !reversed.is_empty() {
            reversed.push('.');
        }
        reversed.push_str(label);
    }
    reversed
}

#[cfg(test)]
mod tests {
    use hickory_proto::rr::{RData, rdata::A};

    use super::*;

    fn address(last: u8) -> Datum {
        Datum { ttl: 5, data: RData::A(A::new(192, 0, 2, last)) }
    }

    #[test]
    fn a_name_above_a_record_exists_and_one_beside_it_does_not() {
        let mut nodes = Nodes::default();
        nodes.add("a.b.net", address(1));
        nodes.add("a.b-c.net", address(2));
        assert_eq!(nodes.node("a.b.net"), Node::Present(vec![address(1)]));
        for existing in ["b.net", "b-c.net", "net"] {
            assert_eq!(nodes.node(existing), Node::Present(Vec::new()), "{existing}");
        }
        for absent in ["a", "x.a.b.net", "c.b.net", "xb.net", "b"] {
            assert_eq!(nodes.node(absent), Node::Absent, "{absent}");
        }
    }

    #[test]
    fn a_name_without_its_last_record_is_gone() {
        let mut nodes = Nodes::default();
        nodes.add("a.net", address(1));
        nodes.add("a.net", address(1));
        assert_eq!(nodes.at("a.net"), [address(1)]);
        assert!(!nodes.remove("a.net", RecordType::TXT));
        assert!(nodes.remove("a.net", RecordType::A));
        assert_eq!(nodes.node("a.net"), Node::Absent);
    }
}
