//! The last day of a certificate that could not be renewed: looks for another one that covers the name, in the same zone, and
//! puts it in its place. [`np_domain::certificate::standin`] chooses.

use np_domain::{
    certificate::{
        CertName, Certificate, Holder,
        order::Step,
        standin::{self, Offer},
        urgency,
    },
    custom_hostname::CustomHostname,
    event::EventKind,
    name::Hostname,
    ports::{
        Direction, HostnameFilter, HostnameList, NameFilter, Order, Publish, Start, StoreError,
    },
    text::Explanation,
};

use super::World;

/// The step that puts another certificate in the place of one that ends; `None` when none is wanted, or there is none.
pub(super) async fn step(
    world: &World,
    holder: &Holder,
    certificate: &mut Certificate,
) -> Result<Option<Step>, StoreError> {
    let now = world.clock.now();
    if !standin::is_wanted(certificate, now) {
        return Ok(None);
    }
    let offers = match holder {
        Holder::Hostname(hostname) => offers(world, hostname, certificate).await?,
        Holder::Pack(_) => Vec::new(),
    };
    let names: Vec<CertName> = holder.names(certificate);
    let Some(chosen) = standin::choose(certificate, &names, &offers, now) else { return Ok(None) };
    certificate.active = chosen;
    let serials: Vec<_> = certificate
        .active
        .iter()
        .map(|active| active.issued.chain.facts().serial.to_string())
        .collect();
    let until = urgency::served_until(certificate, now);
    let detail = format!("the renewal has failed: {} is served: {until}", serials.join(", "));
    Ok(Some(Step {
        state: certificate.attempt.clone(),
        event: Some((EventKind::CertificateStoodIn, Explanation::new(detail))),
        publish: Publish::Yes,
    }))
}

/// What the zone has that may cover the name: the wildcard of the hostname above, and its packs.
async fn offers(
    world: &World,
    hostname: &CustomHostname,
    certificate: &Certificate,
) -> Result<Vec<Offer>, StoreError> {
    let mut offers = Vec::new();
    if let Some(above) = above(&hostname.name) {
        offers.extend(of_hostname(world, hostname, &above).await?);
    }
    let packs = world.stores.packs.packs(hostname.zone).await?;
    let others = packs.into_iter().map(|record| record.certificate);
    offers.extend(others.map(|certificate| offer(&certificate)));
    offers.retain(|offer| offer.from != certificate.id);
    Ok(offers)
}

async fn of_hostname(
    world: &World,
    hostname: &CustomHostname,
    above: &str,
) -> Result<Option<Offer>, StoreError> {
    let list = HostnameList {
        filter: HostnameFilter {
            name: Some(NameFilter::Exact(Explanation::new(above))),
            ..HostnameFilter::default()
        },
        order: Order::default(),
        direction: Direction::default(),
        start: Start::Page(1),
        size: 1,
        now: world.clock.now(),
    };
    let page = world.stores.hostnames.list(hostname.zone, &list).await?;
    // What is not proven is not served for anybody.
    let proven = page.records.into_iter().find(|r| r.hostname.ownership.proof().is_some());
    Ok(proven.and_then(|record| record.certificate).map(|certificate| offer(&certificate)))
}

fn above(name: &Hostname) -> Option<String> {
    name.as_str().split_once('.').map(|(_, above)| above.to_owned())
}

/// What is served of it, of its own.
fn offer(certificate: &Certificate) -> Offer {
    let own = certificate.active.iter().map(|active| &active.issued);
    let certificates = own.filter(|issued| !issued.origin.is_borrowed()).cloned().collect();
    Offer { from: certificate.id, certificates }
}
