//! Names at which records stand, and to which they point.

use std::{fmt, str::FromStr};

use thiserror::Error;

use crate::name::{InvalidName, LABEL_LENGTH_MAX, NAME_LENGTH_MAX};

/// What stands for the zone's own name.
const APEX: &str = "@";
/// The label that stands for all that have no record of their own (RFC 4592).
const WILDCARD: &str = "*";

/// Why a record cannot stand at a name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RecordNameError {
    /// It is no name.
    #[error("{0}")]
    Invalid(#[from] InvalidName),
    /// A `*` other than as the whole first label.
    #[error("a * may only be the whole first label, as in *.example.net")]
    Wildcard,
    /// Absolute, with a final dot, and outside of the zone.
    #[error("the name is not in the zone {zone}; records of a zone stand at its name or below it")]
    Outside {
        /// The zone.
        zone: RecordName,
    },
}

/// A name at which a record can stand: labels of letters, digits, hyphens and underscores, the first of which may be `*`.
/// Lower case, without the final dot, at most [`NAME_LENGTH_MAX`] characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordName(Box<str>);

impl RecordName {
    /// The name that a user of `zone` means: `@` and the empty text are the zone, a name within the zone is itself, and
    /// anything else is relative to the zone, as the original completes it. A final dot makes a name absolute.
    ///
    /// # Errors
    /// When the text is no name, or absolute and outside of the zone.
    pub fn complete(text: &str, zone: &Self) -> Result<Self, RecordNameError> {
        let text = text.trim();
        if text.is_empty() || text == APEX {
            return Ok(zone.clone());
        }
        let name = Self::international(text)?;
        if name.is_within(zone) {
            return Ok(name);
        }
        if text.ends_with('.') {
            return Err(RecordNameError::Outside { zone: zone.clone() });
        }
        format!("{name}.{zone}").parse()
    }

    /// A name that may be written in other scripts; kept in punycode.
    pub(crate) fn international(text: &str) -> Result<Self, RecordNameError> {
        if text.is_ascii() {
            return text.parse();
        }
        let ascii = idna::domain_to_ascii(text);
        ascii.map_err(|_| InvalidName::SpecialCharacter)?.parse()
    }

    /// The name, lower case, without the final dot.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The labels, leftmost first.
    pub fn labels(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('.')
    }

    /// Whether the name is `zone` or stands below it.
    pub fn is_within(&self, zone: &Self) -> bool {
        match self.0.strip_suffix(zone.as_str()) {
            Some(rest) => rest.is_empty() || rest.ends_with('.'),
            None => false,
        }
    }

    /// Whether it stands for all names below that have no record of their own.
    pub fn is_wildcard(&self) -> bool {
        self.labels().next() == Some(WILDCARD)
    }

    /// The name and those above it, closest first.
    pub fn with_ancestors(&self) -> impl Iterator<Item = &str> {
        let mut rest = Some(self.as_str());
        std::iter::from_fn(move || {
            let name = rest?;
            rest = name.split_once('.').map(|(_, above)| above);
            Some(name)
        })
    }

    /// Reads a name as [`Self::write`] wrote it; `None` when it is none, or something follows.
    pub(crate) fn from_wire(mut bytes: &[u8]) -> Option<Self> {
        let mut text = String::new();
        loop {
            let (&length, rest) = bytes.split_first()?;
            if length == 0 {
                return if rest.is_empty() { text.parse().ok() } else { None };
            }
            let label;
            (label, bytes) = rest.split_at_checked(length.into())?;
            text.push_str(std::str::from_utf8(label).ok()?);
            text.push('.');
        }
    }

    /// Writes the name as it travels (RFC 1035 section 3.1), never compressed.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        for label in self.labels() {
            // At most 63: checked when the name was made.
            out.push(label.len() as u8);
            out.extend_from_slice(label.as_bytes());
        }
        out.push(0);
    }
}

impl FromStr for RecordName {
    type Err = RecordNameError;

