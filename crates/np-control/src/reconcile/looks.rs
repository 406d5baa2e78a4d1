//! The looks of one ownership check: TXT, HTTP, CNAME and addresses, all at once, until one of them is a proof.

use futures_util::{
    StreamExt as _,
    future::{BoxFuture, FutureExt as _},
    stream::FuturesUnordered,
};
use np_domain::{
    custom_hostname::{CustomHostname, OWNERSHIP_PATH, OWNERSHIP_USER_AGENT},
    name::DnsName,
    ownership::{self, CNAME_DEPTH_MAX, Challenge, CnameChain, Observation, Seen, State},
    ports::{LookupFailure, ProbeFailure, ProbeRequest, Resolver, StoreError, TxtAnswer},
    text::Explanation,
    zone::{CnameTarget, Zone},
};

use super::{World, rules::Current};

/// What one look showed.
enum Look {
    Addresses(Result<Vec<std::net::IpAddr>, LookupFailure>),
    Cname(Result<CnameChain, LookupFailure>),
    Http(Result<Seen, ProbeFailure>),
    Txt(Result<TxtAnswer, LookupFailure>),
}

/// What must be seen, and what was. What is active is looked for by its CNAME and addresses first: as long as these lead
/// here, nobody asks for tokens.
pub(super) async fn look(
    world: &World,
    hostname: &CustomHostname,
    zone: &Zone,
    rules: &Current,
) -> Result<(Challenge, Observation), StoreError> {
    let mut challenge = Challenge {
        token: hostname.token,
        target: zone.state.is_active().then(|| target(world, zone)),
        has_origin: zone.fallback.is_some() || hostname.origin.is_some(),
        prefixes: rules.prefixes(zone.account).to_vec(),
        terms: world.settings.watch,
    };
    let mut seen = unseen();
    let rounds = match &hostname.ownership {
        State::Proven(_) => {
            vec![where_it_leads(world, hostname, &challenge), tokens(world, hostname)]
        }
        _ => {
            let mut all = where_it_leads(world, hostname, &challenge);
            all.extend(tokens(world, hostname));
            vec![all]
        }
    };
    for round in rounds {
        let mut looks: FuturesUnordered<_> = round.into_iter().collect();
        while let Some(look) = looks.next().await {
            match look {
                Look::Addresses(found) => seen.addresses = found,
                Look::Http(found) => seen.http = found,
                Look::Txt(found) => seen.txt = found,
                Look::Cname(found) => {
                    seen.cname = found;
                    if !is_closest(world, zone, &seen).await? {
                        challenge.target = None;
                    }
                }
            }
            // The first proof will do: a slow web server keeps nobody waiting whose TXT record is there.
            if ownership::is_proof(&challenge, &seen) {
                return Ok((challenge, seen));
            }
        }
    }
    Ok((challenge, seen))
}

/// Before any look.
fn unseen() -> Observation {
    let not_looked = || Explanation::new("not looked for");
    Observation {
        txt: Err(LookupFailure::Other(not_looked())),
        http: Err(ProbeFailure::Other(not_looked())),
        cname: Err(LookupFailure::Other(not_looked())),
        addresses: Err(LookupFailure::NoRecords),
    }
}

type Looks<'a> = Vec<BoxFuture<'a, Look>>;

fn where_it_leads<'a>(
    world: &'a World,
    hostname: &'a CustomHostname,
    challenge: &Challenge,
) -> Looks<'a> {
    let name = hostname.name.as_dns();
    let mut looks: Looks<'a> = vec![cname_chain(&*world.resolver, name).map(Look::Cname).boxed()];
    if !challenge.prefixes.is_empty() {
        let addresses = async move { Look::Addresses(world.resolver.all_addresses(name).await) };
        looks.push(addresses.boxed());
    }
    looks
}

fn tokens<'a>(world: &'a World, hostname: &'a CustomHostname) -> Looks<'a> {
    let txt = async move { Look::Txt(world.resolver.txt(&hostname.name.ownership_txt()).await) };
    vec![txt.boxed(), fetch(world, hostname).map(Look::Http).boxed()]
}

/// Whether what the CNAME leads to is this zone's, and not that of a zone below it in another account.
async fn is_closest(world: &World, zone: &Zone, seen: &Observation) -> Result<bool, StoreError> {
    let Ok(CnameChain::To(names)) = &seen.cname else { return Ok(true) };
    let Some(last) = names.last() else { return Ok(true) };
    let place = world.settings.cdn_domain.as_ref().and_then(|cdn| last.below(cdn));
    let place = place.as_ref().unwrap_or(last);
    if !place.is_within(zone.name.as_str()) {
        return Ok(true);
    }
    let around = world.stores.zones.zones_around(std::slice::from_ref(place)).await?;
    Ok(zone.has(place, &around))
}

fn target(world: &World, zone: &Zone) -> CnameTarget {
    CnameTarget::of(zone, world.settings.cdn_domain.as_ref())
}

async fn fetch(world: &World, hostname: &CustomHostname) -> Result<Seen, ProbeFailure> {
    let path = Explanation::new(format!("{OWNERSHIP_PATH}{}", hostname.id));
    let request =
        ProbeRequest { host: hostname.name.clone(), path, user_agent: OWNERSHIP_USER_AGENT };
    let reply = world.probe.fetch(&request).await?;
    Ok(Seen { value: reply.body, from: Explanation::new(reply.from.to_string()) })
}

async fn cname_chain(
    resolver: &dyn Resolver,
    start: &DnsName,
) -> Result<CnameChain, LookupFailure> {
    let mut names = Vec::new();
    while let Some(next) = resolver.cname(names.last().unwrap_or(start)).await? {
        if next == *start || names.contains(&next) {
            return Ok(CnameChain::Loop);
        }
        if names.len() == CNAME_DEPTH_MAX {
            return Ok(CnameChain::TooLong);
        }
        names.push(next);
    }
    Ok(if names.is_empty() { CnameChain::None } else { CnameChain::To(names) })
}
