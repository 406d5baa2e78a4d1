//! The values of items as they are written, and their conversion from and to the domain's types.
//!
//! A number once given to a field is never given to another. Reading borrows from the message; writing borrows from the
//! entry.

mod pack;
mod record;
mod serving;

use std::borrow::Cow;

use minicbor::{
    Decode, Decoder, Encode, Encoder,
    bytes::ByteSlice,
    decode::Error as ReadError,
    encode::{Error as WriteError, Write},
};
use np_domain::{
    Timestamp,
    certificate::KeyKind,
    custom_hostname::Metadata,
    entry::{
        Delegation, Entry, Generation, HttpToken, Routing, ServedCertificate, ZoneDns, ZoneEntry,
    },
    id::{CertificateId, HostnameId, ZoneId},
    origin::{CustomOrigin, OriginSni},
    ports::NodeRole,
    secret::SealedBytes,
    text::Explanation,
    tls_policy::{CipherList, Switch, TlsPolicy, TlsVersion},
};

use super::{SIGHTINGS_MAX, Unreadable};
pub(super) use pack::Pack;
pub(super) use record::Record;
use serving::Serving;

type Text<'a> = Cow<'a, str>;

pub(super) fn encode<T: Encode<()>>(value: &T) -> Vec<u8> {
    minicbor::to_vec(value).expect("writing to a Vec cannot fail, and no type here refuses")
}

pub(super) fn decode<'b, T: Decode<'b, ()>>(
    what: &'static str,
    bytes: &'b [u8],
) -> Result<T, Unreadable> {
    minicbor::decode(bytes).map_err(|error| Unreadable { what, why: error.to_string() })
}

#[derive(Encode, Decode)]
pub(super) struct Zone<'a> {
    #[cbor(n(0), with = "minicbor::bytes")]
    zone: [u8; 16],
    #[b(1)]
    name: Text<'a>,
    #[b(2)]
    fallback: Option<Text<'a>>,
    /// 3 is not used: programs were promised to skip whatever stands there.
    #[n(4)]
    dns: Option<Dns>,
    #[b(5)]
    serving: Option<Serving<'a>>,
}

/// How a zone's names are answered; not at all without it.
#[derive(Encode, Decode)]
enum Dns {
    #[n(0)]
    Apex,
    #[n(1)]
    Records {
        /// Microseconds since 1970.
        #[n(0)]
        since: i64,
        #[n(1)]
        paused: bool,
    },
}

impl<'a> From<&'a ZoneEntry> for Zone<'a> {
    fn from(entry: &'a ZoneEntry) -> Self {
        Self {
            zone: *entry.zone.as_bytes(),
            name: entry.name.as_str().into(),
            fallback: entry.fallback.as_ref().map(|origin| origin.to_string().into()),
            dns: match entry.dns {
                ZoneDns::Unserved => None,
                ZoneDns::Apex => Some(Dns::Apex),
                ZoneDns::Records { since, paused } => {
                    Some(Dns::Records { since: micros(since), paused })
                }
            },
            serving: Serving::of(&entry.serving),
        }
    }
}

impl TryFrom<Zone<'_>> for ZoneEntry {
    type Error = String;

    fn try_from(zone: Zone<'_>) -> Result<Self, String> {
        Ok(Self {
            zone: ZoneId::from_bytes(zone.zone),
            name: parse("the zone's name", &zone.name)?,
            fallback: zone.fallback.map(|text| parse("the fallback origin", &text)).transpose()?,
            dns: match zone.dns {
                None => ZoneDns::Unserved,
                Some(Dns::Apex) => ZoneDns::Apex,
                Some(Dns::Records { since, paused }) => {
                    ZoneDns::Records { since: timestamp(since)?, paused }
                }
            },
            serving: zone.serving.map(TryInto::try_into).transpose()?.unwrap_or_default(),
        })
    }
}

#[derive(Encode, Decode)]
pub(super) struct Hostname<'a> {
    #[cbor(n(0), with = "minicbor::bytes")]
    hostname: [u8; 16],
    #[cbor(n(1), with = "minicbor::bytes")]
    zone: [u8; 16],
    #[b(2)]
    name: Text<'a>,
    #[b(3)]
    tokens: Vec<Token<'a>>,
    #[b(4)]
    delegation: Option<Delegated<'a>>,
    #[b(5)]
    routing: Option<Routed<'a>>,
}

#[derive(Encode, Decode)]
struct Token<'a> {
    #[b(0)]
    path: Text<'a>,
    #[b(1)]
    body: Text<'a>,
}

#[derive(Encode, Decode)]
struct Delegated<'a> {
    #[b(0)]
    name: Text<'a>,
    #[b(1)]
    txt: Vec<Text<'a>>,
}

