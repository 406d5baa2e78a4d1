//! What happens: a provider adds three customers' hostnames, each customer adds records, and a visitor comes.
//!
//! Each customer proves ownership and control in another way. Every status is what the API says, every piece of evidence
//! what the store's history says.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use http::Method;
use np_control::adapters::clock::SystemClock;
use np_dns::StaticRecord;
use np_domain::{Timestamp, id::HostnameId, ports::Clock as _};
use serde_json::{Value, json};

use super::{
    narrator::Narrator,
    visitor,
    world::{PROVIDER, TARGET, World, dns_name, origin_host},
};

/// How often the API is asked for news.
const POLL_PERIOD: Duration = Duration::from_millis(25);
/// How long one hostname may take.
const HOSTNAME_DEADLINE: Duration = Duration::from_secs(30);
/// The most events of a hostname that are told.
const EVENTS_MAX: u32 = 100;

/// A customer.
pub(super) struct Customer {
    /// The hostname.
    pub(super) hostname: &'static str,
    /// The customer's zone.
    zone: &'static str,
    /// How control is shown.
    way: Way,
    /// What is special, in a sentence.
    pub(super) what: &'static str,
}

/// How a customer shows control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// `_acme-challenge` leads into our delegation domain, once and for all.
    Delegated,
    /// Traffic points here already, so that the edge answers the CA's tokens.
    Http,
    /// TXT records, before traffic moves.
    Txt,
}

/// Who is added.
pub(super) const CUSTOMERS: [Customer; 3] = [
    Customer {
        hostname: "app.acme-bikes.com",
        zone: "acme-bikes.com",
        way: Way::Http,
        what: "points its name here: the CNAME proves ownership, our edge answers the CA's token",
    },
    Customer {
        hostname: "shop.blue-coffee.net",
        zone: "blue-coffee.net",
        way: Way::Txt,
        what: "proves everything by TXT first, and moves its traffic when all is ready",
    },
    Customer {
        hostname: "portal.north-clinic.org",
        zone: "north-clinic.org",
        way: Way::Delegated,
        what: "delegates _acme-challenge to us once, so that renewals need nobody",
    },
];

/// A record that a customer adds.
pub(super) struct CustomerRecord {
    /// Where.
    pub(super) name: String,
    /// What.
    pub(super) record: StaticRecord,
}

/// The story, once there is a zone.
pub(super) struct Story<'w> {
    world: &'w World,
    narrator: &'w Narrator,
    zone: String,
}

/// One hostname on its way.
struct Progress {
    path: String,
    id: HostnameId,
    told: usize,
    started: Instant,
    /// The same moment by the clock that dates events.
    begun: Timestamp,
}

impl<'w> Story<'w> {
    /// The provider adds its zone and fallback origin.
    pub(super) async fn begin(world: &'w World, narrator: &'w Narrator) -> anyhow::Result<Self> {
        CUSTOMERS.iter().try_for_each(|customer| world.add_zone(customer.zone))?;
        let started = Instant::now();
        let zone =
            world.api.call(Method::POST, "/zones", Some(json!({ "name": PROVIDER }))).await?;
        let zone = text(&zone, "id")?;
        let origin = format!("{}:{}", origin_host(), world.origin.port());
        let path = format!("/zones/{zone}/custom_hostnames/fallback_origin");
        world.api.call(Method::PUT, &path, Some(json!({ "origin": origin }))).await?;
        narrator.zone(&zone, &origin, started.elapsed());
        Ok(Self { world, narrator, zone })
    }

    /// One customer's hostname, from the API call to the visitor.
    pub(super) async fn tell(&self, number: usize, customer: &Customer) -> anyhow::Result<()> {
        self.narrator.customer(number, customer);
        let (started, begun) = (Instant::now(), SystemClock.now());
        let ssl = json!({ "type": "dv", "method": customer.method() });
        let path = format!("/zones/{}/custom_hostnames", self.zone);
        let body = json!({ "hostname": customer.hostname, "ssl": ssl });
        let created = self.world.api.call(Method::POST, &path, Some(body)).await?;
        let id = text(&created, "id")?;
        let path = format!("{path}/{id}");
        let mut progress = Progress { id: id.parse()?, path, told: 0, started, begun };
        self.tell_events(&mut progress).await?;
        self.narrator.step(started.elapsed(), "API answers 201", &statuses(&created));
        let shown = self.with_tokens(&progress, created, customer).await?;
        self.add(customer.records(&shown)?, started)?;
        // A PATCH with the same `ssl` asks to look again now.
        self.world.api.call(Method::PATCH, &progress.path, Some(json!({ "ssl": ssl }))).await?;
        self.until_active(&mut progress).await?;
        if customer.way == Way::Txt {
            self.add(vec![customer.traffic()?], started)?;
        }
        self.visit(customer, started).await
    }

