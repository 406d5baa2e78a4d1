//! Asks people by mail to approve of an order: who is asked, how often, with what words. The page that the links lead to is
//! [`crate::api`]'s, and what it does is [`crate::app::approvals`].
//!
//! Links are saved before they are sent, and that they were sent after: a crash between the two sends one mail twice, and
//! never one that leads nowhere.

use std::sync::Arc;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use futures_util::future::join_all;
use np_domain::{
    Timestamp,
    approval::{Approval, Asking, Link, LinkHash, MAILINGS_WINDOW, Mailing},
    certificate::{Actor, CertName, Order, Problem, ValidationAddress, control::EMAIL_ENDS},
    ports::{ApprovalStore, AuthorityError, Clock, LimitScope, StoreError},
    text::Explanation,
};
use sha2::{Digest, Sha256};

use super::mail::{MailError, Mailer};

/// Approvals that ended and are removed at a time.
const SWEEP_MAX: u32 = 100;
/// Where the page stands below the public URL.
pub const PAGE_PATH: &str = "/approve/";

/// Asks for approvals.
pub struct ApprovalDesk {
    store: Arc<dyn ApprovalStore>,
    mailer: Mailer,
    clock: Arc<dyn Clock>,
    settings: DeskSettings,
}

/// How approvals are asked for.
#[derive(Debug, Clone)]
pub struct DeskSettings {
    /// Where people reach the page, without a final slash.
    pub public_url: String,
    /// How often people of one domain are written to within [`MAILINGS_WINDOW`], at most.
    pub mailings_max: u32,
}

/// The hash that is kept of a link's secret.
pub fn link_hash(secret: &str) -> LinkHash {
    Sha256::digest(secret).into()
}

impl ApprovalDesk {
    /// A desk.
    pub fn new(
        store: Arc<dyn ApprovalStore>,
        mailer: Mailer,
        clock: Arc<dyn Clock>,
        settings: DeskSettings,
    ) -> Self {
        Self { store, mailer, clock, settings }
    }

    /// Sends the mails that are wanting for what `asking` asks. Domain by domain: trouble with one hinders no other.
    ///
    /// # Errors
    /// Why some mail was not sent.
    pub async fn ask(
        &self,
        order: &Order,
        asking: &Asking,
        until: Timestamp,
    ) -> Result<(), AuthorityError> {
        let known = self.store.approvals(&order.url).await.map_err(trouble)?;
        let wanted = Approval::of(order, asking, until);
        let asked = join_all(wanted.into_iter().map(|fresh| {
            let kept = known.iter().find(|kept| kept.domain == fresh.domain).cloned();
            self.ask_domain(kept.unwrap_or(fresh), asking)
        }));
        let results = asked.await;
        // What ended is of no use to anybody; whether it goes now or at the next mail matters little.
        if let Err(why) = self.store.sweep_approvals(self.clock.now(), SWEEP_MAX).await {
            tracing::warn!(error = %why, "approvals.not_swept");
        }
        results.into_iter().collect()
    }

    /// Whether somebody approved of this name of the order at `url`.
    ///
    /// # Errors
    /// Why not.
    pub async fn given(&self, url: &Explanation, name: &CertName) -> Result<(), String> {
        let known = self.store.approvals(url).await.map_err(|why| why.to_string())?;
        match known.iter().any(|approval| approval.covers(name).is_some()) {
            true => Ok(()),
            false => Err("nobody has approved it by e-mail".to_owned()),
        }
    }

    async fn ask_domain(&self, approval: Approval, asking: &Asking) -> Result<(), AuthorityError> {
        let now = self.clock.now();
        match approval.mailing(asking.since, now) {
            Mailing::Given | Mailing::Sent => Ok(()),
            Mailing::Paused(until) => Err(limited(
                &format!("mails to {} were sent a moment ago", approval.domain),
                until - now,
            )),
            Mailing::Due => self.mail(approval, now).await,
        }
    }

