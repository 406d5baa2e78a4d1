//! Names: [`Hostname`] is what a customer may add, [`DnsName`] is any name that a record can stand at.
//!
//! Both are lower case, ASCII, without the final dot. The rules for hostnames and their order are those of
//! behaviour.md 1.5 (codes 1407 to 1411 and 1448); the codes themselves are chosen in np-control's `api/error.rs`.

use std::{fmt, net::IpAddr, str::FromStr};

use thiserror::Error;

/// The longest name in presentation form, without the final dot (RFC 1035 section 2.3.4: 255 octets on the wire).
pub const NAME_LENGTH_MAX: usize = 253;
/// The longest label (RFC 1035 section 2.3.4).
pub const LABEL_LENGTH_MAX: usize = 63;
/// The longest common name in a certificate (X.520 ub-common-name).
pub const COMMON_NAME_LENGTH_MAX: usize = 64;

/// Top-level domains that are reserved for tests and documentation (RFC 6761).
const RESERVED_TOP: [&str; 4] = ["test", "example", "invalid", "localhost"];
/// Domains reserved for documentation (RFC 6761 section 6.5).
const RESERVED_DOMAINS: [&str; 3] = ["example.com", "example.net", "example.org"];

/// Why a text is not a hostname that can be added.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum HostnameError {
    /// Empty, an IP address, too long, or with characters or labels that a hostname cannot have.
    #[error("{why}")]
    Invalid {
        /// What exactly is wrong.
        why: InvalidName,
    },
    /// Non-ASCII characters: the punycode form must be sent.
    #[error("the name has non-ASCII characters; send its punycode form")]
    NonAscii {
        /// The punycode form, where there is one.
        punycode: Option<DnsName>,
    },
    /// A `*` in the name: wildcards are asked for with `ssl.wildcard`.
    #[error("the name has a wildcard label")]
    Wildcard,
    /// Under `test`, `example`, `invalid` or `localhost`.
    #[error("the name is under a reserved top-level domain")]
    ReservedTop,
    /// `example.com`, `example.net`, `example.org` or a name below.
    #[error("the name is under a domain reserved for documentation")]
    ReservedDomain,
    /// A public suffix itself, so that nobody can own it as a hostname.
    #[error("publicsuffix: cannot derive eTLD+1 for domain \"{0}\"")]
    PublicSuffix(DnsName),
}

/// What makes a text no name at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidName {
    /// The text is empty.
    #[error("the name is empty")]
    Empty,
    /// A label is empty: two dots in a row, or one at the start.
    #[error("the name has an empty label")]
    EmptyLabel,
    /// The text is an IP address.
    #[error("the name is an IP address")]
    IpAddress,
    /// A label starts or ends with a hyphen.
    #[error("a label starts or ends with a hyphen")]
    Hyphen,
    /// A label is longer than [`LABEL_LENGTH_MAX`].
    #[error("a label is longer than {LABEL_LENGTH_MAX} characters")]
    LabelTooLong,
    /// The name has only one label.
    #[error("the name has only one label")]
    SingleLabel,
    /// A character other than letters, digits, hyphens and dots.
    #[error("the name has a character other than letters, digits, hyphens and dots")]
    SpecialCharacter,
    /// The name is longer than [`NAME_LENGTH_MAX`].
    #[error("the name is longer than {NAME_LENGTH_MAX} characters")]
    TooLong,
}

/// A hostname that a customer may add, or the name of a zone: at least two labels of letters, digits and inner hyphens,
/// not reserved, not a public suffix.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hostname(DnsName);

impl Hostname {
    /// Reads a hostname as a customer would write it; upper case and one final dot are accepted and dropped.
    ///
    /// # Errors
    /// The first rule broken, in the order in which the API names them.
    pub fn parse(text: &str) -> Result<Self, HostnameError> {
        let text = text.strip_suffix('.').unwrap_or(text);
        let invalid = |why| HostnameError::Invalid { why };
        if text.parse::<IpAddr>().is_ok() || text.starts_with('[') {
            return Err(invalid(InvalidName::IpAddress));
        }
        if !text.is_ascii() {
            let punycode = idna::domain_to_ascii(text).ok().and_then(|t| t.parse().ok());
            return Err(HostnameError::NonAscii { punycode });
        }
        if text.split('.').any(|label| label == "*") {
            return Err(HostnameError::Wildcard);
        }
        if text.contains('_') {
            return Err(invalid(InvalidName::SpecialCharacter));
        }
        let name: DnsName = text.parse().map_err(invalid)?;
        // 1.2.3.256 and the like: no top-level domain is all digits (RFC 3696 section 2).
        if name.labels().next_back().is_some_and(|top| top.bytes().all(|b| b.is_ascii_digit())) {
            return Err(invalid(InvalidName::IpAddress));
        }
        Self::check_place(name)
    }