#[derive(Encode, Decode)]
struct Pair<'a> {
    #[b(0)]
    key: Text<'a>,
    #[b(1)]
    value: Text<'a>,
}

#[derive(Encode, Decode)]
struct Routed<'a> {
    /// Microseconds since 1970.
    #[n(0)]
    proven_at: i64,
    #[n(1)]
    wildcard: bool,
    #[b(2)]
    origin: Option<Origin<'a>>,
    #[b(3)]
    tls: Tls<'a>,
    #[b(4)]
    certificates: Vec<Certificate<'a>>,
    /// Pairs of a key and a JSON value; absent when there are none, and in what older programs say.
    ///
    /// 5 is not used: programs were promised to skip whatever stands there.
    #[b(6)]
    metadata: Option<Vec<Pair<'a>>>,
}

#[derive(Encode, Decode)]
struct Origin<'a> {
    /// `host` or `host:port`
    #[b(0)]
    server: Text<'a>,
    #[b(1)]
    sni: Sni<'a>,
}

#[derive(Encode, Decode)]
enum Sni<'a> {
    #[n(0)]
    RequestHost,
    #[n(1)]
    Origin,
    #[n(2)]
    Name(#[b(0)] Text<'a>),
}

#[derive(Encode, Decode)]
struct Tls<'a> {
    /// 10, 11, 12 or 13.
    #[n(0)]
    min_version: Option<u8>,
    #[n(1)]
    tls_1_3: Option<bool>,
    #[n(2)]
    http2: Option<bool>,
    #[n(3)]
    early_hints: Option<bool>,
    #[b(4)]
    ciphers: Option<Vec<Text<'a>>>,
}

#[derive(Encode, Decode)]
struct Certificate<'a> {
    #[cbor(n(0), with = "minicbor::bytes")]
    id: [u8; 16],
    /// [`KEY_ECDSA`] or [`KEY_RSA`]. A plain number and no enum, so that a kind that only newer programs know costs
    /// that certificate and not the entry.
    #[n(1)]
    key_type: u8,
    #[b(2)]
    chain: Vec<Cow<'a, ByteSlice>>,
    #[b(3)]
    key: Cow<'a, ByteSlice>,
    /// Microseconds since 1970.
    #[n(4)]
    not_after: i64,
}

const KEY_ECDSA: u8 = 0;
const KEY_RSA: u8 = 1;

// === writing ===

impl<'a> From<&'a Entry> for Hostname<'a> {
    fn from(entry: &'a Entry) -> Self {
        Self {
            hostname: *entry.hostname.as_bytes(),
            zone: *entry.zone.as_bytes(),
            name: entry.name.as_str().into(),
            tokens: entry.tokens.iter().map(Token::from).collect(),
            delegation: entry.delegation.as_ref().map(Delegated::from),
            routing: entry.routing.as_ref().map(Routed::from),
        }
    }
}

impl<'a> From<&'a HttpToken> for Token<'a> {
    fn from(token: &'a HttpToken) -> Self {
        Self { path: token.path.as_str().into(), body: token.body.as_str().into() }
    }
}

impl<'a> From<&'a Delegation> for Delegated<'a> {
    fn from(delegation: &'a Delegation) -> Self {
        let txt = delegation.txt.iter().map(|value| value.as_str().into()).collect();
        Self { name: delegation.name.as_str().into(), txt }
    }
}

impl<'a> From<&'a Routing> for Routed<'a> {
    fn from(routing: &'a Routing) -> Self {
        Self {
            proven_at: micros(routing.proven_at),
            wildcard: routing.wildcard,
            origin: routing.origin.as_ref().map(Origin::from),
            tls: Tls::from(&routing.tls),
            certificates: routing.certificates.iter().map(Certificate::from).collect(),
            metadata: pairs(&routing.metadata),
        }
    }
}

impl<'a> From<&'a CustomOrigin> for Origin<'a> {
    fn from(origin: &'a CustomOrigin) -> Self {
        let sni = match &origin.sni {
            OriginSni::RequestHost => Sni::RequestHost,
            OriginSni::Origin => Sni::Origin,
            OriginSni::Name(name) => Sni::Name(name.as_str().into()),
        };
        Self { server: origin.server.to_string().into(), sni }
    }
}

impl<'a> From<&'a TlsPolicy> for Tls<'a> {
    fn from(policy: &'a TlsPolicy) -> Self {
        let is_on = |switch: Option<Switch>| switch.map(|switch| switch == Switch::On);
        let ciphers = policy.ciphers.as_ref();
        Self {
            min_version: policy.min_version.map(|version| match version {
                TlsVersion::V1_0 => 10,
                TlsVersion::V1_1 => 11,
                TlsVersion::V1_2 => 12,
                TlsVersion::V1_3 => 13,
            }),
            tls_1_3: is_on(policy.tls_1_3),
            http2: is_on(policy.http2),
            early_hints: is_on(policy.early_hints),
            ciphers: ciphers.map(|list| list.iter().map(|c| c.as_str().into()).collect()),
        }
    }
}