    fn from_str(text: &str) -> Result<Self, RecordNameError> {
        let text = text.strip_suffix('.').unwrap_or(text);
        if text.is_empty() {
            return Err(InvalidName::Empty.into());
        }
        if text.len() > NAME_LENGTH_MAX {
            return Err(InvalidName::TooLong.into());
        }
        for (index, label) in text.split('.').enumerate() {
            check_label(index, label)?;
        }
        Ok(Self(text.to_ascii_lowercase().into_boxed_str()))
    }
}

fn check_label(index: usize, label: &str) -> Result<(), RecordNameError> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    match label {
        "" => Err(InvalidName::EmptyLabel.into()),
        WILDCARD if index == 0 => Ok(()),
        _ if label.contains('*') => Err(RecordNameError::Wildcard),
        _ if label.len() > LABEL_LENGTH_MAX => Err(InvalidName::LabelTooLong.into()),
        _ if !label.bytes().all(plain) => Err(InvalidName::SpecialCharacter.into()),
        _ => Ok(()),
    }
}

impl From<&crate::name::Hostname> for RecordName {
    fn from(hostname: &crate::name::Hostname) -> Self {
        // A hostname has stricter rules and the same form.
        Self(hostname.as_str().into())
    }
}

impl fmt::Display for RecordName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RecordName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordName({})", self.0)
    }
}

/// A name that content points to: like [`RecordName`] without wildcards, or the root, written `.`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target(Option<RecordName>);

impl Target {
    /// The name; `None` for the root.
    pub fn name(&self) -> Option<&RecordName> {
        self.0.as_ref()
    }

    /// The root: "there is none" in MX (RFC 7505) and SRV, "the owner" in SVCB.
    pub const ROOT: Self = Self(None);

    /// Writes the name as it travels.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        match &self.0 {
            Some(name) => name.write(out),
            None => out.push(0),
        }
    }
}

impl FromStr for Target {
    type Err = RecordNameError;

    fn from_str(text: &str) -> Result<Self, RecordNameError> {
        if text == "." {
            return Ok(Self::ROOT);
        }
        let name = RecordName::international(text)?;
        if name.is_wildcard() { Err(RecordNameError::Wildcard) } else { Ok(Self(Some(name))) }
    }
}

impl From<RecordName> for Target {
    fn from(name: RecordName) -> Self {
        Self(Some(name))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_ref().map_or(".", RecordName::as_str))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete(text: &str) -> Result<String, RecordNameError> {
        let zone = "provider.com".parse().expect("a name");
        RecordName::complete(text, &zone).map(|name| name.to_string())
    }

    #[test]
    fn names_are_completed_as_the_original_does() {
        for (text, name) in [
            ("@", "provider.com"),
            ("", "provider.com"),
            ("provider.com", "provider.com"),
            ("PROVIDER.com.", "provider.com"),
            ("www", "www.provider.com"),
            ("www.Provider.com", "www.provider.com"),
            ("a.b", "a.b.provider.com"),
            ("*", "*.provider.com"),
            ("*.shop", "*.shop.provider.com"),
            ("_dmarc", "_dmarc.provider.com"),
            ("other.org", "other.org.provider.com"),
            ("münchen", "xn--mnchen-3ya.provider.com"),
        ] {
            assert_eq!(complete(text).expect(text), name);
        }
    }

    #[test]
    fn what_is_no_name_of_the_zone_is_refused() {
        assert!(matches!(complete("www.other.org."), Err(RecordNameError::Outside { .. })));
        assert_eq!(complete("a.*.b"), Err(RecordNameError::Wildcard));
        assert_eq!(complete("a*"), Err(RecordNameError::Wildcard));
        assert_eq!(complete("a b"), Err(InvalidName::SpecialCharacter.into()));
        assert_eq!(complete("a..b"), Err(InvalidName::EmptyLabel.into()));
        assert_eq!(
            complete(&"a.".repeat(121)),
            Err(RecordNameError::Outside { zone: "provider.com".parse().unwrap() })
        );
        assert_eq!(complete(&"ab.".repeat(82)[..245]), Err(InvalidName::TooLong.into()));
        assert_eq!(complete(&"a".repeat(64)), Err(InvalidName::LabelTooLong.into()));
    }

    #[test]
    fn a_suffix_that_is_no_label_is_not_the_zone() {
        assert_eq!(complete("badprovider.com").expect("a name"), "badprovider.com.provider.com");
    }
}
