//! Counters of an edge. No label carries a hostname: their number must not grow with the customers'.
//!
//! Every counter of the hot path is looked up once, here, so that counting is one atomic addition.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use np_domain::id::ZoneId;
use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder},
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

/// The most zones that are counted one by one.
const ZONES_COUNTED_MAX: usize = 1000;

/// How a TLS handshake ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum HandshakeOutcome {
    /// With a connection.
    Ok,
    /// The name asked for is not served here.
    UnknownSni,
    /// No name was asked for.
    NoSni,
    /// The name is served, but has no certificate yet or none that can be used.
    NoCertificate,
    /// The client or the hostname's settings left no way to agree, or the client went away.
    Failed,
    /// It took too long.
    TimedOut,
    /// Its source began too many.
    TooMany,
    /// Our own table could not be read.
    Unreadable,
}

/// How a request ended, seen from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum RequestOutcome {
    /// The origin answered.
    Proxied,
    /// A token was answered.
    Token,
    /// The client was sent to the same place over TLS.
    Redirected,
    /// The edge answered with a page of its own.
    Refused,
    /// The client went away.
    Aborted,
}

impl HandshakeOutcome {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::UnknownSni => "unknown_sni",
            Self::NoSni => "no_sni",
            Self::NoCertificate => "no_certificate",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
            Self::TooMany => "too_many",
            Self::Unreadable => "unreadable",
        }
    }
}

