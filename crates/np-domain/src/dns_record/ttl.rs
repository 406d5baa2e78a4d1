//! How long resolvers may keep a record.

use thiserror::Error;

use super::TTL_AUTOMATIC_SECONDS;

/// Written for "automatic".
const AUTOMATIC: u64 = 1;
/// The shortest that can be written; nothing between it and [`SECONDS_MIN`] can.
const SECONDS_SHORT: u64 = 30;
/// The shortest otherwise.
const SECONDS_MIN: u64 = 60;
/// The longest: a day.
const SECONDS_MAX: u64 = 86_400;

/// A record's time to live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Ttl {
    /// Ours to choose.
    #[default]
    Automatic,
    /// So many seconds.
    Seconds(u32),
}

/// A number that is no TTL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("TTL must be 1 for automatic, 30, or from {SECONDS_MIN} to {SECONDS_MAX} seconds")]
pub struct TtlError;

impl Ttl {
    /// Reads the number that is written for it.
    ///
    /// # Errors
    /// When it is none of 1, 30, and 60 to 86400.
    pub fn from_number(number: u64) -> Result<Self, TtlError> {
        match number {
            AUTOMATIC => Ok(Self::Automatic),
            SECONDS_SHORT | SECONDS_MIN..=SECONDS_MAX => Ok(Self::Seconds(number as u32)),
            _ => Err(TtlError),
        }
    }

    /// The nearest TTL that can be kept, for records that come from elsewhere.
    pub fn nearest(seconds: u32) -> Self {
        Self::Seconds(seconds.clamp(SECONDS_MIN as u32, SECONDS_MAX as u32))
    }

    /// The number that is written for it.
    pub fn number(self) -> u32 {
        match self {
            Self::Automatic => AUTOMATIC as u32,
            Self::Seconds(seconds) => seconds,
        }
    }

    /// The seconds that name servers answer with.
    pub fn seconds(self) -> u32 {
        match self {
            Self::Automatic => TTL_AUTOMATIC_SECONDS,
            Self::Seconds(seconds) => seconds,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ttl_is_automatic_or_within_the_limits() {
        for (number, expected) in [
            (1, Ok(Ttl::Automatic)),
            (30, Ok(Ttl::Seconds(30))),
            (60, Ok(Ttl::Seconds(60))),
            (86_400, Ok(Ttl::Seconds(86_400))),
            (0, Err(TtlError)),
            (2, Err(TtlError)),
            (31, Err(TtlError)),
            (59, Err(TtlError)),
            (86_401, Err(TtlError)),
            (u64::MAX, Err(TtlError)),
        ] {
            assert_eq!(Ttl::from_number(number), expected, "{number}");
        }
    }
}
