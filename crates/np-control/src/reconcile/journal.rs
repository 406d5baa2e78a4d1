//! One log line and one count for each event of a hostname or a zone's certificate pack, written once its save has succeeded.

use np_domain::{
    certificate::{Holder, urgency::Level},
    certificate_pack::Pack,
    custom_hostname::CustomHostname,
    event::{Event, EventKind},
};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

/// Counts and logs events. Cheap to clone: clones count together.
#[derive(Clone)]
pub struct Journal {
    events: Family<EventLabels, Counter>,
    alarms: Family<AlarmLabels, Counter>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct EventLabels {
    kind: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct AlarmLabels {
    level: &'static str,
}

impl Default for Journal {
    /// Every kind of event has its count from the start, at 0: a rate sees the first event too.
    fn default() -> Self {
        let events = Family::<EventLabels, Counter>::default();
        for (_, kind) in EventKind::ALL {
            let _: u64 = events.get_or_create(&EventLabels { kind }).get();
        }
        let alarms = Family::<AlarmLabels, Counter>::default();
        for (_, level) in Level::ALL {
            let _: u64 = alarms.get_or_create(&AlarmLabels { level }).get();
        }
        Self { events, alarms }
    }
}

impl Journal {
    /// Makes the counts visible in `registry`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "hostname_events",
            "State changes of hostnames and of zones' certificate packs, by kind",
            self.events.clone(),
        );
        registry.register(
            "renewal_alarms",
            "Renewals that fail, each time that one has become more urgent, by level",
            self.alarms.clone(),
        );
    }

    /// Notes what happened to the certificate of `holder`.
    pub fn note_certificate(&self, holder: &Holder, events: &[Event]) {
        match holder {
            Holder::Hostname(hostname) => self.note(hostname, events),
            Holder::Pack(pack) => self.note_pack(pack, events),
        }
    }

    /// Notes that the renewal of `holder`'s certificate fails and has become this urgent: louder than any other event.
    pub fn note_alarm(&self, holder: &Holder, level: Level) {
        let word = level.as_str();
        self.alarms.get_or_create(&AlarmLabels { level: word }).inc();
        let subject = match holder {
            Holder::Hostname(hostname) => hostname.name.to_string(),
            Holder::Pack(pack) => format!("pack {}", pack.id),
        };
        match level {
            Level::Failing | Level::Late => {
                tracing::warn!(subject, level = word, "renewal.late");
            }
            Level::Urgent | Level::Critical | Level::Over => {
                tracing::error!(subject, level = word, "renewal.late");
            }
        }
    }

    /// Notes what happened to `pack`.
    pub fn note_pack(&self, pack: &Pack, events: &[Event]) {
        for event in events {
            let kind = event.kind.as_str();
            self.events.get_or_create(&EventLabels { kind }).inc();
            tracing::info!(
                pack.id = %pack.id,
                zone.id = %pack.zone,
                event = kind,
                evidence = %event.detail,
                "pack changed"
            );
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_event_is_counted_from_the_start() {
        let (journal, mut registry, mut text) =
            (Journal::default(), Registry::default(), String::new());
        journal.register(&mut registry);
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        for (_, kind) in EventKind::ALL {
            let line = format!("hostname_events_total{{kind=\"{kind}\"}} 0\n");
            assert!(text.contains(&line), "{line} in {text}");
        }
    }
}
