//! Looking for the records that a domain is likely to have where its DNS is now, before it is moved here: which names are
//! asked for which types, and what of the answers is worth proposing.

use std::collections::HashSet;

use super::{Content, RecordKind, RecordName, name::RecordNameError};
use crate::{
    name::{DnsName, Hostname},
    zone::Zone,
};

/// What may stand at the zone's own name.
const AT_APEX: [RecordKind; 5] =
    [RecordKind::A, RecordKind::Aaaa, RecordKind::Mx, RecordKind::Txt, RecordKind::Caa];
/// What hosts have.
const OF_HOSTS: [RecordKind; 2] = [RecordKind::A, RecordKind::Aaaa];

/// Hosts that many domains have.
const HOSTS: [&str; 36] = [
    "www",
    "mail",
    "webmail",
    "smtp",
    "imap",
    "pop",
    "pop3",
    "mx",
    "mx1",
    "mx2",
    "autodiscover",
    "autoconfig",
    "ftp",
    "sftp",
    "ns1",
    "ns2",
    "api",
    "app",
    "blog",
    "shop",
    "store",
    "cdn",
    "static",
    "assets",
    "img",
    "dev",
    "staging",
    "test",
    "admin",
    "portal",
    "vpn",
    "remote",
    "m",
    "docs",
    "support",
    "status",
];
/// Names at which mail and other services say something about the domain, in TXT.
const TEXTS: [&str; 10] = [
    "_dmarc",
    "_mta-sts",
    "_smtp._tls",
    "default._bimi",
    "default._domainkey",
    "dkim._domainkey",
    "google._domainkey",
    "k1._domainkey",
    "selector1._domainkey",
    "selector2._domainkey",
];
/// Services that are found by SRV.
const SERVICES: [&str; 8] = [
    "_autodiscover._tcp",
    "_sip._tls",
    "_sipfederationtls._tcp",
    "_xmpp-client._tcp",
    "_xmpp-server._tcp",
    "_caldavs._tcp",
    "_carddavs._tcp",
    "_imaps._tcp",
];

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The name. [`Plan::probe`] stands for `*`.
    pub name: DnsName,
    /// The type. A CNAME at the name is an answer too.
    pub kind: RecordKind,
}

/// What a scan of a zone asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    zone: Hostname,
    /// A name that nobody has made: what it has, the zone's wildcard has.
    probe: Option<DnsName>,
    /// The questions, in the order in which finds are shown.
    pub questions: Vec<Question>,
}

impl Plan {
    /// What to ask for a zone.
    pub fn of(zone: &Zone) -> Self {
        let apex = zone.name.as_dns();
        let probe = apex.child(&format!("no-such-name-{}", zone.delegation)).ok();
        let below = |labels: &'static [&'static str], kinds: &'static [RecordKind]| {
            let names = labels.iter().filter_map(|label| apex.child(label).ok());
            names.flat_map(move |name| questions(name, kinds))
        };
        let mut all: Vec<_> = questions(apex.clone(), &AT_APEX).collect();
        all.extend(probe.iter().cloned().flat_map(|name| questions(name, &OF_HOSTS)));
        all.extend(below(&HOSTS, &OF_HOSTS));
        all.extend(below(&TEXTS, &[RecordKind::Txt]));
        all.extend(below(&SERVICES, &[RecordKind::Srv]));
        Self { zone: zone.name.clone(), probe, questions: all }
    }

    /// What is worth proposing of what was found: each record once, and what comes from the zone's wildcard only as the
    /// wildcard's.
    pub fn finds(&self, found: Vec<(Question, Vec<Content>)>) -> Vec<(RecordName, Content)> {
        let is_probe = |question: &Question| self.probe.as_ref() == Some(&question.name);
        let wild: HashSet<Content> = found
            .iter()
            .filter(|(question, _)| is_probe(question))
            .flat_map(|(_, contents)| contents.iter().cloned())
            .collect();
        let mut seen = HashSet::new();
        let mut finds = Vec::new();
        for (question, contents) in found {
            let Ok(name) = self.record_name(&question) else { continue };
            let comes_from_wildcard = !wild.is_empty()
                && !is_probe(&question)
                && question.name != *self.zone.as_dns()
                && contents.iter().all(|content| wild.contains(content));
            if comes_from_wildcard {
                continue;
            }
            let new =
                contents.into_iter().filter(|content| seen.insert((name.clone(), content.clone())));
            finds.extend(new.map(|content| (name.clone(), content)));
        }
        finds
    }

    fn record_name(&self, question: &Question) -> Result<RecordName, RecordNameError> {
        match self.probe.as_ref() == Some(&question.name) {
            true => format!("*.{}", self.zone).parse(),
            false => question.name.as_str().parse(),
        }
    }
}

fn questions(name: DnsName, kinds: &'static [RecordKind]) -> impl Iterator<Item = Question> {
    kinds.iter().map(move |kind| Question { name: name.clone(), kind: *kind })
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::{
        delegation::DelegationId,
        dns_record::Given,
        id::{AccountId, ZoneId},
        zone::{self, State, ZoneKind},
    };

    fn plan() -> Plan {
        let now = datetime!(2026-11-30 12:00 UTC);
        Plan::of(&Zone {
            id: ZoneId::from_bytes([1; 16]),
            account: AccountId::from_bytes([1; 16]),
            name: "shop.com".parse().unwrap(),
            kind: ZoneKind::Full,
            delegation: DelegationId::from_bytes([1; 8]),
            fallback: None,
            state: State::automatic(now),
            paused: false,
            original_name_servers: None,
            settings: zone::Settings::default(),
            hold: None,
            created_at: now,
            modified_at: now,
            version: 0,
        })
    }

    fn address(text: &str) -> Content {
        let given = Given { content: Some(text), ..Given::default() };
        Content::parse(RecordKind::A, given).unwrap()
    }

    #[test]
    fn what_a_wildcard_answers_is_proposed_once_and_each_find_once() {
        let plan = plan();
        let asked = |name: &str| Question { name: name.parse().unwrap(), kind: RecordKind::A };
        let probe = Question { name: plan.probe.clone().unwrap(), kind: RecordKind::A };
        let (wild, own) = (address("192.0.2.1"), address("192.0.2.2"));
        let found = plan.finds(vec![
            (asked("shop.com"), vec![wild.clone()]),
            (probe, vec![wild.clone()]),
            (asked("www.shop.com"), vec![wild.clone()]),
            (asked("mail.shop.com"), vec![own.clone()]),
            (asked("mail.shop.com"), vec![own.clone()]),
        ]);
        let found: Vec<_> =
            found.iter().map(|(name, content)| (name.as_str(), content.clone())).collect();
        let expected = [("shop.com", wild.clone()), ("*.shop.com", wild), ("mail.shop.com", own)];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_scan_asks_for_the_apex_first_and_a_bounded_number_of_things() {
        let questions = plan().questions;
        assert_eq!(questions[0].name.as_str(), "shop.com");
        assert!(questions.iter().any(|q| q.name.as_str() == "_dmarc.shop.com"));
        assert!(questions.len() < 120, "{}", questions.len());
    }
}
