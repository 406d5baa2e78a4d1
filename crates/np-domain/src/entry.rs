//! What a serving node is told about one hostname, one zone or one of its certificate packs, and how that follows from the deciding side's state.
//!
//! [`entry`] is pure and total: one hostname in, one entry and the reasons for what was left out. Nothing is routed
//! without proven ownership, because [`Routing`] can only be made from a proof.

mod pack;
mod record;

pub use pack::{HostToken, PackEntry, pack_entry};
pub use record::{ProxiedAddresses, RecordEntry, RecordTarget};

use crate::{
    Timestamp,
    certificate::{Certificate, ControlProof, IssuedCertificate, KeyKind},
    custom_hostname::{HostnameRecord, Metadata},
    delegation::DelegationDomain,
    id::{CertificateId, DnsRecordId, HostnameId, PackId, ZoneId},
    name::{DnsName, Hostname},
    origin::{CustomOrigin, OriginHost},
    ownership::{self, Proven},
    secret::SealedBytes,
    text::Explanation,
    tls_policy::TlsPolicy,
    zone::{self, Zone, ZoneKind, settings::Serving},
};

/// A position in the feed. 0 is before the first change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Generation(pub u64);

impl std::fmt::Display for Generation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What an item of the feed is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FeedKey {
    /// A hostname.
    Hostname(HostnameId),
    /// A zone's certificate pack.
    Pack(PackId),
    /// A DNS record.
    Record(DnsRecordId),
    /// A zone.
    Zone(ZoneId),
}

/// What serving nodes know of a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneEntry {
    /// The zone.
    pub zone: ZoneId,
    /// Its name.
    pub name: Hostname,
    /// Where requests go for hostnames without an origin of their own.
    pub fallback: Option<OriginHost>,
    /// How questions for its names are answered.
    pub dns: ZoneDns,
    /// How its names are served.
    pub serving: Serving,
}

/// How questions for a zone's names are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZoneDns {
    /// Not at all: its DNS is elsewhere, or it is not its account's any more.
    Unserved,
    /// Only that we are its name servers, which shows that it is delegated to us. Nothing that its account wrote is
    /// answered.
    Apex,
    /// With its records.
    Records {
        /// Since when: of two zones of one name, which can only be of an installation that trusts its accounts, the
        /// older one is answered.
        since: Timestamp,
        /// Whether proxied records are answered with their own content instead of the edges' addresses.
        paused: bool,
    },
}

impl From<&Zone> for ZoneEntry {
    fn from(zone: &Zone) -> Self {
        let fallback = zone.fallback.as_ref().map(|f| f.origin.clone());
        Self {
            zone: zone.id,
            name: zone.name.clone(),
            fallback,
            dns: zone_dns(zone),
            serving: zone.settings.serving(),
        }
    }
}

fn zone_dns(zone: &Zone) -> ZoneDns {
    match (zone.kind, &zone.state) {
        (ZoneKind::Partial, _) | (ZoneKind::Full, zone::State::Moved(_)) => ZoneDns::Unserved,
        (ZoneKind::Full, zone::State::Initializing(_) | zone::State::Pending(_)) => ZoneDns::Apex,
        (ZoneKind::Full, zone::State::Active(active)) => {
            ZoneDns::Records { since: active.since, paused: zone.paused }
        }
    }
}

/// What serving nodes know of a hostname.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The hostname's id.
    pub hostname: HostnameId,
    /// Its zone.
    pub zone: ZoneId,
    /// The name.
    pub name: Hostname,
    /// What is answered on port 80, whether ownership is proven or not.
    pub tokens: Vec<HttpToken>,
    /// The hostname's place in our delegation domain; `None` when the name is too long to be delegated.
    pub delegation: Option<Delegation>,
    /// How it is served; `None` unless ownership is proven.
    pub routing: Option<Routing>,
}

/// A body to answer at a path of the hostname, on port 80, to whoever asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpToken {
    /// The path, beginning with `/.well-known/`.
    pub path: Explanation,
    /// The body.
    pub body: Explanation,
}

/// A name in our delegation domain and the TXT values that stand there while an order is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delegation {
    /// `<hostname>.<uuid>.dcv.<our domain>`
    pub name: DnsName,
    /// The values; empty while no order is open.
    pub txt: Vec<Explanation>,
}

