//! `[authorities.NAME]`: the certificate authorities behind the API's names.

use std::path::PathBuf;

use np_domain::{
    authority::Limits,
    certificate::{AuthorityName, TxtChallenge},
};
use serde::{Deserialize, Serialize};

use super::{
    error::Invalid,
    value::{Rate, Span},
};

/// The name of a CA, as the API says it in `certificate_authority`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AuthorityWord {
    /// `digicert`
    Digicert,
    /// `google`
    Google,
    /// `lets_encrypt`
    LetsEncrypt,
    /// `ssl_com`
    SslCom,
}

impl From<AuthorityWord> for AuthorityName {
    fn from(word: AuthorityWord) -> Self {
        match word {
            AuthorityWord::Digicert => Self::Digicert,
            AuthorityWord::Google => Self::Google,
            AuthorityWord::LetsEncrypt => Self::LetsEncrypt,
            AuthorityWord::SslCom => Self::SslCom,
        }
    }
}

/// How a CA is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Driver {
    /// ACME (RFC 8555).
    Acme,
    /// The CA in this program.
    Local,
}

/// One CA, as written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Authority {
    /// `acme` or `local`.
    pub(crate) driver: Driver,
    /// `local`: how long its certificates live.
    pub(crate) validity: Option<Span>,
    /// `acme`: its directory.
    pub(crate) directory_url: Option<String>,
    /// `acme`: whom the CA may write to, as an e-mail address.
    pub(crate) contact: Option<String>,
    /// `acme`: the key id of an external account binding.
    pub(crate) eab_kid: Option<String>,
    /// `acme`: the key of an external account binding, base64url.
    pub(crate) eab_hmac_key: Option<String>,
    /// `acme`: a file that holds it.
    pub(crate) eab_hmac_key_file: Option<PathBuf>,
    /// `acme`: which profile of the CA's to ask for.
    pub(crate) profile: Option<String>,
    /// `acme`: which challenge the method txt answers: `dns-01`, `dns-account-01` or `dns-persist-01`.
    pub(crate) txt_challenge: Option<TxtWord>,
    /// `acme`: how many orders our account may place.
    pub(crate) orders_max: Option<Rate>,
    /// `acme`: how many certificates it may get for one registered domain and what is below it.
    pub(crate) per_domain_max: Option<Rate>,
    /// `acme`: how many for exactly the same names.
    pub(crate) per_name_set_max: Option<Rate>,
    /// `acme`: how many validations of one name may fail.
    pub(crate) failures_per_name_max: Option<Rate>,
    /// `acme`: a root, PEM, to trust for the directory instead of the system's: for test CAs.
    pub(crate) root_pem_file: Option<PathBuf>,
}

impl Default for Authority {
    fn default() -> Self {
        Self {
            driver: Driver::Local,
            validity: None,
            directory_url: None,
            contact: None,
            eab_kid: None,
            eab_hmac_key: None,
            eab_hmac_key_file: None,
            profile: None,
            txt_challenge: None,
            orders_max: None,
            per_domain_max: None,
            per_name_set_max: None,
            failures_per_name_max: None,
            root_pem_file: None,
        }
    }
}

/// Which challenge the method txt answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) enum TxtWord {
    /// RFC 8555.
    #[serde(rename = "dns-01")]
    Dns,
    /// draft-ietf-acme-dns-account-label.
    #[serde(rename = "dns-account-01")]
    Account,
    /// draft-ietf-acme-dns-persist.
    #[serde(rename = "dns-persist-01")]
    Persist,
}

impl From<TxtWord> for TxtChallenge {
    fn from(word: TxtWord) -> Self {
        match word {
            TxtWord::Dns => Self::Dns,
            TxtWord::Account => Self::Account,
            TxtWord::Persist => Self::Persist,
        }
    }
}

/// The directory whose limits are known, because they are published.
const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/";

/// How long the local CA's certificates live.
const LOCAL_VALIDITY: Span = Span::seconds(90 * 86_400);

/// One CA, judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Driven {
    /// ACME.
    Acme(Box<Acme>),
    /// The CA in this program.
    Local {
        /// How long its certificates live.
        validity: Span,
    },
}

