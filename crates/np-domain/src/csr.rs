//! Certificate signing requests that operators take to a CA of their own (behaviour.md 4.4). The key stays here, sealed.

use thiserror::Error;

use crate::{
    Timestamp,
    certificate::{CertName, KeyType},
    id::{AccountId, CsrId, ZoneId},
    name::{COMMON_NAME_LENGTH_MAX, HostnameError},
    secret::SealedBytes,
    text::Explanation,
};

/// The most subject alternative names of a request.
pub const SANS_MAX: usize = 100;
/// The most requests of a zone, and of an account beside its zones.
pub const CSRS_MAX: u64 = 1000;
/// The longest state, province or locality (RFC 5280 appendix A: ub-state-name, ub-locality-name).
pub const PLACE_LENGTH_MAX: usize = 128;
/// The longest organization or organizational unit (RFC 5280 appendix A: ub-organization-name).
pub const ORGANIZATION_LENGTH_MAX: usize = 64;

/// A request with its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomCsr {
    /// Its id.
    pub id: CsrId,
    /// Who may use it.
    pub owner: CsrOwner,
    /// The account that it is in.
    pub account: AccountId,
    /// What is requested.
    pub terms: CsrTerms,
    /// The request (PKCS#10) in DER.
    pub request: Box<[u8]>,
    /// The private key, PKCS#8 in DER, sealed.
    pub key: SealedBytes,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Who may use a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CsrOwner {
    /// All zones of an account.
    Account(AccountId),
    /// One zone.
    Zone(ZoneId),
}

/// What is requested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsrTerms {
    /// For whom.
    pub subject: CsrSubject,
    /// For which names.
    pub sans: Vec<CertName>,
    /// With which key.
    pub key_type: CsrKeyType,
    /// A name for people.
    pub name: Explanation,
    /// More words for people.
    pub description: Explanation,
}

/// The types of keys that requests can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CsrKeyType {
    /// ECDSA on P-256.
    P256,
    /// RSA with 2048 bits.
    #[default]
    Rsa2048,
}

impl From<CsrKeyType> for KeyType {
    fn from(key_type: CsrKeyType) -> Self {
        match key_type {
            CsrKeyType::P256 => Self::P256,
            CsrKeyType::Rsa2048 => Self::Rsa2048,
        }
    }
}

/// A subject: each field judged by [`CsrSubject::check`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsrSubject {
    /// Two upper-case letters (ISO 3166-1 alpha-2).
    pub country: Explanation,
    /// State or province.
    pub state: Explanation,
    /// City.
    pub locality: Explanation,
    /// Organization.
    pub organization: Explanation,
    /// Part of the organization.
    pub unit: Option<Explanation>,
    /// The main name.
    pub common_name: Explanation,
}

/// Why a request is not made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CsrError {
    /// No country, or not two letters.
    #[error("the country must be two letters")]
    Country,
    /// No state, or a long one.
    #[error("the state must have 1 to {PLACE_LENGTH_MAX} characters")]
    State,
    /// No locality, or a long one.
    #[error("the locality must have 1 to {PLACE_LENGTH_MAX} characters")]
    Locality,
    /// No organization, or a long one.
    #[error(
        "organization and organizational unit must have 1 to {ORGANIZATION_LENGTH_MAX} characters"
    )]
    Organization,
    /// No common name.
    #[error("the common name is missing")]
    CommonName,
    /// A long common name.
    #[error("the common name has more than {COMMON_NAME_LENGTH_MAX} characters")]
    CommonNameTooLong,
    /// No name at all, or too many.
    #[error("there must be 1 to {SANS_MAX} subject alternative names")]
    Sans,
    /// A name that is none; counted from 0.
    #[error("{1}")]
    San(usize, HostnameError),
    /// No such type of key.
    #[error("the key type is not known")]
    KeyType,
}

