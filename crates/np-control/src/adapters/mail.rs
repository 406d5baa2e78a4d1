//! Mail, sent through the provider's own relay by SMTP (RFC 5321, lettre). Nothing is queued here: what the relay does not
//! take is said, and whoever wanted it sent asks again.

use std::{error::Error as StdError, time::Duration};

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{
        Mailbox,
        header::{ContentType, HeaderName, HeaderValue},
    },
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, CertificateStore, Tls, TlsParameters},
    },
};
use np_domain::{certificate::ValidationAddress, secret::SecretBytes, text::Explanation};
use thiserror::Error;

use super::network_words;

/// How the connection to the relay is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailTls {
    /// Not at all: for a relay on the same machine.
    None,
    /// By STARTTLS, which the relay must offer.
    StartTls,
    /// From the first byte.
    Implicit,
}

impl MailTls {
    /// The port that is usual with it.
    pub fn port(self) -> u16 {
        match self {
            Self::None => 25,
            Self::StartTls => 587,
            Self::Implicit => 465,
        }
    }
}

/// Where mail goes out, and as whose.
#[derive(Debug, Clone)]
pub struct MailSettings {
    /// The relay's host.
    pub relay: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: MailTls,
    /// The only root to trust for the relay, in PEM; `None`: the system's.
    pub root_pem: Option<String>,
    /// Who we are at the relay.
    pub login: Option<Login>,
    /// Who writes: `Name <address>`, or an address.
    pub from: String,
    /// How long handing over one message may take.
    pub timeout: Duration,
}

/// Who we are at the relay.
#[derive(Debug, Clone)]
pub struct Login {
    /// The user.
    pub user: String,
    /// The password.
    pub password: SecretBytes,
}

/// Why mail cannot be set up.
#[derive(Debug, Error)]
pub enum MailSetupError {
    /// The sender is no mailbox.
    #[error("the sender is no mail address: write Name <address@your-domain.com>")]
    From,
    /// The root is none.
    #[error("the root certificate cannot be used: it must be one certificate in PEM")]
    Root,
    /// The password is no text.
    #[error("the password is not UTF-8")]
    Password,
    /// TLS cannot be set up.
    #[error("TLS to the relay cannot be set up: {0}")]
    Tls(String),
}

/// Why a message was not sent, in words for whoever runs the relay, or owns the mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MailError {
    /// The relay will never take it.
    #[error("the mail server refuses it: {0}")]
    Refused(Explanation),
    /// The relay cannot be reached, or asks to come back later.
    #[error("the mail server does not take it now: {0}")]
    Later(Explanation),
}

/// Sends mail.
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    timeout: Duration,
}

impl Mailer {
    /// Mail as the settings say. Nothing is asked of the relay yet.
    ///
    /// # Errors
    /// See [`MailSetupError`].
    pub fn new(settings: &MailSettings) -> Result<Self, MailSetupError> {
        let from: Mailbox = settings.from.parse().map_err(|_| MailSetupError::From)?;
        let mut builder =
            AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(settings.relay.clone())
                .port(settings.port)
                .timeout(Some(settings.timeout))
                .tls(tls(settings)?);
        if let Some(login) = &settings.login {
            let password = std::str::from_utf8(login.password.expose())
                .map_err(|_| MailSetupError::Password)?;
            builder =
                builder.credentials(Credentials::new(login.user.clone(), password.to_owned()));
        }
        Ok(Self { transport: builder.build(), from, timeout: settings.timeout })
    }

    /// Hands one message to the relay.
    ///
    /// # Errors
    /// See [`MailError`].
    pub async fn send(
        &self,
        to: &ValidationAddress,
        subject: &str,
        text: String,
    ) -> Result<(), MailError> {
        let message = self.message(to, subject, text)?;
        // lettre's own limit is for single commands, and not for the handshake of TLS.
        let late = || MailError::Later(Explanation::new("no answer in time"));
        let sent = tokio::time::timeout(self.timeout, self.transport.send(message)).await;
        match sent.map_err(|_| late())? {
            Ok(_) => Ok(()),
            Err(error) if error.is_permanent() => Err(MailError::Refused(words(&error))),
            Err(error) => Err(MailError::Later(words(&error))),
        }
    }

    fn message(
        &self,
        to: &ValidationAddress,
        subject: &str,
        text: String,
    ) -> Result<Message, MailError> {
        let unfit = |why: String| MailError::Refused(Explanation::new(why));
        let to: Mailbox = to.to_string().parse().map_err(|_| unfit(format!("{to} is unfit")))?;
        let id =
            format!("<{}@{}>", hex::encode(rand::random::<[u8; 16]>()), self.from.email.domain());
        let message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(subject)
            .message_id(Some(id))
            .header(ContentType::TEXT_PLAIN)
            .body(text);
        let mut message = message.map_err(|why| unfit(why.to_string()))?;
        // Whoever answers mail by machine does not answer this one (RFC 3834).
        let name = HeaderName::new_from_ascii_str("Auto-Submitted");
        message.headers_mut().insert_raw(HeaderValue::new(name, "auto-generated".to_owned()));
        Ok(message)
    }
}

fn tls(settings: &MailSettings) -> Result<Tls, MailSetupError> {
    if settings.tls == MailTls::None {
        return Ok(Tls::None);
    }
    let mut builder = TlsParameters::builder(settings.relay.clone());
    if let Some(pem) = &settings.root_pem {
        let root = Certificate::from_pem(pem.as_bytes()).map_err(|_| MailSetupError::Root)?;
        builder = builder.certificate_store(CertificateStore::None).add_root_certificate(root);
    }
    let built = builder.build().map_err(|why| MailSetupError::Tls(why.to_string()))?;
    Ok(match settings.tls {
        MailTls::StartTls | MailTls::None => Tls::Required(built),
        MailTls::Implicit => Tls::Wrapper(built),
    })
}

/// What the relay said, or what became of the connection.
fn words(error: &lettre::transport::smtp::Error) -> Explanation {
    if error.is_response() || error.status().is_some() {
        return Explanation::new(match error.source() {
            Some(said) => said.to_string(),
            None => error.to_string(),
        });
    }
    match error.source() {
        Some(cause) => network_words::describe(cause),
        None => Explanation::new(error.to_string()),
    }
}
