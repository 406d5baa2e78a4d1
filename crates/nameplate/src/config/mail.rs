//! `[mail]`: how people are asked by e-mail to approve certificates.

use std::path::PathBuf;

use np_control::adapters::mail::MailTls;
use serde::{Deserialize, Serialize};

use super::{error::Invalid, value::Span};

/// Mail, as written.
#[derive(Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Mail {
    /// The relay's host; without it no mail is sent.
    pub(crate) relay: Option<String>,
    /// Who writes.
    pub(crate) from: Option<String>,
    /// Where people reach the page.
    pub(crate) public_url: Option<String>,
    /// How the connection to the relay is protected.
    pub(crate) tls: TlsWord,
    /// The relay's port; what is usual with `tls`.
    pub(crate) port: Option<u16>,
    /// Who we are at the relay.
    pub(crate) user: Option<String>,
    /// The password.
    pub(crate) password: Option<String>,
    /// A file with the password.
    pub(crate) password_file: Option<PathBuf>,
    /// A root, PEM, to trust for the relay instead of the system's.
    pub(crate) root_pem_file: Option<PathBuf>,
    /// How long one exchange with the relay may take.
    pub(crate) timeout: Span,
    /// How often people of one domain are written to within a day, at most.
    pub(crate) mailings_per_day_max: u32,
}

impl Default for Mail {
    fn default() -> Self {
        Self {
            relay: None,
            from: None,
            public_url: None,
            tls: TlsWord::Starttls,
            port: None,
            user: None,
            password: None,
            password_file: None,
            root_pem_file: None,
            timeout: Span::seconds(30),
            mailings_per_day_max: 10,
        }
    }
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { relay, from, public_url, tls, port, user, .. } = self;
        write!(f, "Mail({relay:?}, {port:?}, {tls:?}, {user:?}, {from:?}, {public_url:?}, ..)")
    }
}

/// How the connection to the relay is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TlsWord {
    /// From the first byte.
    Implicit,
    /// Not at all.
    None,
    /// STARTTLS.
    Starttls,
}

impl From<TlsWord> for MailTls {
    fn from(word: TlsWord) -> Self {
        match word {
            TlsWord::Implicit => Self::Implicit,
            TlsWord::None => Self::None,
            TlsWord::Starttls => Self::StartTls,
        }
    }
}

/// Mail that can be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Relayed {
    /// The relay's host.
    pub(crate) relay: String,
    /// Who writes.
    pub(crate) from: String,
    /// Where people reach the page, without a final slash.
    pub(crate) public_url: String,
}

impl Mail {
    /// What was written, if it makes sense together; `None` when no mail is to be sent.
    pub(crate) fn relayed(&self) -> Result<Option<Relayed>, Invalid> {
        let Some(relay) = self.relay.clone() else { return self.unused() };
        let missing = |key, what: &str| Invalid::new(key, format!("mail needs {what}: set it"));
        let from = self.from.clone().ok_or_else(|| missing("from", "an address of ours"))?;
        let url = self.public_url.clone();
        let url = url.ok_or_else(|| missing("public_url", "a page that people can open"))?;
        if !url.starts_with("https://") && !url.starts_with("http://") {
            let message = format!("{url:?} is no URL: write https://validate.your-domain.com");
            return Err(Invalid::new("public_url", message));
        }
        self.check_login()?;
        Ok(Some(Relayed { relay, from, public_url: url.trim_end_matches('/').to_owned() }))
    }

    fn unused(&self) -> Result<Option<Relayed>, Invalid> {
        let given = [
            ("from", self.from.is_some()),
            ("public_url", self.public_url.is_some()),
            ("user", self.user.is_some()),
        ];
        match given.into_iter().find(|(_, given)| *given) {
            Some((key, _)) => {
                Err(Invalid::new(key, "is of no use without a relay: set mail.relay"))
            }
            None => Ok(None),
        }
    }

    fn check_login(&self) -> Result<(), Invalid> {
        match (&self.user, &self.password, &self.password_file) {
            (_, Some(_), Some(_)) => {
                Err(Invalid::new("password_file", "password is set too: keep one of the two"))
            }
            (Some(_), None, None) => {
                Err(Invalid::new("user", "needs a password: set password or password_file"))
            }
            (None, Some(_), _) | (None, _, Some(_)) => {
                Err(Invalid::new("user", "is missing: a password needs a user"))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_mail_must_make_sense_together() {
        let mail = |text: &str| {
            toml::from_str::<Mail>(text).unwrap().relayed().map_err(|invalid| invalid.key)
        };
        let whole = "relay = 'smtp.a.com'\nfrom = 'ca@a.com'\npublic_url = 'https://v.a.com/'\n";
        for (text, key) in [
            ("relay = 'smtp.a.com'", "from"),
            ("relay = 'smtp.a.com'\nfrom = 'ca@a.com'", "public_url"),
            ("relay = 'smtp.a.com'\nfrom = 'ca@a.com'\npublic_url = 'v.a.com'", "public_url"),
            ("from = 'ca@a.com'", "from"),
            (&format!("{whole}user = 'x'"), "user"),
            (&format!("{whole}password = 'x'"), "user"),
            (&format!("{whole}user = 'x'\npassword = 'x'\npassword_file = 'y'"), "password_file"),
        ] {
            assert_eq!(mail(text), Err(key), "{text}");
        }
        assert_eq!(mail(""), Ok(None));
        let relayed = mail(whole).unwrap().unwrap();
        assert_eq!(relayed.public_url, "https://v.a.com");
        let secret = toml::from_str::<Mail>("password = 'hunter2'").unwrap();
        assert!(!format!("{secret:?}").contains("hunter2"));
    }
}
