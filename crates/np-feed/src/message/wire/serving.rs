//! How a zone's names are served: in a zone's value, absent from programs that do not know it.

use minicbor::{Decode, Encode};
use np_domain::zone::settings::{OriginTls, SecurityHeader, Serving as Domain};

use super::Tls;

#[derive(Encode, Decode)]
pub(super) struct Serving<'a> {
    #[b(0)]
    tls: Tls<'a>,
    /// [`PLAIN`], [`UNVERIFIED`] or [`VERIFIED`]. What only newer programs know is refused with the zone: an origin must
    /// not be spoken to otherwise than was wanted.
    #[n(1)]
    origin: Option<u8>,
    #[n(2)]
    redirects_to_https: bool,
    #[n(3)]
    security_header: Option<Header>,
}

#[derive(Encode, Decode)]
struct Header {
    #[n(0)]
    is_enabled: bool,
    #[n(1)]
    max_age: u32,
    #[n(2)]
    includes_subdomains: bool,
    #[n(3)]
    preload: bool,
    #[n(4)]
    nosniff: bool,
}

const PLAIN: u8 = 0;
const UNVERIFIED: u8 = 1;
const VERIFIED: u8 = 2;

impl<'a> Serving<'a> {
    /// `None` for a zone that says nothing: older programs wrote nothing, and nothing is shorter.
    pub(super) fn of(serving: &'a Domain) -> Option<Self> {
        if *serving == Domain::default() {
            return None;
        }
        let header = serving.security_header;
        Some(Self {
            tls: (&serving.tls).into(),
            origin: serving.origin.map(|origin| match origin {
                OriginTls::Plain => PLAIN,
                OriginTls::Unverified => UNVERIFIED,
                OriginTls::Verified => VERIFIED,
            }),
            redirects_to_https: serving.redirects_to_https,
            security_header: (header != SecurityHeader::default()).then_some(Header {
                is_enabled: header.is_enabled,
                max_age: header.max_age,
                includes_subdomains: header.includes_subdomains,
                preload: header.preload,
                nosniff: header.nosniff,
            }),
        })
    }
}

impl TryFrom<Serving<'_>> for Domain {
    type Error = String;

    fn try_from(wire: Serving<'_>) -> Result<Self, String> {
        let header = wire.security_header.map(|header| SecurityHeader {
            is_enabled: header.is_enabled,
            max_age: header.max_age,
            includes_subdomains: header.includes_subdomains,
            preload: header.preload,
            nosniff: header.nosniff,
        });
        Ok(Self {
            tls: wire.tls.try_into()?,
            origin: wire.origin.map(origin).transpose()?,
            redirects_to_https: wire.redirects_to_https,
            security_header: header.unwrap_or_default(),
        })
    }
}

fn origin(number: u8) -> Result<OriginTls, String> {
    match number {
        PLAIN => Ok(OriginTls::Plain),
        UNVERIFIED => Ok(OriginTls::Unverified),
        VERIFIED => Ok(OriginTls::Verified),
        other => Err(format!("unknown way {other} to speak to origins")),
    }
}
