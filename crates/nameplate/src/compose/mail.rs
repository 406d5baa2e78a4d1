//! The desk that asks people by e-mail, from what is configured.

use np_control::adapters::{
    approval_desk::{ApprovalDesk, DeskSettings},
    mail::{Login, MailSettings, MailSetupError, MailTls, Mailer},
};
use np_domain::secret::SecretBytes;

use super::authorities::{BuildDeps, read};
use crate::config::{
    error::{ConfigError, Invalid},
    mail::{Mail, Relayed},
};

/// The desk; `None` when no mail is to be sent.
pub(super) fn desk(deps: &BuildDeps<'_>) -> Result<Option<ApprovalDesk>, ConfigError> {
    let mail = &deps.loaded.config.mail;
    let blame = |invalid| deps.loaded.blame("mail", invalid);
    let Some(relayed) = mail.relayed().map_err(blame)? else { return Ok(None) };
    let mailer = mailer(mail, &relayed).map_err(blame)?;
    let settings =
        DeskSettings { public_url: relayed.public_url, mailings_max: mail.mailings_per_day_max };
    let (store, clock) = (deps.stores.approvals.clone(), deps.clock.clone());
    Ok(Some(ApprovalDesk::new(store, mailer, clock, settings)))
}

fn mailer(mail: &Mail, relayed: &Relayed) -> Result<Mailer, Invalid> {
    let tls = MailTls::from(mail.tls);
    let root = mail.root_pem_file.as_deref().map(|path| read("root_pem_file", path)).transpose()?;
    let settings = MailSettings {
        relay: relayed.relay.clone(),
        port: mail.port.unwrap_or(tls.port()),
        tls,
        root_pem: root,
        login: login(mail)?,
        from: relayed.from.clone(),
        timeout: mail.timeout.0,
    };
    Mailer::new(&settings).map_err(|why| {
        let key = match why {
            MailSetupError::From => "from",
            MailSetupError::Root => "root_pem_file",
            MailSetupError::Password => "password",
            MailSetupError::Tls(_) => "relay",
        };
        Invalid::new(key, why.to_string())
    })
}

fn login(mail: &Mail) -> Result<Option<Login>, Invalid> {
    let Some(user) = mail.user.clone() else { return Ok(None) };
    let password = match (&mail.password, &mail.password_file) {
        (Some(password), _) => password.clone(),
        (None, Some(path)) => read("password_file", path)?.trim().to_owned(),
        (None, None) => String::new(),
    };
    Ok(Some(Login { user, password: SecretBytes::new(password.into_bytes()) }))
}
