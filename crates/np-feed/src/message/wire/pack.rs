//! The value of an item that is a zone's certificate pack.

use minicbor::{Decode, Encode};
use np_domain::{
    certificate::CertName,
    certificate_pack::PackKind,
    entry::{Delegation, HostToken, PackEntry},
    id::{PackId, ZoneId},
    text::Explanation,
};

use super::{Certificate, Delegated, Text, micros, parse, served, timestamp};

#[derive(Encode, Decode)]
pub(in crate::message) struct Pack<'a> {
    #[cbor(n(0), with = "minicbor::bytes")]
    pack: [u8; 16],
    #[cbor(n(1), with = "minicbor::bytes")]
    zone: [u8; 16],
    /// [`KIND_ADVANCED`] or [`KIND_UNIVERSAL`].
    #[n(2)]
    kind: u8,
    /// Microseconds since 1970.
    #[n(3)]
    ordered_at: i64,
    /// With `*.` before it: a wildcard.
    #[b(4)]
    hosts: Vec<Text<'a>>,
    #[b(5)]
    tokens: Vec<Token<'a>>,
    #[b(6)]
    challenges: Vec<Delegated<'a>>,
    #[b(7)]
    certificates: Vec<Certificate<'a>>,
}

#[derive(Encode, Decode)]
struct Token<'a> {
    #[b(0)]
    host: Text<'a>,
    #[b(1)]
    path: Text<'a>,
    #[b(2)]
    body: Text<'a>,
}

const KIND_ADVANCED: u8 = 0;
const KIND_UNIVERSAL: u8 = 1;

impl<'a> From<&'a PackEntry> for Pack<'a> {
    fn from(entry: &'a PackEntry) -> Self {
        Self {
            pack: *entry.pack.as_bytes(),
            zone: *entry.zone.as_bytes(),
            kind: match entry.kind {
                PackKind::Advanced => KIND_ADVANCED,
                PackKind::Universal => KIND_UNIVERSAL,
            },
            ordered_at: micros(entry.ordered_at),
            hosts: entry.hosts.iter().map(|host| host.to_string().into()).collect(),
            tokens: entry.tokens.iter().map(Token::from).collect(),
            challenges: entry.challenges.iter().map(Delegated::from).collect(),
            certificates: entry.certificates.iter().map(Certificate::from).collect(),
        }
    }
}

impl<'a> From<&'a HostToken> for Token<'a> {
    fn from(token: &'a HostToken) -> Self {
        Self {
            host: token.host.as_str().into(),
            path: token.path.as_str().into(),
            body: token.body.as_str().into(),
        }
    }
}

impl TryFrom<Pack<'_>> for PackEntry {
    type Error = String;

    fn try_from(pack: Pack<'_>) -> Result<Self, String> {
        let host = |text: &Text<'_>| parse::<CertName>("the host", text);
        let challenges = pack.challenges.into_iter();
        let certificates = pack.certificates.into_iter();
        Ok(Self {
            pack: PackId::from_bytes(pack.pack),
            zone: ZoneId::from_bytes(pack.zone),
            kind: match pack.kind {
                KIND_ADVANCED => PackKind::Advanced,
                KIND_UNIVERSAL => PackKind::Universal,
                other => return Err(format!("unknown kind of pack {other}")),
            },
            ordered_at: timestamp(pack.ordered_at)?,
            hosts: pack.hosts.iter().map(host).collect::<Result<_, _>>()?,
            tokens: pack.tokens.iter().map(HostToken::try_from).collect::<Result<_, _>>()?,
            challenges: challenges.map(Delegation::try_from).collect::<Result<_, _>>()?,
            certificates: certificates.filter_map(served).collect::<Result<_, _>>()?,
        })
    }
}

impl TryFrom<&Token<'_>> for HostToken {
    type Error = String;

    fn try_from(token: &Token<'_>) -> Result<Self, String> {
        Ok(Self {
            host: parse("the token's host", &token.host)?,
            path: Explanation::new(&token.path),
            body: Explanation::new(&token.body),
        })
    }
}