impl CsrSubject {
    /// Judges the fields.
    ///
    /// # Errors
    /// The first one that cannot stand in a certificate.
    pub fn check(&self) -> Result<(), CsrError> {
        let fits = |text: &Explanation, max: usize| {
            let length = text.as_str().trim().chars().count();
            (1..=max).contains(&length)
        };
        let country = self.country.as_str();
        if country.len() != 2 || !country.bytes().all(|b| b.is_ascii_uppercase()) {
            return Err(CsrError::Country);
        }
        if !fits(&self.state, PLACE_LENGTH_MAX) {
            return Err(CsrError::State);
        }
        if !fits(&self.locality, PLACE_LENGTH_MAX) {
            return Err(CsrError::Locality);
        }
        let mut organizations = std::iter::once(&self.organization).chain(&self.unit);
        if !organizations.all(|text| fits(text, ORGANIZATION_LENGTH_MAX)) {
            return Err(CsrError::Organization);
        }
        match self.common_name.as_str().trim().chars().count() {
            0 => Err(CsrError::CommonName),
            1..=COMMON_NAME_LENGTH_MAX => Ok(()),
            _ => Err(CsrError::CommonNameTooLong),
        }
    }
}

/// Reads subject alternative names; `*.` may stand before one.
///
/// # Errors
/// [`CsrError::Sans`] and [`CsrError::San`].
pub fn parse_sans(texts: &[&str]) -> Result<Vec<CertName>, CsrError> {
    if texts.is_empty() || texts.len() > SANS_MAX {
        return Err(CsrError::Sans);
    }
    let mut sans = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        let name = text.parse().map_err(|error| CsrError::San(index, error))?;
        if !sans.contains(&name) {
            sans.push(name);
        }
    }
    Ok(sans)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject() -> CsrSubject {
        CsrSubject {
            country: Explanation::new("US"),
            state: Explanation::new("Texas"),
            locality: Explanation::new("Austin"),
            organization: Explanation::new("Customer Inc."),
            unit: None,
            common_name: Explanation::new("app.customer.com"),
        }
    }

    #[test]
    fn each_field_of_a_subject_has_its_own_error() {
        let text = |length: usize| Explanation::new("a".repeat(length));
        let check = |change: &dyn Fn(&mut CsrSubject)| {
            let mut subject = subject();
            change(&mut subject);
            subject.check()
        };
        assert_eq!(check(&|_| {}), Ok(()));
        for country in ["", "U", "USA", "us", "U1"] {
            assert_eq!(check(&|s| s.country = Explanation::new(country)), Err(CsrError::Country));
        }
        for length in [0, 129] {
            assert_eq!(check(&|s| s.state = text(length)), Err(CsrError::State));
            assert_eq!(check(&|s| s.locality = text(length)), Err(CsrError::Locality));
        }
        for length in [0, 65] {
            assert_eq!(check(&|s| s.organization = text(length)), Err(CsrError::Organization));
            assert_eq!(check(&|s| s.unit = Some(text(length))), Err(CsrError::Organization));
        }
        assert_eq!(check(&|s| s.common_name = text(0)), Err(CsrError::CommonName));
        assert_eq!(check(&|s| s.common_name = text(64)), Ok(()));
        assert_eq!(check(&|s| s.common_name = text(65)), Err(CsrError::CommonNameTooLong));
    }

    #[test]
    fn names_may_have_a_wildcard_and_are_there_once() {
        let names = |texts: &[&str]| {
            parse_sans(texts)
                .map(|names| names.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
        };
        let all = ["app.customer.com", "*.customer.com", "APP.customer.com"];
        assert_eq!(names(&all), Ok("app.customer.com *.customer.com".to_owned()));
        assert_eq!(names(&[]), Err(CsrError::Sans));
        assert_eq!(names(&vec!["app.customer.com"; SANS_MAX + 1]), Err(CsrError::Sans));
        assert!(matches!(
            names(&["app.customer.com", "a.*.customer.com"]),
            Err(CsrError::San(1, HostnameError::Wildcard))
        ));
    }
}
