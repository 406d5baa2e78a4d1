//! A certificate authority: the steps of one order, each idempotent, none waiting for the CA.

use std::time::Duration;

use async_trait::async_trait;
use thiserror::Error;

use crate::{
    Timestamp,
    approval::Asking,
    authority::Limits,
    certificate::{
        Actor, AuthorityName, CertName, DcvMethod, KeyType, Methods, Order, Problem,
        renewal::Advice,
    },
    diagnosis::Issuer,
    text::Explanation,
};

/// How the text of [`AuthorityError::RateLimited`] says what it is: a state keeps only the text.
pub const RATE_LIMIT_WORDS: &str = "has reached a rate limit";

/// What an order is to be for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderTerms {
    /// The names.
    pub names: Vec<CertName>,
    /// How control will be shown.
    pub method: DcvMethod,
    /// The kind of key, carried into the [`Order`].
    pub key_type: KeyType,
    /// When the certificate shall end; `None`: as the CA has it. A CA that takes no wish issues as it has it, too.
    pub not_after: Option<Timestamp>,
    /// The leaf, in DER, of the same CA's certificate that it renews (RFC 9773 section 5).
    pub replaces: Option<Box<[u8]>>,
}

/// Where an order stands at the CA (RFC 8555 section 7.1.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderStatus {
    /// Some name is not validated yet.
    Pending,
    /// Every name is validated; a request may be sent.
    Ready,
    /// The request was sent; the certificate is being made.
    Processing,
    /// The certificate can be fetched.
    Valid,
    /// It failed, for these reasons in the CA's own words.
    Invalid(Vec<Problem>),
    /// It failed because CAA records do not let this CA issue.
    Forbidden(Vec<Problem>),
}

/// Whom a limit of the CA's holds up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitScope {
    /// Our account: every order.
    Account,
    /// The order's own names.
    Names,
}

/// Why a step failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AuthorityError {
    /// The CA asks for patience.
    #[error("the certificate authority {RATE_LIMIT_WORDS}: {message}")]
    RateLimited {
        /// What is limited.
        scope: LimitScope,
        /// How long, as far as the CA said.
        retry_after: Option<Duration>,
        /// The CA's words.
        message: Explanation,
    },
    /// The CA will not issue for these names under these terms.
    #[error("the certificate authority refused the order: {}", .0.message)]
    Refused(Problem),
    /// CAA records do not let this CA issue for the names: another one may.
    #[error("{}", .0.message)]
    Forbidden(Problem),
    /// The CA does not take the order as the renewal of what the terms name; without that it may.
    #[error("the certificate authority does not take the order as a renewal: {0}")]
    NotReplaceable(Explanation),
    /// The order is not known at the CA, or not any more: a new one is needed.
    #[error("the order is not known at the certificate authority")]
    OrderGone,
    /// The CA cannot be reached, or fails by itself.
    #[error("the certificate authority cannot be reached: {0}")]
    Unreachable(Explanation),
    /// Our account or its configuration is at fault.
    #[error("the account at the certificate authority cannot be used: {0}")]
    Account(Explanation),
}

/// A CA. Every call is safe to repeat after a crash: placing an order twice gives two orders, of which one is
/// forgotten; telling, finalizing and fetching twice does no more than once.
#[async_trait]
pub trait Authority: Send + Sync {
    /// Which of the API's CAs this driver stands for.
    fn name(&self) -> AuthorityName;

    /// How CAA records know it. What it costs to know our account is not spent for this.
    fn issuer(&self) -> Issuer {
        Issuer::public(self.name(), None)
    }

    /// The methods that it validates by: a call that asks for another is refused, and a CA that cannot do the method that
    /// is wanted never stands in for one that fails ([`Methods::fit_names`]).
    fn methods(&self) -> Methods {
        Methods::acme()
    }

    /// How often it may be asked.
    fn limits(&self) -> Limits {
        Limits::NONE
    }

    /// Places an order and gives it with the proof wanted for each name.
    async fn place(&self, terms: &OrderTerms) -> Result<Order, AuthorityError>;

    /// Asks the CA to see that those know of the order who must approve of it by e-mail. Mails that were sent since this was
    /// asked for are enough, so that it may be repeated at will.
    async fn invite(&self, order: &Order, asking: &Asking) -> Result<(), AuthorityError> {
        let (_, _) = (order, asking);
        Ok(())
    }

    /// Tells the CA that all proofs of the order are visible.
    async fn tell(&self, order: &Order) -> Result<(), AuthorityError>;

    /// Asks where the order stands.
    async fn poll(&self, order: &Order) -> Result<OrderStatus, AuthorityError>;

    /// Sends the certificate request (PKCS#10 in DER) if the order is ready for one, and says where it stands now. An order
    /// that has its request already is left as it is.
    async fn finalize(&self, order: &Order, csr_der: &[u8]) -> Result<OrderStatus, AuthorityError>;

    /// Fetches the chain of a valid order: certificates in DER, leaf first.
    async fn fetch(&self, order: &Order) -> Result<Vec<Box<[u8]>>, AuthorityError>;

    /// Revokes a certificate of its own, given by its leaf in DER (RFC 8555 section 7.6). One that is revoked already is no
    /// error; [`AuthorityError::Refused`] when it never will.
    async fn revoke(&self, _leaf_der: &[u8]) -> Result<(), AuthorityError> {
        let message = Explanation::new("this certificate authority does not revoke");
        Err(AuthorityError::Refused(Problem { actor: Actor::Provider, message }))
    }

    /// Asks when to renew the certificate with this leaf in DER, which it issued; `None` when it does not say (RFC 9773).
    async fn renewal_advice(&self, _leaf_der: &[u8]) -> Result<Option<Advice>, AuthorityError> {
        Ok(None)
    }
}