/// An ACME CA.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Acme {
    /// Its directory.
    pub(crate) directory_url: String,
    /// Whom it may write to, as an e-mail address.
    pub(crate) contact: Option<String>,
    /// The external account binding.
    pub(crate) binding: Option<Binding>,
    /// The profile.
    pub(crate) profile: Option<String>,
    /// Which challenge TXT records answer.
    pub(crate) txt: TxtChallenge,
    /// How often it may be asked.
    pub(crate) limits: Limits,
    /// The root to trust for the directory.
    pub(crate) root_pem_file: Option<PathBuf>,
}

/// An external account binding (RFC 8555 section 7.3.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Binding {
    /// The key's id.
    pub(crate) kid: String,
    /// The key, base64url.
    pub(crate) key: BindingKey,
}

/// Where the key of a binding is.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum BindingKey {
    /// In a file.
    File(PathBuf),
    /// Here.
    Given(String),
}

impl std::fmt::Debug for BindingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(f, "File({})", path.display()),
            Self::Given(_) => f.write_str("Given(..)"),
        }
    }
}

impl Authority {
    /// What was written, if it makes sense together.
    pub(crate) fn driven(&self) -> Result<Driven, Invalid> {
        match self.driver {
            Driver::Acme => self.acme().map(|acme| Driven::Acme(Box::new(acme))),
            Driver::Local => {
                self.refuse_acme_keys()?;
                Ok(Driven::Local { validity: self.validity.unwrap_or(LOCAL_VALIDITY) })
            }
        }
    }

    fn acme(&self) -> Result<Acme, Invalid> {
        if self.validity.is_some() {
            return Err(Invalid::new("validity", "an ACME CA decides itself: remove the key"));
        }
        let directory_url = self.directory_url.clone().ok_or_else(|| {
            Invalid::new("directory_url", "driver \"acme\" needs the URL of the CA's directory")
        })?;
        if !directory_url.starts_with("https://") {
            let message =
                format!("{directory_url:?} does not begin with https://, which ACME demands");
            return Err(Invalid::new("directory_url", message));
        }
        Ok(Acme {
            limits: self.limits(&directory_url),
            directory_url,
            contact: self.contact()?,
            binding: self.binding()?,
            profile: self.profile.clone(),
            txt: self.txt_challenge.map(Into::into).unwrap_or_default(),
            root_pem_file: self.root_pem_file.clone(),
        })
    }

    /// What is written, else what the CA has published.
    fn limits(&self, directory_url: &str) -> Limits {
        let published = match directory_url.starts_with(LETS_ENCRYPT) {
            true => Limits::LETS_ENCRYPT,
            false => Limits::NONE,
        };
        let of = |written: Option<Rate>, otherwise| written.map_or(otherwise, |rate| rate.0);
        Limits {
            orders: of(self.orders_max, published.orders),
            per_domain: of(self.per_domain_max, published.per_domain),
            per_name_set: of(self.per_name_set_max, published.per_name_set),
            failures_per_name: of(self.failures_per_name_max, published.failures_per_name),
        }
    }

    fn contact(&self) -> Result<Option<String>, Invalid> {
        let Some(contact) = &self.contact else { return Ok(None) };
        let address = contact.strip_prefix("mailto:").unwrap_or(contact);
        match address.split_once('@') {
            Some((user, host)) if !user.is_empty() && host.contains('.') => {
                Ok(Some(address.to_owned()))
            }
            _ => {
                let message =
                    format!("{contact:?} is no e-mail address: write ops@your-domain.com");
                Err(Invalid::new("contact", message))
            }
        }
    }

    fn binding(&self) -> Result<Option<Binding>, Invalid> {
        let key = match (&self.eab_hmac_key, &self.eab_hmac_key_file) {
            (Some(_), Some(_)) => {
                let message = "eab_hmac_key is set too: keep one of the two";
                return Err(Invalid::new("eab_hmac_key_file", message));
            }
            (Some(key), None) => Some(BindingKey::Given(key.clone())),
            (None, Some(path)) => Some(BindingKey::File(path.clone())),
            (None, None) => None,
        };
        match (self.eab_kid.clone(), key) {
            (Some(kid), Some(key)) => Ok(Some(Binding { kid, key })),
            (None, None) => Ok(None),
            (Some(_), None) => Err(Invalid::new(
                "eab_kid",
                "a binding needs its key too: set eab_hmac_key or eab_hmac_key_file",
            )),
            (None, Some(_)) => {
                Err(Invalid::new("eab_kid", "a binding needs the key's id too: set eab_kid"))
            }
        }
    }

