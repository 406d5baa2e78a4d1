//! The parameters of HTTPS and SVCB records (RFC 9460): kept as they were written, and as they travel.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, Ipv6Addr},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    Fault, Part,
    field::{Field, LONG_TEXT_BYTES_MAX},
};
use crate::dns_record::tokens::Tokens;

/// The parameters that have names (IANA "Service Parameter Keys"); others are written `keyNNNNN`.
const NAMES: [(&str, u16); 9] = [
    ("mandatory", 0),
    ("alpn", 1),
    ("no-default-alpn", 2),
    ("port", 3),
    ("ipv4hint", 4),
    ("ech", 5),
    ("ipv6hint", 6),
    ("dohpath", 7),
    ("ohttp", 8),
];
/// Reserved (RFC 9460 section 14.3.2).
const KEY_INVALID: u16 = 65_535;

/// Parameters, each at most once.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct SvcParams {
    written: Box<str>,
    values: BTreeMap<u16, Vec<u8>>,
}

impl SvcParams {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    fn parse(text: &str) -> Result<Self, Fault> {
        let text = text.trim();
        if text.len() > LONG_TEXT_BYTES_MAX {
            return Err(Fault::TooLong { max: LONG_TEXT_BYTES_MAX });
        }
        let mut values = BTreeMap::new();
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            let key = key(name)?;
            let value;
            (value, rest) = match after.strip_prefix('=') {
                Some(after) => value_of(after)?,
                None => (Vec::new(), after.trim_start()),
            };
            if values.insert(key, encode(key, value)?).is_some() {
                return Err(Fault::Other("has a parameter twice; give each once"));
            }
        }
        check_mandatory(&values)?;
        Ok(Self { written: text.into(), values })
    }
}

/// The value at the start, and what comes after it.
fn value_of(after: &str) -> Result<(Vec<u8>, &str), Fault> {
    if !after.starts_with('"') {
        let end = after.find(char::is_whitespace).unwrap_or(after.len());
        let (value, rest) = after.split_at(end);
        return Ok((value.as_bytes().to_vec(), rest.trim_start()));
    }
    let mut tokens = Tokens::absolute(after);
    let token = tokens.next()?.ok_or(Fault::Missing)?;
    Ok((token.bytes, tokens.take_rest()))
}

fn key(name: &str) -> Result<u16, Fault> {
    let lower = name.to_ascii_lowercase();
    let known = NAMES.iter().find(|(known, _)| *known == lower).map(|(_, key)| *key);
    let number = || lower.strip_prefix("key").and_then(|digits| digits.parse().ok());
    known.or_else(number).filter(|key| *key != KEY_INVALID).ok_or(Fault::Other(
        "has an unknown parameter; use alpn, no-default-alpn, port, ipv4hint, ipv6hint, ech, mandatory, dohpath, ohttp or keyNNNNN",
    ))
}

/// The value of a parameter as it travels (RFC 9460 section 7).
fn encode(key: u16, value: Vec<u8>) -> Result<Vec<u8>, Fault> {
    let text = || String::from_utf8(value.clone()).map_err(|_| Fault::NotText);
    match key {
        0 => {
            let mut keys = text()?.split(',').map(self::key).collect::<Result<Vec<_>, _>>()?;
            keys.sort_unstable();
            Ok(keys.into_iter().flat_map(u16::to_be_bytes).collect())
        }
        1 => {
            let mut out = Vec::new();
            for id in value.split(|byte| *byte == b',') {
                let length = u8::try_from(id.len()).ok().filter(|length| *length > 0);
                out.push(length.ok_or(Fault::Other(
                    "has an alpn that is not a list of protocols, such as h3,h2",
                ))?);
                out.extend_from_slice(id);
            }
            Ok(out)
        }
        2 | 8 if !value.is_empty() => {
            Err(Fault::Other("has a value for no-default-alpn or ohttp, which take none"))
        }
        3 => {
            let port: u16 = text()?
                .parse()
                .map_err(|_| Fault::Other("has a port that is not a number from 0 to 65535"))?;
            Ok(port.to_be_bytes().to_vec())
        }
        4 => addresses(
            &text()?,
            Fault::Other("has an ipv4hint that is not a list of IPv4 addresses"),
            |a: Ipv4Addr| a.octets(),
        ),
        5 => STANDARD.decode(text()?).map_err(|_| Fault::Other("has an ech that is not base64")),
        6 => addresses(
            &text()?,
            Fault::Other("has an ipv6hint that is not a list of IPv6 addresses"),
            |a: Ipv6Addr| a.octets(),
        ),
        _ => Ok(value),
    }
}

fn addresses<A: std::str::FromStr, const N: usize>(
    list: &str,
    fault: Fault,
    octets: impl Fn(A) -> [u8; N],
) -> Result<Vec<u8>, Fault> {
    let mut out = Vec::new();
    for text in list.split(',') {
        out.extend_from_slice(&octets(text.parse().map_err(|_| fault.clone())?));
    }
    Ok(out)
}

/// RFC 9460 section 8: what is mandatory is there, and not `mandatory` itself.
fn check_mandatory(values: &BTreeMap<u16, Vec<u8>>) -> Result<(), Fault> {
    let mandatory = values.get(&0).map(Vec::as_slice).unwrap_or_default();
    let keys: Vec<u16> =
        mandatory.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
    let is_twice = keys.windows(2).any(|pair| pair[0] == pair[1]);
    if is_twice || keys.iter().any(|key| *key == 0 || !values.contains_key(key)) {
        return Err(Fault::Other("has a mandatory parameter that is not given, or given twice"));
    }
    Ok(())
}

impl Field for SvcParams {
    fn read(tokens: &mut Tokens<'_>) -> Result<Self, Fault> {
        Self::parse(tokens.take_rest())
    }

    fn absent() -> Result<Self, Fault> {
        Ok(Self::default())
    }

    fn show(&self) -> String {
        self.written.to_string()
    }

    fn write(&self, out: &mut Vec<u8>) {
        for (key, value) in &self.values {
            out.extend_from_slice(&key.to_be_bytes());
            // The text that it came from was at most `LONG_TEXT_BYTES_MAX` long.
            out.extend_from_slice(&(value.len() as u16).to_be_bytes());
            out.extend_from_slice(value);
        }
    }

    fn part(&self) -> Part {
        Part::Text(self.written.clone())
    }
}
