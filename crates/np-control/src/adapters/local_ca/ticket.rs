//! An order's URL: what the order is for, under a code that only this CA can make. The tokens follow from the same key,
//! so that nothing about an order needs to be remembered, and a forged or altered one is not known here.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use hmac::{Hmac, KeyInit, Mac};
use np_domain::{
    Timestamp,
    certificate::{
        AuthorityName, CertName, Control, ControlProof, DcvMethod, KeyType, Order,
        ValidationAddress,
    },
    name::{DnsName, InvalidName},
    ports::OrderTerms,
    text::Explanation,
};
use sha2::Sha256;

use super::standings::OrderId;

/// The scheme of an order's URL.
const SCHEME: &str = "local-ca:";

/// The key that orders are signed with.
pub(super) type OrderKey = [u8; 32];

/// What proofs are made from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Making<'a> {
    pub(super) key: &'a OrderKey,
    /// Where CNAMEs lead that prove control.
    pub(super) cname_target: &'a DnsName,
}

/// What an order is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ticket {
    pub(super) id: OrderId,
    /// The end of the order, in whole seconds.
    pub(super) until: Timestamp,
    pub(super) names: Vec<CertName>,
    pub(super) key_type: KeyType,
    /// The end of the certificate, in whole seconds, when one was wished for.
    pub(super) not_after: Option<Timestamp>,
    authority: AuthorityName,
    method: DcvMethod,
}

impl Ticket {
    /// A new order, with an id drawn at random.
    pub(super) fn new(authority: AuthorityName, terms: &OrderTerms, until: Timestamp) -> Self {
        Self {
            id: rand::random(),
            until: whole_seconds(until),
            not_after: terms.not_after.map(whole_seconds),
            names: terms.names.clone(),
            key_type: terms.key_type,
            authority,
            method: terms.method,
        }
    }

    /// What the order is for; `None` when it is not of this CA, or says something else than when it was placed.
    pub(super) fn of(authority: AuthorityName, order: &Order, making: Making<'_>) -> Option<Self> {
        let mut parts = order.url.as_str().strip_prefix(SCHEME)?.split('/');
        let (id, until, code) = (parts.next()?, parts.next()?, parts.next()?);
        let not_after = match parts.next() {
            Some(seconds) => Some(moment(seconds)?),
            None => None,
        };
        let mut ticket = Self {
            id: [0; 16],
            until: moment(until)?,
            not_after,
            names: order.controls.iter().map(|control| control.name.clone()).collect(),
            key_type: order.key_type,
            authority,
            method: order.controls.first()?.proof.method(),
        };
        hex::decode_to_slice(id, &mut ticket.id).ok()?;
        let code = BASE64_URL_SAFE_NO_PAD.decode(code).ok()?;
        ticket.mac(making.key, "order").verify_slice(&code).ok()?;
        // The names are as ordered; are the proofs, too?
        let proofs = |controls: &[Control]| -> Vec<_> {
            controls.iter().map(|control| control.proof.clone()).collect()
        };
        let controls = ticket.controls(making).ok()?;
        (proofs(&controls) == proofs(&order.controls)).then_some(ticket)
    }

    pub(super) fn url(&self, key: &OrderKey) -> Explanation {
        let code = BASE64_URL_SAFE_NO_PAD.encode(self.mac(key, "order").finalize().into_bytes());
        let until = self.until.unix_timestamp();
        let end =
            self.not_after.map(|end| format!("/{}", end.unix_timestamp())).unwrap_or_default();
        Explanation::new(format!("{SCHEME}{}/{until}/{code}{end}", hex::encode(self.id)))
    }

    /// The proofs that are wanted.
    ///
    /// # Errors
    /// When a name leaves no room for one.
    pub(super) fn controls(&self, making: Making<'_>) -> Result<Vec<Control>, InvalidName> {
        let control = |name: &CertName| {
            let token = self.mac(making.key, &format!("token for {name}")).finalize().into_bytes();
            let proof = self.proof(name, &token, making.cname_target)?;
            Ok(Control { name: name.clone(), proof, satisfied: false })
        };
        self.names.iter().map(control).collect()
    }