    fn refuse_acme_keys(&self) -> Result<(), Invalid> {
        let given = [
            ("directory_url", self.directory_url.is_some()),
            ("contact", self.contact.is_some()),
            ("eab_kid", self.eab_kid.is_some()),
            ("eab_hmac_key", self.eab_hmac_key.is_some()),
            ("eab_hmac_key_file", self.eab_hmac_key_file.is_some()),
            ("profile", self.profile.is_some()),
            ("txt_challenge", self.txt_challenge.is_some()),
            ("orders_max", self.orders_max.is_some()),
            ("per_domain_max", self.per_domain_max.is_some()),
            ("per_name_set_max", self.per_name_set_max.is_some()),
            ("failures_per_name_max", self.failures_per_name_max.is_some()),
            ("root_pem_file", self.root_pem_file.is_some()),
        ];
        match given.into_iter().find(|(_, given)| *given) {
            Some((key, _)) => {
                Err(Invalid::new(key, "driver \"local\" does not know it: set driver = \"acme\""))
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use np_domain::authority::pacing::Limit;

    use super::*;

    fn driven(text: &str) -> Result<Driven, &'static str> {
        toml::from_str::<Authority>(text).unwrap().driven().map_err(|invalid| invalid.key)
    }

    #[test]
    fn keys_must_fit_the_driver() {
        let directory = "driver = 'acme'\ndirectory_url = 'https://ca.example/directory'\n";
        for (text, key) in [
            ("driver = 'acme'", "directory_url"),
            ("driver = 'acme'\ndirectory_url = 'http://ca.example/'", "directory_url"),
            ("directory_url = 'https://ca.example/directory'", "directory_url"),
            ("profile = 'x'", "profile"),
            ("orders_max = '1 in 1h'", "orders_max"),
            (&format!("{directory}validity = '7d'"), "validity"),
            (&format!("{directory}contact = 'nobody'"), "contact"),
            (&format!("{directory}eab_kid = 'x'"), "eab_kid"),
            (&format!("{directory}eab_hmac_key = 'x'"), "eab_kid"),
            (
                &format!("{directory}eab_hmac_key = 'x'\neab_hmac_key_file = 'y'"),
                "eab_hmac_key_file",
            ),
        ] {
            assert_eq!(driven(text), Err(key), "{text}");
        }
        assert_eq!(driven(""), Ok(Driven::Local { validity: LOCAL_VALIDITY }));
    }

    #[test]
    fn limits_are_those_that_are_written_else_those_that_are_published() {
        let limits = |url: &str, more: &str| {
            let text = format!("driver = 'acme'\ndirectory_url = '{url}'\n{more}");
            let Ok(Driven::Acme(acme)) = driven(&text) else { panic!("driver is acme") };
            acme.limits
        };
        let public = "https://acme-v02.api.letsencrypt.org/directory";
        assert_eq!(limits(public, ""), Limits::LETS_ENCRYPT);
        assert_eq!(limits("https://ca.example/directory", ""), Limits::NONE);
        let some = limits(public, "orders_max = '10 in 1h'\nper_domain_max = 'any'");
        let orders = Limit::new(10, Duration::from_secs(3600));
        assert_eq!(some, Limits { orders, per_domain: None, ..Limits::LETS_ENCRYPT });
    }

    #[test]
    fn an_acme_authority_keeps_its_binding_out_of_debug() {
        let text = "driver = 'acme'\ndirectory_url = 'https://ca.example/directory'\n\
                    contact = 'mailto:ops@provider.com'\neab_kid = 'kid-1'\neab_hmac_key = 'c2VjcmV0'";
        let driven = driven(text).unwrap();
        assert!(!format!("{driven:?}").contains("c2VjcmV0"), "{driven:?}");
        let Driven::Acme(acme) = driven else { panic!("driver is acme") };
        assert_eq!(acme.contact.as_deref(), Some("ops@provider.com"));
        let binding = acme.binding.unwrap();
        assert_eq!(binding.kid, "kid-1");
        assert_eq!(binding.key, BindingKey::Given("c2VjcmV0".into()));
    }
}
