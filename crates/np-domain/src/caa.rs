//! CAA (RFC 8659, with the parameters of RFC 8657): which CAs may issue for a name. One rule, for diagnoses and for the look
//! before an order.
//!
//! The records that count are the first that are found from the name upwards; where the name is an alias, those at its
//! target. Nobody may issue while they cannot be looked up: what is not known is no permission.

#[cfg(test)]
mod tests;

use crate::{
    certificate::{Actor, AuthorityName, CertName, DcvMethod, Problem},
    diagnosis::Issuer,
    name::DnsName,
    ports::LookupFailure,
    text::Explanation,
};

/// Properties that a CA knows, or may leave aside although they are critical.
const KNOWN: [&str; 7] =
    ["issue", "issuewild", "iodef", "issuemail", "issuevmc", "contactemail", "contactphone"];

/// A CAA record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Caa {
    /// Whether a CA that does not know the property must not issue.
    pub critical: bool,
    /// The property, lower case.
    pub tag: Box<str>,
    /// Its value.
    pub value: Box<str>,
}

impl std::fmt::Display for Caa {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} \"{}\"", u8::from(self.critical) * 128, self.tag, self.value)
    }
}

/// The records that count for a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set {
    /// They; never empty.
    pub records: Vec<Caa>,
    /// Where they stand.
    pub at: DnsName,
    /// The name that was asked: another one when they stand at an alias's target.
    pub asked: DnsName,
}

/// What is to be issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// For which names.
    pub covers: Covers,
    /// How control is shown; `None`: it is not known yet.
    pub method: Option<DcvMethod>,
}

/// Which of a name and its wildcard a certificate has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Covers {
    /// Both.
    Both,
    /// The name itself.
    Name,
    /// Only the wildcard.
    Wildcard,
}

/// Why a CA may not issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// A property is marked as critical that CAs do not know.
    CriticalUnknown(Box<str>),
    /// It may issue for the name, and not for its wildcard.
    NotWildcard,
    /// It may issue for the wildcard, and not for the name itself.
    OnlyWildcard,
    /// It may issue for another account only.
    OtherAccount,
    /// Only other CAs may issue, or none.
    OtherAuthority,
    /// It may issue after another validation only.
    OtherMethod,
}

/// What one record says to one CA, the friendliest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Says {
    Permits,
    OtherMethod,
    OtherAccount,
    OtherAuthority,
}

/// Whether `issuer` may issue under `terms` where these records count.
///
/// # Errors
/// Why it may not.
pub fn judge(records: &[Caa], issuer: &Issuer, terms: Terms) -> Result<(), Refusal> {
    let unknown = records.iter().find(|caa| caa.critical && !KNOWN.contains(&&*caa.tag));
    if let Some(caa) = unknown {
        return Err(Refusal::CriticalUnknown(caa.tag.clone()));
    }
    let exact = best(records, "issue", issuer, terms.method).unwrap_or(Says::Permits);
    // Without any `issuewild` the property `issue` counts for wildcards too.
    let wild = best(records, "issuewild", issuer, terms.method).unwrap_or(exact);
    let refusal = |says| match says {
        Says::Permits => None,
        Says::OtherMethod => Some(Refusal::OtherMethod),
        Says::OtherAccount => Some(Refusal::OtherAccount),
        Says::OtherAuthority => Some(Refusal::OtherAuthority),
    };
    let refused = match (terms.covers, exact, wild) {
        (Covers::Name | Covers::Both, Says::OtherAuthority, Says::Permits) => {
            Some(Refusal::OnlyWildcard)
        }
        (Covers::Both, Says::Permits, wild) if wild != Says::Permits => Some(Refusal::NotWildcard),
        (Covers::Wildcard, Says::Permits, Says::OtherAuthority) => Some(Refusal::NotWildcard),
        (Covers::Wildcard, _, wild) => refusal(wild),
        (Covers::Name | Covers::Both, exact, _) => refusal(exact),
    };
    refused.map_or(Ok(()), Err)
}

/// What the friendliest of the records with this property says; `None` without any.
fn best(records: &[Caa], tag: &str, issuer: &Issuer, method: Option<DcvMethod>) -> Option<Says> {
    let of_tag = records.iter().filter(|caa| *caa.tag == *tag);
    of_tag.map(|caa| says(&caa.value, issuer, method)).min()
}

fn says(value: &str, issuer: &Issuer, method: Option<DcvMethod>) -> Says {
    // A value that breaks the grammar permits nobody (RFC 8659 section 4.2).
    let Some((domain, parameters)) = parse(value) else { return Says::OtherAuthority };
    if !issuer.domains.iter().any(|known| known.as_str().eq_ignore_ascii_case(domain)) {
        return Says::OtherAuthority;
    }
    let of = |key: &str| {
        let found = parameters.iter().filter(|(known, _)| known.eq_ignore_ascii_case(key));
        found.map(|(_, value)| *value).collect::<Vec<_>>()
    };
    match (of("accounturi").as_slice(), &issuer.account) {
        ([], _) => {}
        // Several can never all be met (RFC 8657 section 3).
        ([_, _, ..], _) => return Says::OtherAccount,
        // As long as our account is not known, the CA decides.
        ([_], None) => {}
        ([wanted], Some(ours)) if *wanted == ours.as_str() => {}
        ([_], Some(_)) => return Says::OtherAccount,
    }
    let is_ours = |methods: &&str| match method.and_then(|method| method_word(method, issuer)) {
        Some(word) => methods.split(',').any(|known| known.trim() == word),
        None => true,
    };
    match of("validationmethods").iter().all(is_ours) {
        true => Says::Permits,
        false => Says::OtherMethod,
    }
}

