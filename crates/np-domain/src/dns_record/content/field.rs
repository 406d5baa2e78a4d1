//! The kinds of fields that records are made of: how each is read, shown and written.

use std::net::{Ipv4Addr, Ipv6Addr};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{Fault, NamedTarget, Part, Parts};
use crate::dns_record::{
    name::{RecordName, Target},
    tokens::{Tokens, quote},
};

/// The longest string that has a byte for its length (RFC 1035 section 3.3).
pub const SHORT_TEXT_BYTES_MAX: usize = 255;
/// The longest text that takes the rest of a record.
pub const LONG_TEXT_BYTES_MAX: usize = 4096;
/// The longest tag of a CAA record that anybody uses; RFC 8659 allows 255.
pub const CAA_TAG_BYTES_MAX: usize = 15;

/// A field of a record.
pub trait Field: Sized {
    /// Reads the next word, or all that are left.
    ///
    /// # Errors
    /// When there is none, or it is not right.
    fn read(tokens: &mut Tokens<'_>) -> Result<Self, Fault>;

    /// Reads a named part.
    ///
    /// # Errors
    /// When it is not right.
    fn from_part(part: &Part) -> Result<Self, Fault> {
        match part {
            Part::Text(text) => Self::from_text(text),
            Part::Number(_) => Err(Fault::NotText),
        }
    }

    /// Reads a text that is the value as it is, without quotes.
    ///
    /// # Errors
    /// When it is not right.
    fn from_text(text: &str) -> Result<Self, Fault> {
        let mut tokens = Tokens::absolute(text);
        let value = Self::read(&mut tokens)?;
        match tokens.take_rest() {
            "" => Ok(value),
            rest => Err(Fault::Leftover(rest.chars().take(40).collect())),
        }
    }

    /// The field when its part is not given.
    ///
    /// # Errors
    /// When it must be given.
    fn absent() -> Result<Self, Fault> {
        Err(Fault::Missing)
    }

    /// Presentation format.
    fn show(&self) -> String;

    /// Presentation format, in which a name has its final dot.
    fn show_absolute(&self) -> String {
        self.show()
    }

    /// The field as it travels.
    fn write(&self, out: &mut Vec<u8>);

    /// The field by name.
    fn part(&self) -> Part {
        Part::Text(self.show().into())
    }
}

/// Reads a part by its name.
pub(super) fn from_parts<F: Field>(parts: &Parts, name: &str) -> Result<F, Fault> {
    parts.get(name).map_or_else(F::absent, F::from_part)
}

fn plain<'a>(tokens: &mut Tokens<'a>) -> Result<&'a str, Fault> {
    tokens.next_plain().ok_or(Fault::Missing)
}

macro_rules! numbers {
    ($($type:ty),+) => {$(
        impl Field for $type {
            fn read(tokens: &mut Tokens<'_>) -> Result<Self, Fault> {
                plain(tokens)?.parse().map_err(|_| Fault::Number { max: Self::MAX.into() })
            }

            fn from_part(part: &Part) -> Result<Self, Fault> {
                match part {
                    Part::Number(number) if number.fract() == 0.0 && (0.0..=f64::from(Self::MAX)).contains(number) => {
                        Ok(*number as Self)
                    }
                    Part::Number(_) => Err(Fault::Number { max: Self::MAX.into() }),
                    Part::Text(text) => Self::from_text(text),
                }
            }

            fn show(&self) -> String {
                self.to_string()
            }

            fn write(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_be_bytes());
            }

            fn part(&self) -> Part {
                Part::Number((*self).into())
            }
        }
    )+};
}
numbers!(u8, u16);

impl Field for Ipv4Addr {
    fn read(tokens: &mut Tokens<'_>) -> Result<Self, Fault> {
        plain(tokens)?.parse().map_err(|_| Fault::Ipv4)
    }

    fn show(&self) -> String {
        self.to_string()
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.octets());
    }
}

impl Field for Ipv6Addr {
    fn read(tokens: &mut Tokens<'_>) -> Result<Self, Fault> {
        plain(tokens)?.parse().map_err(|_| Fault::Ipv6)
    }

    fn show(&self) -> String {
        self.to_string()
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.octets());
    }
}

impl Field for Target {
    fn read(tokens: &mut Tokens<'_>) -> Result<Self, Fault> {
        let text = plain(tokens)?;
        let target = match tokens.origin() {
            Some(origin) if text == "@" => origin.clone().into(),
            Some(origin) if !text.ends_with('.') => format!("{text}.{origin}").parse()?,
            _ => text.parse::<Self>()?,
        };
        Ok(target)
    }

    fn show(&self) -> String {
        self.to_string()
    }

    fn show_absolute(&self) -> String {
        self.name().map_or_else(|| ".".to_owned(), |name| format!("{name}."))
    }

    fn write(&self, out: &mut Vec<u8>) {
        Target::write(self, out);
    }
}