impl<'a> From<&'a ServedCertificate> for Certificate<'a> {
    fn from(certificate: &'a ServedCertificate) -> Self {
        let key_type = match certificate.kind {
            KeyKind::Ecdsa => KEY_ECDSA,
            KeyKind::Rsa => KEY_RSA,
        };
        Self {
            id: *certificate.id.as_bytes(),
            key_type,
            chain: certificate.chain.iter().map(|der| bytes(der)).collect(),
            key: bytes(certificate.key.as_bytes()),
            not_after: micros(certificate.not_after),
        }
    }
}

fn bytes(bytes: &[u8]) -> Cow<'_, ByteSlice> {
    Cow::Borrowed(bytes.into())
}

fn micros(at: Timestamp) -> i64 {
    // Years -9999 to 9999, in microseconds, fit an i64.
    i64::try_from(at.unix_timestamp_nanos() / 1000).unwrap_or(i64::MAX)
}

// === reading ===

impl TryFrom<Hostname<'_>> for Entry {
    type Error = String;

    fn try_from(entry: Hostname<'_>) -> Result<Self, String> {
        Ok(Self {
            hostname: HostnameId::from_bytes(entry.hostname),
            zone: ZoneId::from_bytes(entry.zone),
            name: parse("the hostname", &entry.name)?,
            tokens: entry.tokens.iter().map(HttpToken::from).collect(),
            delegation: entry.delegation.map(Delegation::try_from).transpose()?,
            routing: entry.routing.map(Routing::try_from).transpose()?,
        })
    }
}

impl From<&Token<'_>> for HttpToken {
    fn from(token: &Token<'_>) -> Self {
        Self { path: Explanation::new(&token.path), body: Explanation::new(&token.body) }
    }
}

impl TryFrom<Delegated<'_>> for Delegation {
    type Error = String;

    fn try_from(delegated: Delegated<'_>) -> Result<Self, String> {
        let name = parse("the delegation's name", &delegated.name)?;
        Ok(Self { name, txt: delegated.txt.iter().map(Explanation::new).collect() })
    }
}

impl TryFrom<Routed<'_>> for Routing {
    type Error = String;

    fn try_from(routed: Routed<'_>) -> Result<Self, String> {
        let certificates = routed.certificates.into_iter();
        Ok(Self {
            proven_at: timestamp(routed.proven_at)?,
            wildcard: routed.wildcard,
            origin: routed.origin.map(CustomOrigin::try_from).transpose()?,
            tls: routed.tls.try_into()?,
            certificates: certificates.filter_map(served).collect::<Result<_, _>>()?,
            metadata: metadata(routed.metadata.unwrap_or_default()),
        })
    }
}

fn pairs(metadata: &Metadata) -> Option<Vec<Pair<'_>>> {
    let pairs = metadata
        .0
        .iter()
        .map(|(key, value)| Pair { key: Text::Borrowed(key), value: Text::Borrowed(value) });
    (!metadata.0.is_empty()).then(|| pairs.collect())
}

fn metadata(pairs: Vec<Pair<'_>>) -> Metadata {
    Metadata(pairs.into_iter().map(|pair| (pair.key.into(), pair.value.into())).collect())
}

impl TryFrom<Origin<'_>> for CustomOrigin {
    type Error = String;

    fn try_from(origin: Origin<'_>) -> Result<Self, String> {
        let sni = match origin.sni {
            Sni::RequestHost => OriginSni::RequestHost,
            Sni::Origin => OriginSni::Origin,
            Sni::Name(name) => OriginSni::Name(parse("the origin's SNI", &name)?),
        };
        Ok(Self { server: parse("the origin", &origin.server)?, sni })
    }
}

impl TryFrom<Tls<'_>> for TlsPolicy {
    type Error = String;

    fn try_from(tls: Tls<'_>) -> Result<Self, String> {
        let switch = |on: Option<bool>| on.map(|on| if on { Switch::On } else { Switch::Off });
        let ciphers = tls.ciphers.as_ref();
        let ciphers = ciphers.map(|names| CipherList::parse(names.iter().map(Cow::as_ref)));
        Ok(Self {
            min_version: tls.min_version.map(version).transpose()?,
            tls_1_3: switch(tls.tls_1_3),
            http2: switch(tls.http2),
            early_hints: switch(tls.early_hints),
            ciphers: ciphers.transpose().map_err(|error| error.to_string())?,
        })
    }
}

