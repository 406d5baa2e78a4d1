//! A CA that does what the test says: it keeps orders, may be down or forgetful, and signs for real.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
};

use async_trait::async_trait;
use np_domain::{
    authority::Limits,
    certificate::{
        Actor, AuthorityName, Control, ControlProof, DcvMethod, Order, Problem, ValidationAddress,
        renewal::Advice,
    },
    ports::{Authority, AuthorityError, OrderStatus, OrderTerms},
    text::Explanation,
};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DnType, IsCa, Issuer,
    KeyPair,
};

use crate::world::Customers;

/// The scripted CA.
pub(crate) struct ScriptedAuthority {
    name: AuthorityName,
    issuer: Issuer<'static, KeyPair>,
    root: Box<[u8]>,
    inner: Mutex<Inner>,
}

/// What the test may look at and change.
pub(crate) struct Inner {
    orders: HashMap<String, At>,
    /// How many orders were placed.
    pub(crate) placed: u32,
    /// Of these, how many as renewals.
    pub(crate) renewals: u32,
    /// When each order was placed that counts against limits.
    pub(crate) placed_at: Vec<time::OffsetDateTime>,
    /// Its limits, which it does not enforce.
    pub(crate) limits: Limits,
    /// When it wants its certificates renewed.
    pub(crate) advice: Option<Advice>,
    /// Takes no order as a renewal.
    pub(crate) no_renewals: bool,
    /// CAA records forbid it to issue: it finds out when it validates.
    pub(crate) forbidden: bool,
    /// How many certificates were signed.
    pub(crate) signed: u32,
    /// The leaves that were revoked.
    pub(crate) revoked: Vec<Box<[u8]>>,
    /// While set, every call fails with it.
    pub(crate) outage: Option<AuthorityError>,
    /// The next verdicts are rejections in these words.
    pub(crate) rejections: Vec<&'static str>,
    /// Whose proofs stand as soon as an order is placed, as by delegation.
    pub(crate) delegated: Option<Arc<Customers>>,
    /// Now, from which on what is signed is valid.
    pub(crate) now: time::OffsetDateTime,
}

enum At {
    Pending,
    Told,
    Rejected(&'static str),
    Valid(Vec<u8>),
}

/// Before and after each exchange with the world: whoever waits here may be dropped (see `steps`).
pub(crate) async fn may_be_interrupted() {
    tokio::task::yield_now().await;
}

/// How long what it signs is valid.
pub(crate) const LIFE: time::Duration = time::Duration::days(90);

impl ScriptedAuthority {
    pub(crate) fn new(now: time::OffsetDateTime) -> Self {
        Self::named(AuthorityName::LetsEncrypt, now)
    }

    pub(crate) fn named(name: AuthorityName, now: time::OffsetDateTime) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "Scripted CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let root = params.self_signed(&key).unwrap().der().to_vec().into_boxed_slice();
        let inner = Inner {
            orders: HashMap::new(),
            placed: 0,
            renewals: 0,
            placed_at: Vec::new(),
            limits: Limits::NONE,
            advice: None,
            no_renewals: false,
            forbidden: false,
            signed: 0,
            revoked: Vec::new(),
            outage: None,
            rejections: Vec::new(),
            delegated: None,
            now,
        };
        Self { name, issuer: Issuer::new(params, key), root, inner: Mutex::new(inner) }
    }

    pub(crate) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    /// Forgets every order, as a CA does that lost its memory.
    pub(crate) fn forget(&self) {
        self.inner().orders.clear();
    }

