//! The built-in CA, for development, demonstrations and private networks: trusted by nobody who has not been given its
//! root, and as strict as a public one. It looks for the proof of control itself before it signs, each time, and signs
//! for nothing that it has not looked at.
//!
//! What it has seen and signed is only in memory. [`ticket`] makes an order's URL say what it is for, so that after a
//! restart an order is looked at again instead of being trusted or lost; a chain that was not fetched by then is gone,
//! and its order with it. [`root`] holds the key, which all processes share, sealed.

mod root;
mod standings;
mod ticket;

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::join_all;
use np_domain::{
    approval::Asking,
    certificate::{
        Actor, AuthorityName, Control, ControlProof, DcvMethod, Methods, Order, Problem,
    },
    diagnosis::Issuer,
    name::DnsName,
    ports::{
        Authority, AuthorityError, Clock, HttpProbe, OrderStatus, OrderTerms, ProbeRequest,
        Resolver, SecretStore, Vault,
    },
    text::Explanation,
};
use time::Duration;

pub use self::root::LocalCaError;
use self::{
    root::Root,
    standings::{Standing, Standings},
    ticket::{Making, Ticket},
};
use super::approval_desk::ApprovalDesk;

/// The most names of one order, as with Let's Encrypt.
pub const NAMES_MAX: usize = 100;

const USER_AGENT: &str = "Nameplate local CA";

/// How this CA behaves.
#[derive(Debug, Clone)]
pub struct LocalSettings {
    /// Which of the API's CAs it stands for.
    pub name: AuthorityName,
    /// How long a certificate lives.
    pub leaf_life: Duration,
    /// How long an order can be completed.
    pub order_life: Duration,
    /// Where CNAMEs lead that prove control. Nothing needs to be there.
    pub cname_target: DnsName,
}

impl LocalSettings {
    /// Certificates of 90 days, orders of 7.
    pub fn new(name: AuthorityName, cname_target: DnsName) -> Self {
        Self { name, leaf_life: Duration::days(90), order_life: Duration::days(7), cname_target }
    }
}

/// The built-in CA.
pub struct LocalAuthority {
    settings: LocalSettings,
    root: Root,
    standings: Standings,
    resolver: Arc<dyn Resolver>,
    probe: Arc<dyn HttpProbe>,
    clock: Arc<dyn Clock>,
    desk: Option<Arc<ApprovalDesk>>,
}

#[async_trait]
impl Authority for LocalAuthority {
    fn name(&self) -> AuthorityName {
        self.settings.name
    }

    fn issuer(&self) -> Issuer {
        Issuer::without_caa(self.settings.name)
    }

    fn methods(&self) -> Methods {
        let all = Methods::new(DcvMethod::ALL.map(|(method, _)| method));
        match self.desk {
            Some(_) => all,
            None => all.lacking(DcvMethod::Email),
        }
    }

    async fn place(&self, terms: &OrderTerms) -> Result<Order, AuthorityError> {
        if terms.names.is_empty() || terms.names.len() > NAMES_MAX {
            let words = format!("an order has 1 to {NAMES_MAX} names, not {}", terms.names.len());
            return Err(refused(&words));
        }
        if !self.methods().fit_names(terms.method, &terms.names) {
            return Err(refused(&self.unfit(terms)));
        }
        let until = self.clock.now() + self.settings.order_life;
        let ticket = Ticket::new(self.settings.name, terms, until);
        let controls = ticket.controls(self.making()).map_err(|why| {
            refused(&format!("no proof by method {} fits: {why}", terms.method.as_str()))
        })?;
        self.standings.set(ticket.id, Standing::Placed);
        Ok(Order {
            authority: self.settings.name,
            url: ticket.url(&self.root.order_key),
            key_type: terms.key_type,
            controls,
            expires_at: Some(ticket.until),
            is_renewal: false,
        })
    }

    async fn invite(&self, order: &Order, asking: &Asking) -> Result<(), AuthorityError> {
        let ticket = self.ticket(order)?;
        match &self.desk {
            Some(desk) => desk.ask(order, asking, ticket.until).await,
            None => Ok(()),
        }
    }

    async fn tell(&self, order: &Order) -> Result<(), AuthorityError> {
        let ticket = self.ticket(order)?;
        self.standings.tell(ticket.id);
        Ok(())
    }

    async fn poll(&self, order: &Order) -> Result<OrderStatus, AuthorityError> {
        let ticket = self.ticket(order)?;
        Ok(self.standing(&ticket).await.status())
    }

    async fn finalize(&self, order: &Order, csr_der: &[u8]) -> Result<OrderStatus, AuthorityError> {
        let ticket = self.ticket(order)?;
        let mut standing = self.standing(&ticket).await;
        if matches!(standing, Standing::Validated) {
            let chain = self.root.sign(csr_der, &ticket, self.settings.leaf_life, self.clock.now());
            standing = Standing::Issued(chain.map_err(|error| refused(&error.to_string()))?);
            self.standings.set(ticket.id, standing.clone());
        }
        Ok(standing.status())
    }

