//! What a check saw, and the reasons for which it did not suffice.

use std::net::IpAddr;

use crate::{
    name::DnsName,
    ports::{LookupFailure, ProbeFailure},
    text::Explanation,
};

/// What was seen of one hostname in one check; the looks run in parallel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// The TXT values at the ownership name.
    pub txt: Result<Vec<Seen>, LookupFailure>,
    /// The body at the token's URL.
    pub http: Result<Seen, ProbeFailure>,
    /// Where the hostname's CNAME chain leads.
    pub cname: Result<CnameChain, LookupFailure>,
    /// All its A and AAAA addresses; looked for only where the account has prefixes.
    pub addresses: Result<Vec<IpAddr>, LookupFailure>,
}

impl Observation {
    /// What each look showed, for the history.
    pub fn words(&self) -> String {
        let txt = match &self.txt {
            Ok(values) => {
                let of = values.first().map_or("", |seen| seen.from.as_str());
                format!("{} value(s), none the token, by {of}", values.len())
            }
            Err(why) => why.to_string(),
        };
        let http = match &self.http {
            Ok(body) => format!("another body from {}", body.from),
            Err(why) => why.to_string(),
        };
        let cname = match &self.cname {
            Ok(CnameChain::None) => "none".to_owned(),
            Ok(CnameChain::To(names)) => {
                let names: Vec<_> = names.iter().map(DnsName::as_str).collect();
                format!("to {}", names.join(", then "))
            }
            Ok(CnameChain::Loop) => "in a circle".to_owned(),
            Ok(CnameChain::TooLong) => "too many".to_owned(),
            Err(why) => why.to_string(),
        };
        let words = format!("TXT: {txt}; HTTP: {http}; CNAME: {cname}");
        match &self.addresses {
            Ok(addresses) => {
                let addresses: Vec<_> = addresses.iter().map(IpAddr::to_string).collect();
                format!("{words}; addresses: {}", addresses.join(", "))
            }
            Err(why) if why.is_trouble() => format!("{words}; addresses: {why}"),
            Err(_) => words,
        }
    }
}

/// A value, and who showed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The value.
    pub value: Explanation,
    /// The server or resolver that gave it.
    pub from: Explanation,
}

/// The names that a CNAME chain leads through, the hostname itself left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CnameChain {
    /// The hostname has no CNAME.
    None,
    /// It leads through these names to the last of them.
    To(Vec<DnsName>),
    /// It leads in a circle.
    Loop,
    /// It is longer than [`CNAME_DEPTH_MAX`](super::CNAME_DEPTH_MAX).
    TooLong,
}

/// Why a check did not prove ownership: each becomes one text of behaviour.md 1.2 in np-control's `api/wire`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The hostname does not CNAME to the zone, and no token was found.
    NotPointedHere,
    /// The same, and not all of its addresses are the account's.
    AddressesElsewhere,
    /// The zone has no fallback origin, so that there is nowhere to send requests.
    NoFallbackOrigin,
    /// The zone is not its account's, so that a CNAME to it proves nothing.
    ZoneNotActive,
    /// The chain of CNAMEs is circular.
    CnameLoop,
    /// The chain of CNAMEs is too long.
    CnameTooLong,
    /// A look did not end in an answer: what, and why.
    Unreachable(Explanation),
}