/// How `validationmethods` calls a method (RFC 8657 section 4); `None` for those that no ACME CA has, which the CA judges.
fn method_word(method: DcvMethod, issuer: &Issuer) -> Option<&'static str> {
    match method {
        DcvMethod::Http => Some("http-01"),
        DcvMethod::Txt => Some(issuer.txt.as_str()),
        DcvMethod::Email | DcvMethod::Cname => None,
    }
}

/// The CA's domain, empty for nobody's, and the parameters of the value of `issue` or `issuewild`.
fn parse(value: &str) -> Option<(&str, Vec<(&str, &str)>)> {
    let blank = [' ', '\t'];
    let mut parts = value.split(';').map(|part| part.trim_matches(blank));
    let domain = parts.next().unwrap_or_default();
    let of_domain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
    if !domain.bytes().all(of_domain) {
        return None;
    }
    let mut parameters = Vec::new();
    for part in parts.filter(|part| !part.is_empty()) {
        let (key, value) = part.split_once('=')?;
        let (key, value) = (key.trim_matches(blank), value.trim_matches(blank));
        let is_key = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if !is_key || !value.bytes().all(|b| b.is_ascii_graphic()) {
            return None;
        }
        parameters.push((key, value));
    }
    Some((domain, parameters))
}

/// The name and those above it, without the top-level domain: where CAA is looked for, the first place with records counts
/// (RFC 8659 section 3; no top-level domain of use has CAA).
pub fn climb(name: &DnsName) -> Vec<DnsName> {
    let mut names: Vec<_> = name.and_ancestors().filter_map(|name| name.parse().ok()).collect();
    names.pop();
    names
}

/// The record that permits a CA.
pub fn permitting_line(tag: &str, issuer: &Issuer) -> String {
    let domain = issuer.domains.first().map(DnsName::as_str).unwrap_or_default();
    format!("0 {tag} \"{domain}\"")
}

impl Refusal {
    /// The property whose record would permit.
    pub fn missing_tag(&self) -> &'static str {
        match self {
            Self::NotWildcard => "issuewild",
            _ => "issue",
        }
    }

    /// It in words for whoever has the records, with what to change.
    pub fn words(&self, set: &Set, issuer: &Issuer) -> String {
        let (name, at) = (issuer.authority.as_str(), &set.at);
        let line = permitting_line(self.missing_tag(), issuer);
        let says = match self {
            Self::CriticalUnknown(tag) => {
                return format!(
                    "{at} has the CAA property `{tag}` marked as critical (128), which CAs do not know, so that none may issue: \
                     remove it, or its flag."
                );
            }
            Self::NotWildcard => {
                format!(
                    "The CAA records at {at} permit {name}, but not for the wildcard (issuewild)."
                )
            }
            Self::OnlyWildcard => format!(
                "The CAA records at {at} permit {name} for wildcards only (issuewild), not for the name itself."
            ),
            Self::OtherAccount => format!(
                "The CAA records at {at} permit {name}, but for another account (accounturi) than ours."
            ),
            Self::OtherMethod => format!(
                "The CAA records at {at} permit {name}, but only by other validation methods (validationmethods)."
            ),
            Self::OtherAuthority if set.at != set.asked => format!(
                "{} leads to {at}, and the CAA records there count: they do not permit {name}.",
                set.asked
            ),
            Self::OtherAuthority => format!("The CAA records at {at} do not permit {name}."),
        };
        format!("{says} Add `{line}`")
    }
}

/// What was found for all names of a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found(pub Vec<(CertName, Result<Option<Set>, Unknown>)>);

/// CAA could not be looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// Where.
    pub asked: DnsName,
    /// Why.
    pub why: LookupFailure,
}

/// Whether a CA may issue a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Permission {
    /// It may.
    Granted,
    /// It may not, for these reasons; another CA perhaps may.
    Denied(Problem),
    /// Nobody may, as long as this look-up fails.
    Unknown(Problem),
}

impl Found {
    /// Whether `issuer` may issue for all the names.
    pub fn permission(&self, issuer: &Issuer, method: DcvMethod) -> Permission {
        // It does not look at CAA.
        if issuer.domains.is_empty() {
            return Permission::Granted;
        }
        let mut denied = None;
        for (name, found) in &self.0 {
            let covers = match name {
                CertName::Exact(_) => Covers::Name,
                CertName::Wildcard(_) => Covers::Wildcard,
            };
            match found {
                Err(unknown) => return Permission::Unknown(unknown.problem()),
                Ok(None) => {}
                Ok(Some(set)) => {
                    let terms = Terms { covers, method: Some(method) };
                    if let Err(refusal) = judge(&set.records, issuer, terms) {
                        denied.get_or_insert_with(|| customers(refusal.words(set, issuer)));
                    }
                }
            }
        }
        denied.map_or(Permission::Granted, Permission::Denied)
    }

    /// Which of these CAs may issue for all the names, in their order.
    pub fn permitted(&self, issuers: &[Issuer], method: DcvMethod) -> Vec<AuthorityName> {
        let may = |issuer: &&Issuer| self.permission(issuer, method) == Permission::Granted;
        issuers.iter().filter(may).map(|issuer| issuer.authority).collect()
    }
}

impl Unknown {
    fn problem(&self) -> Problem {
        let Self { asked, why } = self;
        let said = match why {
            LookupFailure::ServerFailure => "SERVFAIL".to_owned(),
            why => why.to_string(),
        };
        customers(format!(
            "{said} looking up CAA for {asked}: a CA must not issue then. The name servers must answer CAA questions, be it with \
             nothing."
        ))
    }
}

fn customers(words: String) -> Problem {
    Problem { actor: Actor::Customer, message: Explanation::new(words) }
}