    async fn mail(&self, mut approval: Approval, now: Timestamp) -> Result<(), AuthorityError> {
        let sent = self.store.mailings(&approval.domain, now - MAILINGS_WINDOW).await;
        if sent.map_err(trouble)? >= u64::from(self.settings.mailings_max) {
            let words = format!(
                "people of {} were written to {} times within a day",
                approval.domain, self.settings.mailings_max
            );
            return Err(limited(&words, time::Duration::hours(1)));
        }
        let secrets: Vec<_> = addresses(&approval).map(|to| (to, secret())).collect();
        let links: Vec<_> = secrets
            .iter()
            .map(|(to, secret)| Link { hash: link_hash(secret), address: to.clone() })
            .collect();
        self.store.ask_approval(&approval, &links).await.map_err(trouble)?;
        let sends = join_all(secrets.iter().map(|(to, secret)| self.send(&approval, to, secret)));
        let results = sends.await;
        if results.iter().all(Result::is_err) {
            return Err(unsent(&approval, results.into_iter().find_map(Result::err)));
        }
        approval.mailings += 1;
        approval.mailed_at = Some(now);
        self.store.ask_approval(&approval, &links).await.map_err(trouble)
    }

    async fn send(
        &self,
        approval: &Approval,
        to: &ValidationAddress,
        secret: &str,
    ) -> Result<(), MailError> {
        let link = format!("{}{PAGE_PATH}{secret}", self.settings.public_url);
        let subject = format!("Approve a certificate for {}", approval.domain);
        let sent = self.mailer.send(to, &subject, text(approval, &link)).await;
        if let Err(why) = &sent {
            // Most domains have some of the five mailboxes only.
            tracing::info!(%to, error = %why, "mail.not_taken");
        }
        sent
    }
}

fn addresses(approval: &Approval) -> impl Iterator<Item = ValidationAddress> {
    // All names of an approval are below its domain: any of them gives the addresses.
    approval.names.first().into_iter().flat_map(|name| ValidationAddress::of(name.base()))
}

/// 256 random bits.
fn secret() -> String {
    BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

fn text(approval: &Approval, link: &str) -> String {
    let names: Vec<_> = approval.names.iter().map(|name| format!("    {name}")).collect();
    format!(
        "Somebody has asked for a certificate for these names of {domain}:\n\
         \n{names}\n\n\
         A certificate lets a web server show that it speaks for a name. Approve only if you know of this, \
         for example because you are about to use a service under your own name.\n\n\
         To see the request, and to approve it, open:\n\n    {link}\n\n\
         Nothing happens until you press the button there. The link can be used once, and ends on {end} at {hour} UTC. \
         If you do not know of this, do nothing: no certificate is issued.\n\n\
         Validation by e-mail ends on {EMAIL_ENDS} for all certificate authorities. A CNAME record does the same without \
         asking you again: ask who sent you here for it.\n",
        domain = approval.domain,
        names = names.join("\n"),
        end = approval.expires_at.date(),
        hour =
            format_args!("{:02}:{:02}", approval.expires_at.hour(), approval.expires_at.minute()),
    )
}

fn unsent(approval: &Approval, why: Option<MailError>) -> AuthorityError {
    let why = why.map_or_else(String::new, |why| why.to_string());
    let words = format!("no mail about {} could be sent: {why}", approval.domain);
    AuthorityError::Refused(Problem { actor: Actor::Provider, message: Explanation::new(words) })
}

fn limited(words: &str, wait: time::Duration) -> AuthorityError {
    AuthorityError::RateLimited {
        scope: LimitScope::Names,
        retry_after: wait.try_into().ok(),
        message: Explanation::new(format!("{words}; the mails sent before are still good")),
    }
}

fn trouble(error: StoreError) -> AuthorityError {
    let words = format!("approvals cannot be had from the store: {error}");
    AuthorityError::Unreachable(Explanation::new(words))
}