    fn reachable(&self) -> Result<MutexGuard<'_, Inner>, AuthorityError> {
        let inner = self.inner();
        match &inner.outage {
            Some(why) => Err(why.clone()),
            None => Ok(inner),
        }
    }

    fn place_now(&self, terms: &OrderTerms) -> Result<Order, AuthorityError> {
        let mut inner = self.reachable()?;
        match terms.replaces.is_some() {
            true if inner.no_renewals => {
                let words = Explanation::new("it was replaced already");
                return Err(AuthorityError::NotReplaceable(words));
            }
            true => inner.renewals += 1,
            false => {
                let now = inner.now;
                inner.placed_at.push(now);
            }
        }
        inner.placed += 1;
        let number = inner.placed;
        let url = format!("{}/order/{number}", self.name.as_str());
        inner.orders.insert(url.clone(), At::Pending);
        let controls = terms.names.iter().enumerate().map(|(position, name)| Control {
            name: name.clone(),
            proof: proof(terms.method, terms, number, position),
            satisfied: false,
        });
        let order = Order {
            authority: self.name(),
            url: Explanation::new(url),
            key_type: terms.key_type,
            controls: controls.collect(),
            expires_at: None,
            is_renewal: terms.replaces.is_some(),
        };
        inner.delegated.iter().for_each(|customers| customers.show(&order));
        Ok(order)
    }

    fn tell_now(&self, order: &Order) -> Result<(), AuthorityError> {
        let mut inner = self.reachable()?;
        let rejection = inner.rejections.pop();
        let at = inner.orders.get_mut(order.url.as_str()).ok_or(AuthorityError::OrderGone)?;
        if matches!(at, At::Pending) {
            *at = rejection.map_or(At::Told, At::Rejected);
        }
        Ok(())
    }

    fn sign_now(&self, order: &Order, csr_der: &[u8]) -> Result<OrderStatus, AuthorityError> {
        let mut inner = self.reachable()?;
        let mut request = CertificateSigningRequestParams::from_der(&csr_der.into()).unwrap();
        request.params.not_before = inner.now;
        request.params.not_after = inner.now + LIFE;
        let leaf = request.signed_by(&self.issuer).unwrap();
        inner.signed += 1;
        inner.orders.insert(order.url.as_str().to_owned(), At::Valid(leaf.der().to_vec()));
        Ok(OrderStatus::Valid)
    }
}

fn proof(method: DcvMethod, terms: &OrderTerms, number: u32, position: usize) -> ControlProof {
    let host = terms.names[position].base();
    match method {
        DcvMethod::Http => ControlProof::Http {
            path: Explanation::new(format!(
                "/.well-known/acme-challenge/token-{number}-{position}"
            )),
            body: Explanation::new(format!("token-{number}-{position}.thumbprint")),
        },
        DcvMethod::Txt => ControlProof::Txt {
            name: host.acme_challenge(),
            value: Explanation::new(format!("digest-{number}-{position}")),
        },
        DcvMethod::Email => ControlProof::Email { addresses: ValidationAddress::of(host) },
        DcvMethod::Cname => ControlProof::Cname {
            name: host.as_dns().child(&format!("_{number}-{position}")).unwrap(),
            target: "validate.ca.net".parse().unwrap(),
        },
    }
}

#[async_trait]
impl Authority for ScriptedAuthority {
    fn name(&self) -> AuthorityName {
        self.name
    }

    fn limits(&self) -> Limits {
        self.inner().limits
    }

    async fn renewal_advice(&self, _leaf_der: &[u8]) -> Result<Option<Advice>, AuthorityError> {
        Ok(self.reachable()?.advice.clone())
    }

    async fn place(&self, terms: &OrderTerms) -> Result<Order, AuthorityError> {
        may_be_interrupted().await;
        let placed = self.place_now(terms);
        may_be_interrupted().await;
        placed
    }

    async fn tell(&self, order: &Order) -> Result<(), AuthorityError> {
        may_be_interrupted().await;
        let told = self.tell_now(order);
        may_be_interrupted().await;
        told
    }

    async fn poll(&self, order: &Order) -> Result<OrderStatus, AuthorityError> {
        may_be_interrupted().await;
        let inner = self.reachable()?;
        Ok(match inner.orders.get(order.url.as_str()).ok_or(AuthorityError::OrderGone)? {
            At::Pending => OrderStatus::Pending,
            At::Told if inner.forbidden => OrderStatus::Forbidden(vec![Problem {
                actor: Actor::Customer,
                message: Explanation::new("CAA record for app.customer.com prevents issuance"),
            }]),
            At::Told => OrderStatus::Ready,
            At::Rejected(words) => OrderStatus::Invalid(vec![Problem {
                actor: Actor::Customer,
                message: Explanation::new(words),
            }]),
            At::Valid(_) => OrderStatus::Valid,
        })
    }

    async fn finalize(&self, order: &Order, csr_der: &[u8]) -> Result<OrderStatus, AuthorityError> {
        let status = self.poll(order).await?;
        if status != OrderStatus::Ready {
            return Ok(status);
        }
        let signed = self.sign_now(order, csr_der);
        may_be_interrupted().await;
        signed
    }

    async fn fetch(&self, order: &Order) -> Result<Vec<Box<[u8]>>, AuthorityError> {
        may_be_interrupted().await;
        let inner = self.reachable()?;
        match inner.orders.get(order.url.as_str()) {
            Some(At::Valid(leaf)) => Ok(vec![leaf.clone().into_boxed_slice(), self.root.clone()]),
            _ => Err(AuthorityError::OrderGone),
        }
    }

    async fn revoke(&self, leaf_der: &[u8]) -> Result<(), AuthorityError> {
        self.reachable()?.revoked.push(leaf_der.into());
        may_be_interrupted().await;
        Ok(())
    }
}