    /// A name that was judged before and comes back from where it was kept: a rule that changed since, such as a new
    /// public suffix, must not make it unreadable.
    pub fn restored(name: DnsName) -> Self {
        Self(name)
    }

    /// Judges where in the tree the name stands.
    fn check_place(name: DnsName) -> Result<Self, HostnameError> {
        let top = name.labels().next_back().unwrap_or_default();
        if RESERVED_TOP.contains(&top) {
            return Err(HostnameError::ReservedTop);
        }
        if RESERVED_DOMAINS.iter().any(|domain| name.is_within(domain)) {
            return Err(HostnameError::ReservedDomain);
        }
        if name.labels().count() < 2 {
            return Err(HostnameError::Invalid { why: InvalidName::SingleLabel });
        }
        if psl::domain(name.as_str().as_bytes()).is_none() {
            return Err(HostnameError::PublicSuffix(name));
        }
        Ok(Self(name))
    }

    /// The name, lower case, without the final dot.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The same name as a DNS name.
    pub fn as_dns(&self) -> &DnsName {
        &self.0
    }

    /// The domain that was registered for it: one label below its public suffix.
    pub fn registrable(&self) -> DnsName {
        let domain = psl::domain(self.as_str().as_bytes());
        let text = domain.and_then(|domain| std::str::from_utf8(domain.as_bytes()).ok());
        text.and_then(|text| text.parse().ok()).unwrap_or_else(|| self.0.clone())
    }

    /// The name of the wildcard one level below: `*.name`.
    pub fn wildcard(&self) -> WildcardName {
        WildcardName(self.clone())
    }

    /// Where a DNS-01 TXT record for this name stands (RFC 8555 section 8.4).
    pub fn acme_challenge(&self) -> DnsName {
        self.0.child_unchecked("_acme-challenge")
    }

    /// Where the ownership TXT record for this name stands (behaviour.md 2.1).
    pub fn ownership_txt(&self) -> DnsName {
        self.0.child_unchecked("_cf-custom-hostname")
    }
}

impl fmt::Display for Hostname {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Hostname {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hostname({})", self.0)
    }
}

impl FromStr for Hostname {
    type Err = HostnameError;

    fn from_str(text: &str) -> Result<Self, HostnameError> {
        Self::parse(text)
    }
}

/// `*.` before a hostname, as it stands in a certificate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WildcardName(Hostname);

impl WildcardName {
    /// The name without the `*.`.
    pub fn base(&self) -> &Hostname {
        &self.0
    }
}

impl fmt::Display for WildcardName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "*.{}", self.0)
    }
}

/// Any name that a DNS record can stand at: labels of letters, digits, hyphens and underscores. Lower case, without the
/// final dot, at most [`NAME_LENGTH_MAX`] characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DnsName(Box<str>);

impl DnsName {
    /// The name, lower case, without the final dot.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The labels, leftmost first.
    pub fn labels(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('.')
    }

    /// Whether the name is `domain` or stands below it.
    pub fn is_within(&self, domain: &str) -> bool {
        match self.0.strip_suffix(domain) {
            Some(rest) => rest.is_empty() || rest.ends_with('.'),
            None => false,
        }
    }

    /// What stands before `.domain`, as a name: `a.b` for `a.b.domain`. `None` when the name is not below it.
    pub fn below(&self, domain: &Self) -> Option<Self> {
        let rest = self.0.strip_suffix(domain.as_str())?.strip_suffix('.')?;
        Some(Self(rest.into()))
    }

    /// The name, then the names above it up to the top-level domain.
    pub fn and_ancestors(&self) -> impl Iterator<Item = &str> {
        std::iter::successors(Some(&*self.0), |name| name.split_once('.').map(|(_, above)| above))
    }

    /// The name with `label.` before it.
    ///
    /// # Errors
    /// When the result would be no name, for its length above all.
    pub fn child(&self, label: &str) -> Result<Self, InvalidName> {
        format!("{label}.{self}").parse()
    }