    /// The hostname once the CA's tokens are shown: with the create's own reply when the CA was quick.
    async fn with_tokens(
        &self,
        progress: &Progress,
        created: Value,
        customer: &Customer,
    ) -> anyhow::Result<Value> {
        let mut shown = created;
        while customer.way == Way::Txt && shown["ssl"]["validation_records"].get(0).is_none() {
            progress.check_time()?;
            tokio::time::sleep(POLL_PERIOD).await;
            shown = self.world.api.get(&progress.path).await?;
        }
        Ok(shown)
    }

    fn add(&self, records: Vec<CustomerRecord>, started: Instant) -> anyhow::Result<()> {
        self.narrator.records(started.elapsed(), &records);
        records.into_iter().try_for_each(|added| self.world.put(&added.name, added.record))
    }

    /// Waits until both statuses are active, and tells what happens.
    async fn until_active(&self, progress: &mut Progress) -> anyhow::Result<()> {
        loop {
            let shown = self.world.api.get(&progress.path).await?;
            self.tell_events(progress).await?;
            if shown["status"] == "active" && shown["ssl"]["status"] == "active" {
                self.narrator.step(progress.started.elapsed(), "active", &statuses(&shown));
                return Ok(());
            }
            progress.check_time().with_context(|| {
                let (errors, ssl) =
                    (&shown["verification_errors"], &shown["ssl"]["validation_errors"]);
                format!("it stayed at {}; errors: {errors} {ssl}", statuses(&shown))
            })?;
            tokio::time::sleep(POLL_PERIOD).await;
        }
    }

    async fn tell_events(&self, progress: &mut Progress) -> anyhow::Result<()> {
        let mut events = self.world.stores.history.history(progress.id, EVENTS_MAX).await?;
        events.reverse();
        for event in events.iter().skip(progress.told) {
            self.narrator.event((event.at - progress.begun).unsigned_abs(), event);
        }
        progress.told = events.len();
        Ok(())
    }

    async fn visit(&self, customer: &Customer, started: Instant) -> anyhow::Result<()> {
        let (edge, root) = (self.world.https, &self.world.root);
        let visit = visitor::visit(edge, customer.hostname, root).await?;
        ensure!(visit.status.is_success(), "the visitor got {}: {}", visit.status, visit.body);
        let expected = format!("host={}", customer.hostname);
        ensure!(
            visit.body.contains(&expected),
            "the origin did not see {expected}: {}",
            visit.body
        );
        self.narrator.visit(started.elapsed(), &visit);
        Ok(())
    }
}

impl Progress {
    fn check_time(&self) -> anyhow::Result<()> {
        let took = self.started.elapsed();
        match took > HOSTNAME_DEADLINE {
            true => bail!("not active after {took:.1?}"),
            false => Ok(()),
        }
    }
}

impl Customer {
    /// `ssl.method`
    pub(super) fn method(&self) -> &'static str {
        match self.way {
            Way::Http => "http",
            Way::Delegated | Way::Txt => "txt",
        }
    }

    /// What the customer adds, from what the API shows.
    fn records(&self, shown: &Value) -> anyhow::Result<Vec<CustomerRecord>> {
        Ok(match self.way {
            Way::Delegated => {
                let delegation = &shown["ssl"]["dcv_delegation_records"][0];
                let target = dns_name(&text(delegation, "cname_target")?)?;
                let name = text(delegation, "cname")?;
                vec![self.traffic()?, CustomerRecord { name, record: StaticRecord::Cname(target) }]
            }
            Way::Http => vec![self.traffic()?],
            Way::Txt => {
                let ownership = &shown["ownership_verification"];
                let control = &shown["ssl"]["validation_records"][0];
                vec![
                    txt(text(ownership, "name")?, text(ownership, "value")?),
                    txt(text(control, "txt_name")?, text(control, "txt_value")?),
                ]
            }
        })
    }

    /// The record that brings visitors here.
    fn traffic(&self) -> anyhow::Result<CustomerRecord> {
        let record = StaticRecord::Cname(dns_name(TARGET)?);
        Ok(CustomerRecord { name: self.hostname.to_owned(), record })
    }
}

fn txt(name: String, value: String) -> CustomerRecord {
    CustomerRecord { name, record: StaticRecord::Txt(value) }
}

fn statuses(shown: &Value) -> String {
    let word = |value: &Value| value.as_str().unwrap_or("absent").to_owned();
    format!("hostname {}, certificate {}", word(&shown["status"]), word(&shown["ssl"]["status"]))
}

/// A text that a reply must have.
fn text(value: &Value, key: &str) -> anyhow::Result<String> {
    let found = value[key].as_str().map(str::to_owned);
    found.with_context(|| format!("the reply has no {key}: {value}"))
}