impl Field for NamedTarget {
    fn read(tokens: &mut Tokens<'_>) -> Result<Self, Fault> {
        let target = <Target as Field>::read(tokens)?;
        target.name().cloned().map(Self).ok_or(Fault::Root)
    }

    fn show(&self) -> String {
        self.0.to_string()
    }

    fn show_absolute(&self) -> String {
        format!("{}.", self.0)
    }

    fn write(&self, out: &mut Vec<u8>) {
        RecordName::write(&self.0, out);
    }
}

/// The tag of a CAA record: letters and digits, lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CaaTag(Box<str>);

impl Field for CaaTag {
    fn read(tokens: &mut Tokens<'_>) -> Result<Self, Fault> {
        let text = plain(tokens)?;
        let is_tag =
            text.len() <= CAA_TAG_BYTES_MAX && text.bytes().all(|b| b.is_ascii_alphanumeric());
        if is_tag {
            Ok(Self(text.to_ascii_lowercase().into()))
        } else {
            Err(Fault::Other("must be letters and digits, such as issue, issuewild or iodef"))
        }
    }

    fn show(&self) -> String {
        self.0.to_string()
    }

    fn write(&self, out: &mut Vec<u8>) {
        // At most `CAA_TAG_BYTES_MAX`.
        out.push(self.0.len() as u8);
        out.extend_from_slice(self.0.as_bytes());
    }
}

/// Bytes in hexadecimal; spaces between digits are accepted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Hex(Box<[u8]>);

impl Field for Hex {
    fn read(tokens: &mut Tokens<'_>) -> Result<Self, Fault> {
        let digits: String = tokens.take_rest().split_whitespace().collect();
        if digits.is_empty() {
            return Err(Fault::Missing);
        }
        hex::decode(digits).map(|bytes| Self(bytes.into())).map_err(|_| Fault::Hex)
    }

    fn show(&self) -> String {
        hex::encode(&self.0)
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }
}

/// Bytes in base64; spaces between digits are accepted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Base64(Box<[u8]>);

impl Field for Base64 {
    fn read(tokens: &mut Tokens<'_>) -> Result<Self, Fault> {
        let digits: String = tokens.take_rest().split_whitespace().collect();
        if digits.is_empty() {
            return Err(Fault::Missing);
        }
        STANDARD.decode(digits).map(|bytes| Self(bytes.into())).map_err(|_| Fault::Base64)
    }

    fn show(&self) -> String {
        STANDARD.encode(&self.0)
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }
}

/// A string with a byte for its length.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ShortText(Box<[u8]>);

impl ShortText {
    fn new(bytes: impl Into<Box<[u8]>>) -> Result<Self, Fault> {
        let bytes = bytes.into();
        let fits = bytes.len() <= SHORT_TEXT_BYTES_MAX;
        if fits { Ok(Self(bytes)) } else { Err(Fault::TooLong { max: SHORT_TEXT_BYTES_MAX }) }
    }
}

impl Field for ShortText {
    fn read(tokens: &mut Tokens<'_>) -> Result<Self, Fault> {
        Self::new(tokens.next()?.ok_or(Fault::Missing)?.bytes)
    }

    fn from_text(text: &str) -> Result<Self, Fault> {
        Self::new(text.as_bytes())
    }

    fn show(&self) -> String {
        let mut out = String::new();
        quote(&self.0, &mut out);
        out
    }

    fn write(&self, out: &mut Vec<u8>) {
        // At most `SHORT_TEXT_BYTES_MAX`.
        out.push(self.0.len() as u8);
        out.extend_from_slice(&self.0);
    }

    fn part(&self) -> Part {
        Part::Text(String::from_utf8_lossy(&self.0).into())
    }
}

/// A text that takes the rest of a record.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LongText(Box<[u8]>);

impl LongText {
    fn new(bytes: impl Into<Box<[u8]>>) -> Result<Self, Fault> {
        let bytes = bytes.into();
        let fits = bytes.len() <= LONG_TEXT_BYTES_MAX;
        if fits { Ok(Self(bytes)) } else { Err(Fault::TooLong { max: LONG_TEXT_BYTES_MAX }) }
    }
}

impl Field for LongText {
    fn read(tokens: &mut Tokens<'_>) -> Result<Self, Fault> {
        Self::new(tokens.next()?.ok_or(Fault::Missing)?.bytes)
    }

    fn from_text(text: &str) -> Result<Self, Fault> {
        // Some clients quote parts too.
        match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
            Some(inner) => Self::new(inner.as_bytes()),
            None => Self::new(text.as_bytes()),
        }
    }

    fn show(&self) -> String {
        let mut out = String::new();
        quote(&self.0, &mut out);
        out
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }

    fn part(&self) -> Part {
        Part::Text(String::from_utf8_lossy(&self.0).into())
    }
}
