//! Approvals: how control is shown by e-mail. Whoever reads mail for a domain is asked, opens a link, and presses a button.
//!
//! One approval is asked for per order and domain, and covers the order's names there. Each of the five addresses
//! ([`ValidationAddress`]) gets a link of its own; a new mail takes the place of those before. Only the hash of a link's
//! secret is kept. An approval is given once, and ends with its order.

use std::time::Duration;

use crate::{
    Timestamp,
    certificate::{AuthorityName, CertName, ControlProof, Order, ValidationAddress},
    id::{PackId, ZoneId},
    name::DnsName,
    text::Explanation,
};

/// Mails about one order are at least this far apart, however often they are asked for.
pub const RESEND_PAUSE: Duration = Duration::from_secs(300);
/// Within how long mails about one domain are counted.
pub const MAILINGS_WINDOW: Duration = Duration::from_secs(24 * 3600);

/// Somebody's approval of an order, wanted or given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// The order's URL at the CA.
    pub order: Explanation,
    /// The domain whose people are asked.
    pub domain: DnsName,
    /// The names on the certificate that it covers.
    pub names: Vec<CertName>,
    /// The CA.
    pub authority: AuthorityName,
    /// The zone of the certificate.
    pub zone: ZoneId,
    /// The certificate that the order is for.
    pub certificate: PackId,
    /// When it can be given no more.
    pub expires_at: Timestamp,
    /// How often mails were sent.
    pub mailings: u32,
    /// When the last ones were.
    pub mailed_at: Option<Timestamp>,
    /// That it was given.
    pub given: Option<Given>,
}

/// That an approval was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// When.
    pub at: Timestamp,
    /// By whoever reads mail there.
    pub by: ValidationAddress,
}

/// The secret of a link, as it is kept: SHA-256.
pub type LinkHash = [u8; 32];

/// A link in a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The hash of its secret.
    pub hash: LinkHash,
    /// To whom it was sent.
    pub address: ValidationAddress,
}

/// What asks for an approval: a certificate's attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asking {
    /// The zone.
    pub zone: ZoneId,
    /// The certificate.
    pub certificate: PackId,
    /// Since when it is asked for. A mail that was sent later is enough.
    pub since: Timestamp,
}

/// Whether mails are to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mailing {
    /// They are.
    Due,
    /// They were sent.
    Sent,
    /// They are asked for again, too soon after the last ones: not before this time.
    Paused(Timestamp),
    /// The approval was given.
    Given,
}

impl Approval {
    /// The approvals that `order` waits for, one per domain, none of them asked for yet.
    pub fn of(order: &Order, asking: &Asking, expires_at: Timestamp) -> Vec<Self> {
        let mut approvals: Vec<Self> = Vec::new();
        for control in order.controls.iter().filter(|control| !control.satisfied) {
            let ControlProof::Email { addresses } = &control.proof else { continue };
            let Some(domain) = addresses.first().map(ValidationAddress::domain) else { continue };
            match approvals.iter_mut().find(|approval| approval.domain == *domain) {
                Some(approval) => approval.names.push(control.name.clone()),
                None => approvals.push(Self {
                    order: order.url.clone(),
                    domain: domain.clone(),
                    names: vec![control.name.clone()],
                    authority: order.authority,
                    zone: asking.zone,
                    certificate: asking.certificate,
                    expires_at,
                    mailings: 0,
                    mailed_at: None,
                    given: None,
                }),
            }
        }
        approvals
    }

    /// Whether mails are to be sent for what is asked since `since`.
    pub fn mailing(&self, since: Timestamp, now: Timestamp) -> Mailing {
        match (&self.given, self.mailed_at) {
            (Some(_), _) => Mailing::Given,
            (None, None) => Mailing::Due,
            (None, Some(at)) if at >= since => Mailing::Sent,
            (None, Some(at)) if at + RESEND_PAUSE > now => Mailing::Paused(at + RESEND_PAUSE),
            (None, Some(_)) => Mailing::Due,
        }
    }

    /// Whether it was given for this name.
    pub fn covers(&self, name: &CertName) -> Option<&Given> {
        self.given.as_ref().filter(|_| self.names.contains(name))
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::certificate::{Control, KeyType};

    const NOW: Timestamp = datetime!(2026-11-30 12:00 UTC);

    fn order(names: &[&str]) -> Order {
        let control = |name: &&str| {
            let name: CertName = name.parse().unwrap();
            let addresses = ValidationAddress::of(name.base());
            Control { name, proof: ControlProof::Email { addresses }, satisfied: false }
        };
        Order {
            authority: AuthorityName::Google,
            url: Explanation::new("local-ca:1"),
            key_type: KeyType::P256,
            controls: names.iter().map(control).collect(),
            expires_at: None,
            is_renewal: false,
        }
    }

    fn asking() -> Asking {
        let (zone, certificate) = (ZoneId::from_bytes([1; 16]), PackId::from_bytes([2; 16]));
        Asking { zone, certificate, since: NOW }
    }

    #[test]
    fn people_of_a_domain_are_asked_once_for_all_its_names() {
        let order = order(&["app.a.com", "*.app.a.com", "b.co.uk"]);
        let approvals = Approval::of(&order, &asking(), NOW);
        let asked: Vec<_> = approvals.iter().map(|a| (a.domain.as_str(), a.names.len())).collect();
        assert_eq!(asked, [("a.com", 2), ("b.co.uk", 1)]);
    }

    #[test]
    fn mails_are_sent_once_for_each_time_they_are_asked_for_with_pauses() {
        let minutes = |n: i64| NOW + time::Duration::minutes(n);
        let by = "admin@a.com".parse::<ValidationAddress>().unwrap();
        let given = Some(Given { at: NOW, by });
        for (mailed_at, since, given, expected) in [
            (None, NOW, None, Mailing::Due),
            (Some(NOW), minutes(-60), None, Mailing::Sent),
            (Some(minutes(-3)), NOW, None, Mailing::Paused(minutes(2))),
            (Some(minutes(-5)), NOW, None, Mailing::Due),
            (Some(minutes(-5)), NOW, given, Mailing::Given),
        ] {
            let mut approval = Approval::of(&order(&["a.com"]), &asking(), NOW).remove(0);
            (approval.mailed_at, approval.given) = (mailed_at, given);
            assert_eq!(approval.mailing(since, NOW), expected, "{mailed_at:?}");
        }
    }

    #[test]
    fn an_approval_covers_the_names_that_were_shown() {
        let mut approval = Approval::of(&order(&["app.a.com"]), &asking(), NOW).remove(0);
        let name: CertName = "app.a.com".parse().unwrap();
        assert_eq!(approval.covers(&name), None, "it was not given");
        let by = "postmaster@a.com".parse().unwrap();
        approval.given = Some(Given { at: NOW, by });
        assert!(approval.covers(&name).is_some());
        assert_eq!(approval.covers(&"*.app.a.com".parse().unwrap()), None);
    }
}