/// How a proven hostname is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routing {
    /// When ownership was proven: of two entries of one name, the later one is served.
    pub proven_at: Timestamp,
    /// Whether names one level below are served too.
    pub wildcard: bool,
    /// Where requests go, when not to the zone's fallback origin.
    pub origin: Option<CustomOrigin>,
    /// How TLS is spoken.
    pub tls: TlsPolicy,
    /// What the provider has said about the hostname, for its origin.
    pub metadata: Metadata,
    /// The certificates; empty while there is none, so that TLS is refused.
    pub certificates: Vec<ServedCertificate>,
}

/// A certificate as it travels to edges. The key is sealed to the store's vault here; the feed opens it and seals it to
/// the nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServedCertificate {
    /// Its id.
    pub id: CertificateId,
    /// The kind of its key.
    pub kind: KeyKind,
    /// The certificates in DER, leaf first.
    pub chain: Vec<Box<[u8]>>,
    /// The private key, PKCS#8 in DER, sealed.
    pub key: SealedBytes,
    /// When the leaf ends.
    pub not_after: Timestamp,
}

impl From<&IssuedCertificate> for ServedCertificate {
    fn from(issued: &IssuedCertificate) -> Self {
        Self {
            id: issued.id,
            kind: issued.key_type.kind(),
            chain: issued.chain.der().to_vec(),
            key: issued.key.clone(),
            not_after: issued.chain.not_after(),
        }
    }
}

/// Something that an entry had to leave out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// The hostname's delegation target would be longer than a name can be.
    DelegationTooLong(HostnameId),
}

/// What serving nodes must know of `record`; `None` when they must forget it.
pub fn entry(
    record: &HostnameRecord,
    zone: &Zone,
    domain: &DelegationDomain,
) -> (Option<Entry>, Vec<Warning>) {
    let hostname = &record.hostname;
    let certificate = record.certificate.as_ref();
    if matches!(hostname.ownership, ownership::State::Leaving(_) | ownership::State::GivenUp(_)) {
        return (None, Vec::new());
    }
    let name = domain.target(&hostname.name, zone.delegation).ok();
    let warnings =
        if name.is_none() { vec![Warning::DelegationTooLong(hostname.id)] } else { Vec::new() };
    let entry = Entry {
        hostname: hostname.id,
        zone: hostname.zone,
        name: hostname.name.clone(),
        tokens: tokens(record),
        delegation: name
            .map(|name| Delegation { name, txt: certificate.map(txt_values).unwrap_or_default() }),
        routing: hostname.ownership.proof().map(|proof| routing(proof, record)),
    };
    (Some(entry), warnings)
}

fn routing(proof: &Proven, record: &HostnameRecord) -> Routing {
    let certificate = record.certificate.as_ref();
    Routing {
        proven_at: proof.at,
        wildcard: certificate.is_some_and(|c| c.wanted.wildcard),
        origin: record.hostname.origin.clone(),
        tls: certificate.map(|c| c.wanted.tls.clone()).unwrap_or_default(),
        metadata: record.hostname.metadata.clone(),
        certificates: certificate
            .map(|c| c.to_serve().into_iter().map(Into::into).collect())
            .unwrap_or_default(),
    }
}

/// The proofs of the open order. The ownership token is never among them: a name that leads to our edges would then prove
/// itself for whoever adds it, in any zone (behaviour.md 2.1: a token alone never activates a name that is already here).
fn tokens(record: &HostnameRecord) -> Vec<HttpToken> {
    let order = record.certificate.iter().filter_map(Certificate::open_order);
    let proofs = order.flat_map(|order| &order.controls).map(|control| &control.proof);
    let http = proofs.filter_map(|proof| match proof {
        ControlProof::Http { path, body } => {
            Some(HttpToken { path: path.clone(), body: body.clone() })
        }
        ControlProof::Txt { .. } | ControlProof::Email { .. } | ControlProof::Cname { .. } => None,
    });
    http.collect()
}

fn txt_values(certificate: &Certificate) -> Vec<Explanation> {
    let controls = certificate.open_order().into_iter().flat_map(|order| &order.controls);
    let values = controls.filter_map(|control| match &control.proof {
        ControlProof::Txt { value, .. } => Some(value.clone()),
        ControlProof::Http { .. } | ControlProof::Email { .. } | ControlProof::Cname { .. } => None,
    });
    without_doubles(values)
}

/// Each once: a name and its wildcard may be shown by one record.
fn without_doubles(values: impl Iterator<Item = Explanation>) -> Vec<Explanation> {
    let mut kept = Vec::new();
    for value in values {
        if !kept.contains(&value) {
            kept.push(value);
        }
    }
    kept
}

#[cfg(test)]
mod tests;
