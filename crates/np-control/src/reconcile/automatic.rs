//! Whether a renewal can be validated by HTTP without the customer: the world's side of
//! [`np_domain::certificate::automatic`].

use np_domain::{
    certificate::{Certificate, DcvMethod, Holder, Tries, automatic},
    custom_hostname::CustomHostname,
    name::DnsName,
    ownership::CNAME_DEPTH_MAX,
    ports::{LookupFailure, StoreError},
    zone::CnameTarget,
};

use super::World;

/// The method by which an order is to be validated. A look that fails is no reason for anything but the chosen one.
pub(super) async fn method(
    world: &World,
    holder: &Holder,
    certificate: &Certificate,
    tries: &Tries,
) -> Result<DcvMethod, StoreError> {
    let chosen = certificate.wanted.method;
    let Holder::Hostname(hostname) = holder else { return Ok(chosen) };
    let is_served = hostname.ownership.proof().is_some();
    let authority = world.authorities.get(certificate.wanted.authority);
    let is_offered = authority.is_some_and(|ca| ca.methods().fit(DcvMethod::Http, false));
    if !is_served
        || !is_offered
        || !automatic::is_possible(certificate, tries, world.settings.automatic)
    {
        return Ok(chosen);
    }
    Ok(if leads_here(world, hostname).await? { DcvMethod::Http } else { chosen })
}

/// Whether the hostname's CNAMEs end at its zone at this moment.
async fn leads_here(world: &World, hostname: &CustomHostname) -> Result<bool, StoreError> {
    let Some(zone) = world.stores.zones.zone(hostname.zone).await? else { return Ok(false) };
    let target = CnameTarget::of(&zone, world.settings.cdn_domain.as_ref());
    let last = end_of_chain(world, hostname.name.as_dns()).await;
    Ok(matches!(last, Ok(Some(last)) if target.accepts(&last)))
}

/// The last name of the CNAMEs from `start`; `None` when there is none, or more than are followed.
async fn end_of_chain(world: &World, start: &DnsName) -> Result<Option<DnsName>, LookupFailure> {
    let mut last = None;
    for _ in 0..=CNAME_DEPTH_MAX {
        match world.resolver.cname(last.as_ref().unwrap_or(start)).await? {
            Some(next) => last = Some(next),
            None => return Ok(last),
        }
    }
    Ok(None)
}