    /// For labels of our own that are known to be good; the length is checked where the name meets the wire.
    fn child_unchecked(&self, label: &str) -> Self {
        Self(format!("{label}.{self}").into_boxed_str())
    }
}

impl FromStr for DnsName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let text = text.strip_suffix('.').unwrap_or(text);
        if text.is_empty() {
            return Err(InvalidName::Empty);
        }
        if text.len() > NAME_LENGTH_MAX {
            return Err(InvalidName::TooLong);
        }
        text.split('.').try_for_each(check_label)?;
        Ok(Self(text.to_ascii_lowercase().into_boxed_str()))
    }
}

fn check_label(label: &str) -> Result<(), InvalidName> {
    let hyphen_at_border = label.starts_with('-') || label.ends_with('-');
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    match label {
        "" => Err(InvalidName::EmptyLabel),
        _ if label.len() > LABEL_LENGTH_MAX => Err(InvalidName::LabelTooLong),
        _ if !label.bytes().all(plain) => Err(InvalidName::SpecialCharacter),
        _ if hyphen_at_border => Err(InvalidName::Hyphen),
        _ => Ok(()),
    }
}

impl fmt::Display for DnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for DnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DnsName({})", self.0)
    }
}

impl From<Hostname> for DnsName {
    fn from(hostname: Hostname) -> Self {
        hostname.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> HostnameError {
        Hostname::parse(text).expect_err(text)
    }

    #[test]
    fn good_hostnames_are_lowered_and_lose_the_final_dot() {
        for (text, name) in [
            ("app.customer.com", "app.customer.com"),
            ("App.Customer.COM.", "app.customer.com"),
            ("customer.co.uk", "customer.co.uk"),
            ("xn--mnchen-3ya.de", "xn--mnchen-3ya.de"),
            ("a.corp.internal", "a.corp.internal"),
        ] {
            assert_eq!(Hostname::parse(text).expect(text).as_str(), name);
        }
    }

    #[test]
    fn each_broken_rule_has_its_own_error() {
        let invalid = |why| HostnameError::Invalid { why };
        for (text, expected) in [
            ("", invalid(InvalidName::Empty)),
            ("a..com", invalid(InvalidName::EmptyLabel)),
            ("192.0.2.1", invalid(InvalidName::IpAddress)),
            ("1.2.3.256", invalid(InvalidName::IpAddress)),
            ("2001:db8::1", invalid(InvalidName::IpAddress)),
            ("[2001:db8::1]", invalid(InvalidName::IpAddress)),
            ("-a.com", invalid(InvalidName::Hyphen)),
            ("a-.com", invalid(InvalidName::Hyphen)),
            ("customer", invalid(InvalidName::SingleLabel)),
            ("a b.com", invalid(InvalidName::SpecialCharacter)),
            ("a_b.com", invalid(InvalidName::SpecialCharacter)),
            ("a/b.com", invalid(InvalidName::SpecialCharacter)),
            ("*.customer.com", HostnameError::Wildcard),
            ("app.customer.test", HostnameError::ReservedTop),
            ("localhost", HostnameError::ReservedTop),
            ("app.example.com", HostnameError::ReservedDomain),
            ("example.org", HostnameError::ReservedDomain),
        ] {
            assert_eq!(refused(text), expected, "{text}");
        }
        assert_eq!(refused(&format!("{}.com", "a".repeat(64))), invalid(InvalidName::LabelTooLong));
        assert_eq!(
            refused(&format!("{}com", "abcdefg.".repeat(32))),
            invalid(InvalidName::TooLong)
        );
    }

    #[test]
    fn a_public_suffix_is_no_hostname() {
        for suffix in ["co.uk", "github.io"] {
            assert_eq!(refused(suffix), HostnameError::PublicSuffix(suffix.parse().unwrap()));
        }
    }

    #[test]
    fn a_non_ascii_name_is_refused_with_its_punycode() {
        let expected = HostnameError::NonAscii { punycode: "xn--mnchen-3ya.de".parse().ok() };
        assert_eq!(refused("münchen.de"), expected);
    }

    #[test]
    fn within_means_the_domain_or_below_it_and_never_a_mere_suffix() {
        let name: DnsName = "a.provider.com".parse().unwrap();
        assert!(name.is_within("provider.com") && name.is_within("a.provider.com"));
        assert!(!name.is_within("rovider.com") && !name.is_within("b.provider.com"));
    }
}
