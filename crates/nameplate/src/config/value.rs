//! The kinds of values that configuration is written in, each parsed once into what cannot be wrong afterwards.

use std::{fmt, str::FromStr, time::Duration};

use np_domain::{
    account::EmailAddress, authority::pacing::Limit, name::DnsName, network::AddressRange,
};
use serde::{Deserialize, Serialize};

/// A DNS name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Name(pub(crate) DnsName);

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map(Self).map_err(|why| format!("{text:?} is not a domain name: {why}"))
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0.as_str().to_owned()
    }
}

/// An e-mail address.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Email(pub(crate) EmailAddress);

impl TryFrom<String> for Email {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map(Self).map_err(|why| format!("{text:?} is {why}"))
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0.as_str().to_owned()
    }
}

/// A range of IP addresses, or one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Range(pub(crate) AddressRange);

impl TryFrom<String> for Range {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map(Self).map_err(|why| format!("{text:?} is {why}"))
    }
}

impl From<Range> for String {
    fn from(range: Range) -> Self {
        range.0.to_string()
    }
}

/// A length of time, written as a number and its unit: `250ms`, `2s`, `5m`, `1h`, `90d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Span(pub(crate) Duration);

/// Units with their milliseconds, the largest first.
const UNITS: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

impl Span {
    /// So many milliseconds.
    pub(crate) const fn millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }

    /// So many seconds.
    pub(crate) const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{text:?} is not a length of time: write a number and a unit, such as 250ms, 2s, 5m, 1h or 90d"
            )
        };
        let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, unit) = text.split_at(digits);
        let number: u64 = number.parse().map_err(|_| wrong())?;
        let millis = UNITS.iter().find(|(name, _)| *name == unit.trim()).map(|(_, millis)| millis);
        let millis = millis.and_then(|millis| number.checked_mul(*millis)).ok_or_else(wrong)?;
        Ok(Self::millis(millis))
    }
}

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.to_string()
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        let fits = |(_, unit): &&(&str, u64)| millis.is_multiple_of(*unit) && millis >= *unit;
        let (name, unit) = UNITS.iter().find(fits).unwrap_or(&("ms", 1));
        write!(f, "{}{name}", millis / unit)
    }
}

/// So many within a time, written as `300 in 3h`, or `any`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Rate(pub(crate) Option<Limit>);

impl TryFrom<String> for Rate {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text == "any" {
            return Ok(Self(None));
        }
        let limit = text.split_once(" in ").and_then(|(count, per)| {
            Limit::new(count.trim().parse().ok()?, per.trim().parse::<Span>().ok()?.0)
        });
        let wrong = || format!("{text:?} is no limit: write \"300 in 3h\", or \"any\" for none");
        limit.map(|limit| Self(Some(limit))).ok_or_else(wrong)
    }
}

impl From<Rate> for String {
    fn from(rate: Rate) -> Self {
        match rate.0 {
            Some(limit) => format!("{} in {}", limit.count(), Span(limit.per())),
            None => "any".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_is_a_number_with_a_unit() {
        let check = |text: &str, millis: u64| {
            assert_eq!(text.parse(), Ok(Span::millis(millis)), "{text}");
            assert_eq!(Span::millis(millis).to_string(), text);
        };
        check("250ms", 250);
        check("2s", 2_000);
        check("90s", 90_000);
        check("5m", 300_000);
        check("1h", 3_600_000);
        check("90d", 7_776_000_000);
        check("0ms", 0);
        for wrong in
            ["", "5", "s", "1.5s", "-1s", "1 week", "99999999999999999999s", "999999999999999d"]
        {
            assert!(wrong.parse::<Span>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_limit_is_a_number_within_a_time() {
        for text in ["300 in 3h", "50 in 7d", "1 in 36s", "any"] {
            let rate = Rate::try_from(text.to_owned()).unwrap();
            assert_eq!(String::from(rate), text);
        }
        for wrong in ["", "300", "300 in", "0 in 3h", "3 in 0s", "3h in 300", "-1 in 3h", "many"] {
            assert!(Rate::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }
}