fn version(number: u8) -> Result<TlsVersion, String> {
    match number {
        10 => Ok(TlsVersion::V1_0),
        11 => Ok(TlsVersion::V1_1),
        12 => Ok(TlsVersion::V1_2),
        13 => Ok(TlsVersion::V1_3),
        other => Err(format!("unknown TLS version {other}")),
    }
}

/// `None` for a certificate whose kind of key this program does not know: the others are served.
fn served(certificate: Certificate<'_>) -> Option<Result<ServedCertificate, String>> {
    let kind = match certificate.key_type {
        KEY_ECDSA => KeyKind::Ecdsa,
        KEY_RSA => KeyKind::Rsa,
        _ => return None,
    };
    let not_after = match timestamp(certificate.not_after) {
        Ok(not_after) => not_after,
        Err(why) => return Some(Err(why)),
    };
    Some(Ok(ServedCertificate {
        id: CertificateId::from_bytes(certificate.id),
        kind,
        chain: certificate.chain.iter().map(|der| Box::from(&***der)).collect(),
        key: SealedBytes::from_vec(certificate.key.to_vec()),
        not_after,
    }))
}

fn timestamp(micros: i64) -> Result<Timestamp, String> {
    Timestamp::from_unix_timestamp_nanos(i128::from(micros) * 1000)
        .map_err(|_| format!("no such time: {micros}"))
}

fn parse<T: std::str::FromStr<Err: std::fmt::Display>>(
    what: &str,
    text: &str,
) -> Result<T, String> {
    text.parse().map_err(|error| format!("{what} {text:?}: {error}"))
}

/// A generation is a plain number.
pub(super) mod generation {
    use super::*;

    pub(in crate::message) fn encode<C, W: Write>(
        generation: &Generation,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), WriteError<W::Error>> {
        e.u64(generation.0)?.ok()
    }

    pub(in crate::message) fn decode<C>(
        d: &mut Decoder<'_>,
        _: &mut C,
    ) -> Result<Generation, ReadError> {
        d.u64().map(Generation)
    }
}

/// Sightings are pairs of an id and a number; none at all is written as if the field were not there.
pub(super) mod sightings {
    use minicbor::data::Type;
    use np_domain::ownership::{SightedBy, Sighting};

    use super::*;

    #[derive(Encode, Decode)]
    struct Seen {
        #[cbor(n(0), with = "minicbor::bytes")]
        hostname: [u8; 16],
        #[n(1)]
        by: u8,
    }

    const BY: [(u8, SightedBy); 3] =
        [(0, SightedBy::Dns), (1, SightedBy::Sni), (2, SightedBy::Http)];

    pub(in crate::message) fn encode<C, W: Write>(
        sightings: &[Sighting],
        e: &mut Encoder<W>,
        c: &mut C,
    ) -> Result<(), WriteError<W::Error>> {
        e.array(sightings.len() as u64)?;
        for sighting in sightings {
            let by = BY.iter().find(|(_, by)| *by == sighting.by).map_or(0, |(number, _)| *number);
            Seen { hostname: *sighting.hostname.as_bytes(), by }.encode(e, c)?;
        }
        Ok(())
    }

    pub(in crate::message) fn is_nil(sightings: &[Sighting]) -> bool {
        sightings.is_empty()
    }

    /// Of a kind that only newer programs know is none.
    pub(in crate::message) fn decode<C>(
        d: &mut Decoder<'_>,
        c: &mut C,
    ) -> Result<Vec<Sighting>, ReadError> {
        let mut sightings = Vec::new();
        if d.datatype()? == Type::Null {
            d.null()?;
            return Ok(sightings);
        }
        for seen in d.array_iter_with::<C, Seen>(c)? {
            let Seen { hostname, by } = seen?;
            let by = BY.iter().find(|(number, _)| *number == by).map(|(_, by)| *by);
            let by = by.filter(|_| sightings.len() < SIGHTINGS_MAX);
            let hostname = HostnameId::from_bytes(hostname);
            sightings.extend(by.map(|by| Sighting { hostname, by }));
        }
        Ok(sightings)
    }

    pub(in crate::message) fn nil() -> Option<Vec<Sighting>> {
        Some(Vec::new())
    }
}

/// A role is its word.
pub(super) mod role {
    use super::*;

    pub(in crate::message) fn encode<C, W: Write>(
        role: &NodeRole,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), WriteError<W::Error>> {
        e.str(role.as_str())?.ok()
    }

    pub(in crate::message) fn decode<C>(
        d: &mut Decoder<'_>,
        _: &mut C,
    ) -> Result<NodeRole, ReadError> {
        match d.str()? {
            "dns" => Ok(NodeRole::Dns),
            "edge" => Ok(NodeRole::Edge),
            other => Err(ReadError::message(format!("unknown role {other:?}"))),
        }
    }
}