    async fn fetch(&self, order: &Order) -> Result<Vec<Box<[u8]>>, AuthorityError> {
        let ticket = self.ticket(order)?;
        match self.standings.of(ticket.id) {
            Some(Standing::Issued(chain)) => Ok(chain),
            _ => Err(AuthorityError::OrderGone),
        }
    }
}

impl LocalAuthority {
    /// The CA with the key that `secrets` keep, which is made at the first start.
    ///
    /// # Errors
    /// When the key cannot be made, kept, opened or read.
    pub async fn open(
        settings: LocalSettings,
        resolver: Arc<dyn Resolver>,
        probe: Arc<dyn HttpProbe>,
        clock: Arc<dyn Clock>,
        secrets: &dyn SecretStore,
        vault: &dyn Vault,
    ) -> Result<Self, LocalCaError> {
        let root = Root::open(secrets, vault, clock.now()).await?;
        let standings = Standings::default();
        Ok(Self { settings, root, standings, resolver, probe, clock, desk: None })
    }

    /// The same CA, which validates by e-mail too.
    #[must_use]
    pub fn with_desk(mut self, desk: Arc<ApprovalDesk>) -> Self {
        self.desk = Some(desk);
        self
    }

    /// The root certificate in PEM, for those who are to trust this CA.
    pub fn root_pem(&self) -> &str {
        &self.root.pem
    }

    /// Why the names cannot be validated by this method, and by which they can.
    fn unfit(&self, terms: &OrderTerms) -> String {
        let wildcard = terms.names.iter().find(|name| name.is_wildcard());
        let fitting = self.methods().fitting(wildcard.is_some());
        let fitting: Vec<_> = fitting.into_iter().map(DcvMethod::as_str).collect();
        let names = wildcard.or(terms.names.first()).map(ToString::to_string).unwrap_or_default();
        format!(
            "the local authority does not validate {names} by method {}; set ssl.method to one that it offers: {}",
            terms.method.as_str(),
            fitting.join(", ")
        )
    }

    fn making(&self) -> Making<'_> {
        Making { key: &self.root.order_key, cname_target: &self.settings.cname_target }
    }

    /// What the order is for, if it is one of ours and its time is not over.
    fn ticket(&self, order: &Order) -> Result<Ticket, AuthorityError> {
        Ticket::of(self.settings.name, order, self.making())
            .filter(|ticket| ticket.until > self.clock.now())
            .ok_or(AuthorityError::OrderGone)
    }

    /// Where the order stands, after a look at its proofs if that was asked for, or if nothing is known of it any more.
    async fn standing(&self, ticket: &Ticket) -> Standing {
        match self.standings.of(ticket.id) {
            Some(Standing::Told) | None => {
                let looked = self.validate(ticket).await;
                self.standings.set(ticket.id, looked.clone());
                looked
            }
            Some(known) => known,
        }
    }

    async fn validate(&self, ticket: &Ticket) -> Standing {
        // A ticket is only ever made with proofs that fit.
        let controls = ticket.controls(self.making()).unwrap_or_default();
        let url = ticket.url(&self.root.order_key);
        let looks = join_all(controls.iter().map(|control| self.look(&url, control))).await;
        let problems: Vec<_> = looks.into_iter().filter_map(Result::err).collect();
        match problems.is_empty() && controls.len() == ticket.names.len() {
            true => Standing::Validated,
            false => Standing::Failed(problems),
        }
    }

    /// Looks for one proof of the order at `url`.
    async fn look(&self, url: &Explanation, control: &Control) -> Result<(), Problem> {
        let seen = match &control.proof {
            ControlProof::Http { path, body } => {
                let host = control.name.base().clone();
                let request = ProbeRequest { host, path: path.clone(), user_agent: USER_AGENT };
                let reply = self.probe.fetch(&request).await.map_err(|why| why.to_string());
                reply.and_then(|reply| match reply.body.as_str().trim_end() == body.as_str() {
                    true => Ok(()),
                    false => Err(format!(
                        "{} answered {path} with something else than the token",
                        reply.from
                    )),
                })
            }
            ControlProof::Txt { name, value } => {
                let found = self.resolver.txt(name).await;
                let found = found.map_err(|why| format!("looking up TXT at {name} failed: {why}"));
                found.and_then(|found| match found.iter().any(|seen| seen.value == *value) {
                    true => Ok(()),
                    false => Err(format!("no TXT record at {name} has the value {value}")),
                })
            }
            ControlProof::Cname { name, target } => match self.resolver.cname(name).await {
                Ok(Some(seen)) if seen == *target => Ok(()),
                Ok(Some(seen)) => Err(format!("the CNAME at {name} leads to {seen}, not {target}")),
                Ok(None) => Err(format!("there is no CNAME at {name}")),
                Err(why) => Err(format!("looking up CNAME at {name} failed: {why}")),
            },
            ControlProof::Email { .. } => match &self.desk {
                Some(desk) => desk.given(url, &control.name).await,
                None => Err("no mail can be sent".to_owned()),
            },
        };
        seen.map_err(|why| Problem {
            actor: Actor::Customer,
            message: Explanation::new(format!("{}: {why}", control.name)),
        })
    }
}

fn refused(words: &str) -> AuthorityError {
    AuthorityError::Refused(Problem { actor: Actor::Provider, message: Explanation::new(words) })
}
