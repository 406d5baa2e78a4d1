//! What a serving node is told about a zone's certificate pack.

use std::collections::BTreeMap;

use super::{Delegation, ServedCertificate, without_doubles};
use crate::{
    Timestamp,
    certificate::{CertName, Certificate, ControlProof},
    certificate_pack::{Pack, PackKind, PackRecord},
    delegation::DelegationDomain,
    id::{PackId, ZoneId},
    name::{DnsName, Hostname},
    text::Explanation,
    zone::{Zone, ZoneKind},
};

/// What serving nodes know of a pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackEntry {
    /// The pack's id.
    pub pack: PackId,
    /// Whose hosts it covers.
    pub zone: ZoneId,
    /// Who ordered it.
    pub kind: PackKind,
    /// When: of two packs of one kind for a name, the later one is served.
    pub ordered_at: Timestamp,
    /// The names that it covers.
    pub hosts: Vec<CertName>,
    /// What is answered on port 80 of single hosts.
    pub tokens: Vec<HostToken>,
    /// What DNS answers in TXT for the CA: the hosts' places in our delegation domain always, and of a zone whose DNS is
    /// ours also `_acme-challenge.<host>` while an order is open.
    pub challenges: Vec<Delegation>,
    /// The certificates; empty while there is none.
    pub certificates: Vec<ServedCertificate>,
}

/// A body to answer at a path of one host, on port 80, to whoever asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostToken {
    /// The host.
    pub host: Hostname,
    /// The path, beginning with `/.well-known/`.
    pub path: Explanation,
    /// The body.
    pub body: Explanation,
}

/// What serving nodes must know of a pack of `zone`; `None` when they must forget it. A host too long to be delegated has
/// no place in the delegation domain.
///
/// Of a zone whose name is not shown to be its account's nothing is served, and our edges and our DNS show no proofs
/// under its names: they would prove somebody else's names, which lead to us as customers' do. The same holds for single
/// hosts that a zone of another account is closer to. Its place in the delegation domain is its own, and nobody leads there
/// but who means it.
///
/// `around` has the zones at and above the hosts.
pub fn pack_entry(
    record: &PackRecord,
    zone: &Zone,
    around: &[Zone],
    domain: &DelegationDomain,
) -> Option<PackEntry> {
    let (pack, certificate) = (&record.pack, &record.certificate);
    if pack.leaving_since.is_some() {
        return None;
    }
    let has = |host: &Hostname| zone.has(host.as_dns(), around);
    let is_shown = |host: &Hostname| zone.state.is_active() && has(host);
    let hosts: Vec<_> =
        pack.hosts.as_slice().iter().filter(|host| has(host.base())).cloned().collect();
    Some(PackEntry {
        pack: pack.id,
        zone: pack.zone,
        kind: pack.kind,
        ordered_at: pack.created_at,
        tokens: tokens(certificate, is_shown),
        challenges: challenges(pack, certificate, zone, is_shown, domain),
        certificates: match zone.state.is_active() && !hosts.is_empty() {
            true => certificate.to_serve().into_iter().map(Into::into).collect(),
            false => Vec::new(),
        },
        hosts,
    })
}

fn tokens(certificate: &Certificate, is_shown: impl Fn(&Hostname) -> bool) -> Vec<HostToken> {
    let controls = certificate.open_order().into_iter().flat_map(|order| &order.controls);
    let shown = controls.filter(|control| is_shown(control.name.base()));
    let http = shown.filter_map(|control| match &control.proof {
        ControlProof::Http { path, body } => Some(HostToken {
            host: control.name.base().clone(),
            path: path.clone(),
            body: body.clone(),
        }),
        ControlProof::Txt { .. } | ControlProof::Email { .. } | ControlProof::Cname { .. } => None,
    });
    http.collect()
}

fn challenges(
    pack: &Pack,
    certificate: &Certificate,
    zone: &Zone,
    is_shown: impl Fn(&Hostname) -> bool,
    domain: &DelegationDomain,
) -> Vec<Delegation> {
    let mut challenges = Vec::new();
    for base in pack.hosts.bases() {
        let values = values(certificate, base);
        let txt = without_doubles(values.values().flatten().cloned());
        if zone.kind == ZoneKind::Full && is_shown(base) {
            let own = values.into_iter();
            challenges.extend(
                own.map(|(name, txt)| Delegation { name, txt: without_doubles(txt.into_iter()) }),
            );
        }
        if let Ok(name) = domain.target(base, zone.delegation) {
            challenges.push(Delegation { name, txt });
        }
    }
    challenges
}

/// The TXT values of the open order that are about `base`, by the name that they belong at.
fn values(certificate: &Certificate, base: &Hostname) -> BTreeMap<DnsName, Vec<Explanation>> {
    let mut values: BTreeMap<DnsName, Vec<Explanation>> = BTreeMap::new();
    let controls = certificate.open_order().into_iter().flat_map(|order| &order.controls);
    for control in controls.filter(|control| control.name.base() == base) {
        if let ControlProof::Txt { name, value } = &control.proof {
            values.entry(name.clone()).or_default().push(value.clone());
        }
    }
    values
}

#[cfg(test)]
mod tests;
