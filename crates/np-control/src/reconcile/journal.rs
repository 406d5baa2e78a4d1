//! One log line and one count for each event of a hostname, written once its save has succeeded.

use np_domain::{custom_hostname::CustomHostname, event::Event};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

/// Counts and logs events. Cheap to clone.
#[derive(Clone, Default)]
pub struct Journal {
    events: Family<EventLabels, Counter>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct EventLabels {
    kind: &'static str,
}

impl Journal {
    /// Makes the counts visible in `registry`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "hostname_events",
            "State changes of hostnames, by kind",
            self.events.clone(),
        );
    }

    /// Notes what happened to `hostname`.
    pub fn note(&self, hostname: &CustomHostname, events: &[Event]) {
        for event in events {
            let kind = event.kind.as_str();
            self.events.get_or_create(&EventLabels { kind }).inc();
            tracing::info!(
                hostname.name = %hostname.name,
                hostname.id = %hostname.id,
                zone.id = %hostname.zone,
                event = kind,
                evidence = %event.detail,
                "hostname changed"
            );
        }
    }
}