impl RequestOutcome {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Proxied => "proxied",
            Self::Token => "token",
            Self::Redirected => "redirected",
            Self::Refused => "refused",
            Self::Aborted => "aborted",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct HandshakeLabels {
    outcome: HandshakeOutcome,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    outcome: RequestOutcome,
    class: StatusClass,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ZoneLabels {
    /// The zone's id, or `other` once there are too many.
    zone: String,
    outcome: RequestOutcome,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum StatusClass {
    None,
    Informational,
    Success,
    Redirection,
    ClientError,
    ServerError,
}

impl StatusClass {
    const ALL: [Self; 6] = [
        Self::None,
        Self::Informational,
        Self::Success,
        Self::Redirection,
        Self::ClientError,
        Self::ServerError,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Informational => "1xx",
            Self::Success => "2xx",
            Self::Redirection => "3xx",
            Self::ClientError => "4xx",
            Self::ServerError => "5xx",
        }
    }

    fn of(status: u16) -> Self {
        Self::ALL.get(usize::from(status / 100)).copied().unwrap_or(Self::None)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CacheLabels {
    result: CacheResult,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum CacheResult {
    Hit,
    Miss,
}

impl CacheResult {
    fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
        }
    }
}

macro_rules! label_value {
    ($($label:ty),*) => {$(
        impl EncodeLabelValue for $label {
            fn encode(&self, encoder: &mut LabelValueEncoder) -> Result<(), std::fmt::Error> {
                self.as_str().encode(encoder)
            }
        }
    )*};
}

label_value!(HandshakeOutcome, RequestOutcome, StatusClass, CacheResult);

const HANDSHAKE_OUTCOMES: [HandshakeOutcome; 8] = [
    HandshakeOutcome::Ok,
    HandshakeOutcome::UnknownSni,
    HandshakeOutcome::NoSni,
    HandshakeOutcome::NoCertificate,
    HandshakeOutcome::Failed,
    HandshakeOutcome::TimedOut,
    HandshakeOutcome::TooMany,
    HandshakeOutcome::Unreadable,
];

const REQUEST_OUTCOMES: [RequestOutcome; 5] = [
    RequestOutcome::Proxied,
    RequestOutcome::Token,
    RequestOutcome::Redirected,
    RequestOutcome::Refused,
    RequestOutcome::Aborted,
];

/// The metrics of one edge. Clones share their counters.
#[derive(Debug, Clone)]
pub struct Metrics {
    handshakes: [Counter; HANDSHAKE_OUTCOMES.len()],
    requests: [[Counter; StatusClass::ALL.len()]; REQUEST_OUTCOMES.len()],
    zones: Family<ZoneLabels, Counter>,
    zones_seen: Arc<Mutex<HashSet<ZoneId>>>,
    /// Lines of the access log that could not be taken.
    pub(crate) log_lines_left_out: Counter,
    cache_hits: Counter,
    cache_misses: Counter,
    /// Handshakes that resumed a session.
    pub(crate) resumptions: Counter,
    /// Handshakes that showed a certificate past its end.
    pub(crate) expired_served: Counter,
    /// Certificates that could not be made ready to serve.
    pub(crate) unusable_certificates: Counter,
    /// Open client connections.
    pub(crate) connections: Gauge,
}

impl Metrics {
    /// Adds the edge's metrics to `registry`, all with the prefix `edge`.
    pub fn register(registry: &mut Registry) -> Self {
        let registry = registry.sub_registry_with_prefix("edge");
        let handshakes = Family::<HandshakeLabels, Counter>::default();
        let requests = Family::<RequestLabels, Counter>::default();
        let cache = Family::<CacheLabels, Counter>::default();
        let metrics = Self {
            handshakes: HANDSHAKE_OUTCOMES
                .map(|outcome| handshakes.get_or_create_owned(&HandshakeLabels { outcome })),
            requests: REQUEST_OUTCOMES.map(|outcome| {
                StatusClass::ALL
                    .map(|class| requests.get_or_create_owned(&RequestLabels { outcome, class }))
            }),
            zones: Family::default(),
            zones_seen: Arc::default(),
            log_lines_left_out: Counter::default(),
            cache_hits: cache.get_or_create_owned(&CacheLabels { result: CacheResult::Hit }),
            cache_misses: cache.get_or_create_owned(&CacheLabels { result: CacheResult::Miss }),
            resumptions: Counter::default(),
            expired_served: Counter::default(),
            unusable_certificates: Counter::default(),
            connections: Gauge::default(),
        };
        registry.register("tls_handshakes", "TLS handshakes by outcome", handshakes);
        registry.register("requests", "Requests by outcome and class of status", requests);
        let zones = metrics.zones.clone();
        registry.register("zone_requests", "Requests by zone and outcome", zones);
        registry.register(
            "access_log_lines_left_out",
            "Lines of the access log that could not be written in time",
            metrics.log_lines_left_out.clone(),
        );
        registry.register("name_cache_lookups", "Look-ups of names in the parsed cache", cache);
        registry.register(
            "tls_resumptions",
            "Handshakes that resumed a session",
            metrics.resumptions.clone(),
        );
        registry.register(
            "expired_certificates_served",
            "Handshakes that showed an expired certificate",
            metrics.expired_served.clone(),
        );
        registry.register(
            "unusable_certificates",
            "Certificates that could not be made ready to serve",
            metrics.unusable_certificates.clone(),
        );
        registry.register("connections", "Open client connections", metrics.connections.clone());
        metrics
    }

    pub(crate) fn handshake(&self, outcome: HandshakeOutcome) {
        self.handshakes[outcome as usize].inc();
    }

    pub(crate) fn request(&self, outcome: RequestOutcome, status: u16) {
        self.requests[outcome as usize][StatusClass::of(status) as usize].inc();
    }

    /// The counters of a zone, by outcome; beyond [`ZONES_COUNTED_MAX`] those of all further ones together.
    pub(crate) fn zone(&self, zone: ZoneId) -> [Counter; REQUEST_OUTCOMES.len()] {
        let mut seen = self.zones_seen.lock().unwrap_or_else(PoisonError::into_inner);
        let known = seen.contains(&zone) || (seen.len() < ZONES_COUNTED_MAX && seen.insert(zone));
        let zone = if known { zone.to_string() } else { "other".to_owned() };
        REQUEST_OUTCOMES.map(|outcome| {
            self.zones.get_or_create_owned(&ZoneLabels { zone: zone.clone(), outcome })
        })
    }

    pub(crate) fn cache_hit(&self) {
        self.cache_hits.inc();
    }

    pub(crate) fn cache_miss(&self) {
        self.cache_misses.inc();
    }
}

/// The counters of zones that one thread has at hand.
pub(crate) struct ZoneCounts {
    metrics: Metrics,
    known: RefCell<HashMap<ZoneId, [Counter; REQUEST_OUTCOMES.len()]>>,
}

impl ZoneCounts {
    pub(crate) fn new(metrics: Metrics) -> Self {
        Self { metrics, known: RefCell::default() }
    }

    pub(crate) fn count(&self, zone: ZoneId, outcome: RequestOutcome) {
        let mut known = self.known.borrow_mut();
        if known.len() > ZONES_COUNTED_MAX {
            known.clear();
        }
        let counters = known.entry(zone).or_insert_with(|| self.metrics.zone(zone));
        counters[outcome as usize].inc();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_listed_in_the_order_of_their_numbers() {
        for (index, outcome) in HANDSHAKE_OUTCOMES.iter().enumerate() {
            assert_eq!(*outcome as usize, index);
        }
        for (index, outcome) in REQUEST_OUTCOMES.iter().enumerate() {
            assert_eq!(*outcome as usize, index);
        }
        for (index, class) in StatusClass::ALL.iter().enumerate() {
            assert_eq!(*class as usize, index);
        }
    }

    #[test]
    fn a_status_falls_into_its_class() {
        for (status, class) in [
            (0, StatusClass::None),
            (101, StatusClass::Informational),
            (204, StatusClass::Success),
            (304, StatusClass::Redirection),
            (421, StatusClass::ClientError),
            (504, StatusClass::ServerError),
            (999, StatusClass::None),
        ] {
            assert_eq!(StatusClass::of(status), class, "{status}");
        }
    }

    #[test]
    fn what_is_counted_is_exported_without_names() {
        let mut registry = Registry::default();
        let metrics = Metrics::register(&mut registry);
        metrics.handshake(HandshakeOutcome::UnknownSni);
        metrics.request(RequestOutcome::Refused, 502);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        assert!(text.contains("edge_tls_handshakes_total{outcome=\"unknown_sni\"} 1"), "{text}");
        assert!(
            text.contains("edge_requests_total{outcome=\"refused\",class=\"5xx\"} 1"),
            "{text}"
        );
    }
}