    fn proof(
        &self,
        name: &CertName,
        token: &[u8],
        cname_target: &DnsName,
    ) -> Result<ControlProof, InvalidName> {
        Ok(match self.method {
            DcvMethod::Http => {
                let token = BASE64_URL_SAFE_NO_PAD.encode(token);
                let (path, rest) = token.split_at(token.len() / 2);
                ControlProof::Http {
                    path: Explanation::new(format!("/.well-known/acme-challenge/{path}")),
                    body: Explanation::new(format!("{path}.{rest}")),
                }
            }
            DcvMethod::Txt => ControlProof::Txt {
                name: name.base().acme_challenge(),
                value: Explanation::new(BASE64_URL_SAFE_NO_PAD.encode(token)),
            },
            DcvMethod::Email => {
                ControlProof::Email { addresses: ValidationAddress::of(name.base()) }
            }
            // DNS does not tell upper case from lower: 128 bits in hexadecimal.
            DcvMethod::Cname => ControlProof::Cname {
                name: name.base().as_dns().child(&format!("_{}", hex::encode(&token[..16])))?,
                target: cname_target.clone(),
            },
        })
    }

    /// A code over everything that the ticket says, for one purpose. No field can be taken for another: names have no
    /// spaces, and all others are of one length or end in one.
    fn mac(&self, key: &OrderKey, purpose: &str) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
        mac.update(&self.id);
        let until = self.until.unix_timestamp();
        let (authority, method, key_type) = (self.authority.as_str(), self.method, self.key_type);
        mac.update(format!("{until} {authority} {method:?} {key_type:?} ").as_bytes());
        if let Some(end) = self.not_after {
            mac.update(format!("until {} ", end.unix_timestamp()).as_bytes());
        }
        for name in &self.names {
            mac.update(format!("{name} ").as_bytes());
        }
        mac.update(format!("/ {purpose}").as_bytes());
        mac
    }
}

fn whole_seconds(at: Timestamp) -> Timestamp {
    at - time::Duration::nanoseconds(i64::from(at.nanosecond()))
}

fn moment(seconds: &str) -> Option<Timestamp> {
    Timestamp::from_unix_timestamp(seconds.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const KEY: OrderKey = [7; 32];
    const NAME: AuthorityName = AuthorityName::Google;

    fn with_key<T>(key: &OrderKey, then: impl FnOnce(Making<'_>) -> T) -> T {
        then(Making { key, cname_target: &"validate.ca.net".parse().unwrap() })
    }

    fn placed(method: DcvMethod) -> (Ticket, Order) {
        let names = vec![CertName::Exact("app.customer.com".parse().unwrap())];
        // With an end in one of the two, so that both forms of the URL are read.
        let not_after = (method == DcvMethod::Txt).then_some(datetime!(2026-12-13 10:00:00.25 UTC));
        let terms =
            OrderTerms { names, method, key_type: KeyType::P256, not_after, replaces: None };
        let ticket = Ticket::new(NAME, &terms, datetime!(2026-11-29 10:00:00.5 UTC));
        let order = Order {
            authority: NAME,
            url: ticket.url(&KEY),
            key_type: KeyType::P256,
            controls: with_key(&KEY, |making| ticket.controls(making)).unwrap(),
            expires_at: None,
            is_renewal: false,
        };
        (ticket, order)
    }

    #[test]
    fn an_order_says_what_it_is_for() {
        for (method, _) in DcvMethod::ALL {
            let (ticket, order) = placed(method);
            assert_eq!(with_key(&KEY, |making| Ticket::of(NAME, &order, making)), Some(ticket));
        }
    }

    #[test]
    fn an_altered_order_is_not_known() {
        let (_, order) = placed(DcvMethod::Txt);
        let (_, other) = placed(DcvMethod::Txt);
        let of = |order: &Order| with_key(&KEY, |making| Ticket::of(NAME, order, making));
        let stranger = CertName::Exact("app.victim.com".parse().unwrap());
        let mut renamed = order.clone();
        renamed.controls[0].name = stranger;
        let mut easier = order.clone();
        easier.controls[0].proof = other.controls[0].proof.clone();
        let (endless, _) = order.url.as_str().rsplit_once('/').unwrap();
        let longer = order.url.as_str().replace("/17", "/18");
        for altered in [
            renamed,
            easier,
            Order { url: other.url.clone(), ..order.clone() },
            Order { url: Explanation::new(longer), ..order.clone() },
            Order { key_type: KeyType::Rsa2048, ..order.clone() },
            Order { controls: Vec::new(), ..order.clone() },
            Order { url: Explanation::new(endless), ..order.clone() },
            Order { url: Explanation::new(format!("{}0", order.url)), ..order.clone() },
            Order { url: Explanation::new("https://ca/order/1"), ..order.clone() },
        ] {
            assert_eq!(of(&altered), None, "{altered:?}");
        }
        let other_ca = AuthorityName::SslCom;
        assert_eq!(with_key(&KEY, |making| Ticket::of(other_ca, &order, making)), None);
        assert_eq!(with_key(&[8; 32], |making| Ticket::of(NAME, &order, making)), None);
    }
}
