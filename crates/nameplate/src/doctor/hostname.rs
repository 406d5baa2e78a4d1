//! A hostname, from the database that the configuration names and from the world: one that was added, or is to be.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use np_control::{
    adapters::{clock::SystemClock, http_probe::HttpTokenProbe},
    api,
    app::diagnostics::{Diagnostics, Issuers},
    stores::Stores,
};
use np_domain::{
    certificate::AuthorityName,
    custom_hostname::HostnameRecord,
    diagnosis::Issuer,
    id::HostnameId,
    name::Hostname,
    ports::{
        Clock as _, Direction, HostnameFilter, HostnameList, NameFilter, Order, Page, Start,
        ZoneFilter,
    },
    text::Explanation,
    zone::Zone,
};
use serde_json::{Value, json};

use crate::{
    compose::control,
    config::{Config, Loaded, authorities::Driver},
    failure::Failure,
};

/// Zones that are looked through for the hostname.
const ZONES_MAX: u32 = 1000;

/// Examines the hostname `text`.
pub(super) async fn examine(
    loaded: &Loaded,
    text: &str,
    zone: Option<&str>,
) -> Result<Value, Failure> {
    let name =
        Hostname::parse(text).map_err(|why| anyhow::anyhow!("{text} is no hostname: {why}"))?;
    let stores = Stores::of(Arc::new(control::open_store(loaded).await?));
    let zones = zones(&stores, zone).await?;
    let (zone, record) = place(&stores, &zones, &name).await?;
    let diagnostics = diagnostics(loaded)?;
    let report = diagnostics.examine(&zone, &name, record.clone(), SystemClock.now()).await;
    let mut found = api::diagnosis(&report);
    found["zone"] = json!(zone.name.as_str());
    if record.is_none() {
        found["to_do"] = json!(to_do(&diagnostics, &zone, &name));
        let hindrances = hindrances(loaded, &stores, &zone, &name).await?;
        if let Some(findings) = found["findings"].as_array_mut() {
            findings.splice(0..0, hindrances);
        }
    }
    Ok(found)
}

/// The zones that may have it.
async fn zones(stores: &Stores, name: Option<&str>) -> anyhow::Result<Vec<Zone>> {
    let page = Page { number: 1, size: ZONES_MAX };
    let (zones, _) = stores
        .zones
        .list_zones(&ZoneFilter::default(), page)
        .await
        .context("the zones cannot be read")?;
    let named = |zone: &Zone| name.is_none_or(|name| zone.name.as_str().eq_ignore_ascii_case(name));
    let zones: Vec<_> = zones.into_iter().filter(named).collect();
    match (zones.is_empty(), name) {
        (true, Some(name)) => bail!("there is no zone {name}; add it first"),
        (true, None) => bail!("there is no zone yet; add one first: POST /client/v4/zones"),
        (false, _) => Ok(zones),
    }
}

/// Where the hostname is, or, when there is only one zone, where it would be.
async fn place(
    stores: &Stores,
    zones: &[Zone],
    name: &Hostname,
) -> anyhow::Result<(Zone, Option<HostnameRecord>)> {
    for zone in zones {
        let list = HostnameList {
            filter: HostnameFilter {
                name: Some(NameFilter::Exact(Explanation::new(name.as_str()))),
                ..HostnameFilter::default()
            },
            order: Order::default(),
            direction: Direction::default(),
            start: Start::Page(1),
            size: 1,
            now: SystemClock.now(),
        };
        let page = stores.hostnames.list(zone.id, &list).await.context("the hostnames")?;
        if let Some(record) = page.records.into_iter().next() {
            return Ok((zone.clone(), Some(record)));
        }
    }
    match zones {
        [only] => Ok((only.clone(), None)),
        _ => bail!("{name} was not added to any zone; say with --zone to which it is to be added"),
    }
}

fn diagnostics(loaded: &Loaded) -> Result<Diagnostics, Failure> {
    let config = &loaded.config;
    let probe = HttpTokenProbe::new(config.checks.probe(), control::resolver(loaded)?);
    let inspector = control::inspector(loaded, probe, Arc::new(SystemClock))?;
    let issuers = issuers(config);
    let domain = config.dns.domain(&config.platform).map_err(|why| loaded.blame("dns", why))?;
    let cdn_domain = config.platform.cdn_domain();
    let issuers: Issuers = Arc::new(move || issuers.clone());
    let prefixes = config.ownership.rules().prefixes;
    Ok(Diagnostics::new(inspector, issuers, domain, cdn_domain, prefixes))
}

/// The configured CAs, the default first; without our accounts there, which only control knows.
fn issuers(config: &Config) -> Vec<Issuer> {
    let default = AuthorityName::from(config.certificates.default_authority);
    let mut issuers: Vec<_> = config
        .authorities
        .iter()
        .map(|(word, authority)| match authority.driver {
            Driver::Local => Issuer::without_caa((*word).into()),
            Driver::Acme => Issuer::public((*word).into(), None),
        })
        .collect();
    issuers.sort_by_key(|issuer| issuer.authority != default);
    issuers
}

/// What is to be done for a hostname that was not added, in order.
fn to_do(diagnostics: &Diagnostics, zone: &Zone, name: &Hostname) -> Vec<String> {
    let (target, delegation) = diagnostics.records(zone, name);
    let mut steps = vec![
        format!(
            "The provider adds it: POST /client/v4/zones/{}/custom_hostnames with {{\"hostname\": \"{name}\", \"ssl\": \
             {{\"method\": \"http\", \"type\": \"dv\"}}}}",
            zone.id
        ),
        format!("The customer adds the record: {name} CNAME {target}"),
    ];
    steps.extend(delegation.map(|delegation| {
        format!(
            "For a wildcard, or a certificate before the name leads here (method txt), the customer adds the record: {} CNAME \
             {delegation}",
            name.acme_challenge()
        )
    }));
    steps
}

/// What would hinder it that DNS does not show.
async fn hindrances(
    loaded: &Loaded,
    stores: &Stores,
    zone: &Zone,
    name: &Hostname,
) -> anyhow::Result<Vec<Value>> {
    let finding = |verdict: &str, check: &str, message: String| json!({"check": check, "verdict": verdict, "actor": "provider", "message": message, "evidence": [], "remedies": []});
    let mut found = Vec::new();
    if *name == zone.name {
        let message = format!("{name} is the zone's own name, which cannot be a custom hostname.");
        found.push(finding("problem", "add.zone_name", message));
    }
    let most = loaded.config.api.hostnames_per_zone_max;
    let count = stores.hostnames.count(zone.id).await.context("the hostnames")?;
    if most > 0 && count >= most {
        let message = format!(
            "{} has all {most} hostnames that it may have: remove some, or raise api.hostnames_per_zone_max.",
            zone.name
        );
        found.push(finding("problem", "add.zone_full", message));
    }
    let nobody = HostnameId::from_bytes([0; 16]);
    for rival in stores.hostnames.proven_rivals(name, nobody).await.context("the hostnames")? {
        let message = format!(
            "Another zone ({}) has proven {name}. It may be added here; once it is proven here, it moves away from there.",
            rival.zone
        );
        found.push(finding("notice", "add.proven_elsewhere", message));
    }
    Ok(found)
}
