//! Counts of queries by outcome and transport. No label is a name or an address: anybody could make up as many of
//! those as they like.

use std::sync::Arc;

use prometheus_client::{
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

/// What became of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Records.
    Answered,
    /// An EDNS version that we do not speak.
    BadVers,
    /// Malformed.
    FormErr,
    /// Nothing that may be answered.
    Ignored,
    /// The name has no such records.
    NoData,
    /// Not a QUERY.
    NotImp,
    /// No such name.
    NxDomain,
    /// Not ours to answer.
    Refused,
    /// The replica cannot be read, or we have a defect.
    ServFail,
}

/// The values of the label `outcome`, in the order of [`Outcome`].
const OUTCOMES: [&str; 9] = [
    "answered", "badvers", "formerr", "ignored", "nodata", "notimp", "nxdomain", "refused",
    "servfail",
];

/// How a query came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    Tcp,
    Udp,
}

/// The values of the label `transport`, in the order of [`Transport`].
const TRANSPORTS: [&str; 2] = ["tcp", "udp"];

/// The counters of one server.
#[derive(Debug, Clone)]
pub struct DnsMetrics {
    /// By transport, then outcome, in the order of the enums: counting takes no lock.
    queries: Arc<[[Counter; OUTCOMES.len()]; TRANSPORTS.len()]>,
}

impl DnsMetrics {
    /// Counters that appear in `registry` as `dns_queries_total`, under its prefix, all from 0.
    pub fn register(registry: &mut Registry) -> Self {
        let family = Family::<[(&str, &str); 2], Counter>::default();
        let help = "DNS queries by what became of them";
        registry.register("dns_queries", help, family.clone());
        let counters = |transport| {
            OUTCOMES.map(|outcome| {
                family.get_or_create_owned(&[("outcome", outcome), ("transport", transport)])
            })
        };
        Self { queries: Arc::new(TRANSPORTS.map(counters)) }
    }

    pub(crate) fn count(&self, transport: Transport, outcome: Outcome) {
        self.queries[transport as usize][outcome as usize].inc();
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;

    use super::*;

    #[test]
    fn an_outcome_is_counted_under_its_own_labels() {
        for (outcome, label) in [
            (Outcome::Answered, "answered"),
            (Outcome::BadVers, "badvers"),
            (Outcome::FormErr, "formerr"),
            (Outcome::Ignored, "ignored"),
            (Outcome::NoData, "nodata"),
            (Outcome::NotImp, "notimp"),
            (Outcome::NxDomain, "nxdomain"),
            (Outcome::Refused, "refused"),
            (Outcome::ServFail, "servfail"),
        ] {
            let mut registry = Registry::default();
            let metrics = DnsMetrics::register(&mut registry);
            metrics.count(Transport::Udp, outcome);
            let mut text = String::new();
            encode(&mut text, &registry).unwrap();
            let line = format!(r#"queries_total{{outcome="{label}",transport="udp"}} 1"#);
            assert!(text.contains(&line), "{line} is not in {text}");
            assert_eq!(text.matches("} 1\n").count(), 1, "{text}");
        }
    }
}
