//! Roles in processes of their own.

use std::path::Path;

use np_testkit::dns::{DnsServer, RecordType};
use np_testkit::ports::loopback;
use np_testkit::postgres::Postgres;
use np_testkit::program;
use serde_json::{Value, json};

use crate::api::{Provider, text};
use crate::nameplate::{Nameplate, Ports};
use crate::world::{DELEGATION, Ground, TARGET};

/// Hostnames that two controls share.
const HOSTNAMES: usize = 10;

#[tokio::test]
async fn two_controls_on_one_database_order_each_certificate_once() {
    let postgres = Postgres::shared().await.unwrap();
    let url = postgres.fresh_database().unwrap();
    let pair = program::on_free_ports(async || Pair::start(&url).await).await.unwrap();

    let ssl = json!({ "type": "dv", "method": "http" });
    let mut ids = Vec::new();
    for number in 0..HOSTNAMES {
        let host = format!("app{number}.customer.com");
        pair.ground.names.set(&host, RecordType::CNAME, &[&format!("{TARGET}.")]);
        let created = pair.by(number).create(&host, &ssl).await.unwrap();
        ids.push((host, text(&created, "id")));
    }
    let visitor = pair.ground.visitor(&pair.edge.ports).await.unwrap();
    for (number, (host, id)) in ids.iter().enumerate() {
        // Asked of the one that did not create it.
        pair.by(number + 1).until_active(id).await.unwrap();
        crate::visitor::served(&visitor, host).await;
    }
    let ordered: Vec<Value> =
        pair.controls.iter().flat_map(|control| control.events("certificate.ordered")).collect();
    assert_eq!(ordered.len(), HOSTNAMES, "{ordered:#?}");
}

/// Two controls, an edge that follows one, and a name server that follows the other.
struct Pair {
    provider: Provider,
    edge: Nameplate,
    /// Held, not asked.
    _dns: Nameplate,
    controls: [Nameplate; 2],
    ground: Ground<DnsServer>,
}

impl Pair {
    async fn start(database: &str) -> anyhow::Result<Self> {
        let [first, second, edge, dns] =
            [Ports::choose()?, Ports::choose()?, Ports::choose()?, Ports::choose()?];
        let ground = Ground::start(edge.http, |_| ()).await?;
        ground.names.forward(DELEGATION, loopback(dns.dns));
        let mut configuration = ground.configuration(&first);
        configuration["store"]["url"] = json!(database);
        configuration["checks"]["http_port"] = json!(edge.http);
        let control = Nameplate::start("control", first, configuration).await?;

        let mut configuration = ground.configuration(&second);
        configuration["store"]["url"] = json!(database);
        configuration["checks"]["http_port"] = json!(edge.http);
        configuration["data"]["master_key_file"] = json!(control.data("master.key"));
        configuration["feed"]["key_file"] = json!(control.data("feed.key"));
        let other = Nameplate::start("control", second, configuration).await?;

        let key = control.data("feed.key");
        let edge = follower("edge", edge, &ground, &control, &key).await?;
        let dns = follower("dns", dns, &ground, &other, &key).await?;
        let provider = Provider::set_up(control.api()?, ground.origin.address().port()).await?;
        Ok(Self { provider, edge, _dns: dns, controls: [control, other], ground })
    }

    /// The provider at one of the two APIs.
    fn by(&self, number: usize) -> Provider {
        let port = self.controls[number % self.controls.len()].ports.api;
        self.provider.at(port)
    }
}

#[tokio::test]
async fn an_edge_serves_on_without_control_and_finds_it_again() {
    let (ground, mut control, mut edge) = program::on_free_ports(async || {
        let (ports, edge) = (Ports::choose()?, Ports::choose()?);
        let ground = Ground::start(edge.http, |_| ()).await?;
        let mut configuration = ground.configuration(&ports);
        configuration["checks"]["http_port"] = json!(edge.http);
        let control = Nameplate::start("control", ports, configuration).await?;
        let edge = follower("edge", edge, &ground, &control, &control.data("feed.key")).await?;
        Ok((ground, control, edge))
    })
    .await
    .unwrap();
    let api = control.api().unwrap();
    let provider = Provider::set_up(api, ground.origin.address().port()).await.unwrap();
    let visitor = ground.visitor(&edge.ports).await.unwrap();
    serve_one(&ground, &provider, "one.customer.com").await;
    crate::visitor::served(&visitor, "one.customer.com").await;

    control.stop().await.unwrap();
    visitor.https("one.customer.com", "/").await.unwrap();
    edge.stop().await.unwrap();
    edge.start_again().await.unwrap();
    let visit = visitor.https("one.customer.com", "/").await.unwrap();
    assert_eq!(visit.answer.status, 200);

    control.start_again().await.unwrap();
    serve_one(&ground, &provider, "two.customer.com").await;
    crate::visitor::served(&visitor, "two.customer.com").await;
}

async fn serve_one(ground: &Ground<DnsServer>, provider: &Provider, host: &str) {
    ground.names.set(host, RecordType::CNAME, &[&format!("{TARGET}.")]);
    let ssl = json!({ "type": "dv", "method": "http" });
    let id = text(&provider.create(host, &ssl).await.unwrap(), "id");
    provider.until_active(&id).await.unwrap();
}

/// A node that follows a control's feed.
async fn follower(
    role: &'static str,
    ports: Ports,
    ground: &Ground<DnsServer>,
    control: &Nameplate,
    key: &Path,
) -> anyhow::Result<Nameplate> {
    let mut configuration = ground.configuration(&ports);
    configuration["feed"]["url"] = json!(format!("http://{}", loopback(control.ports.feed)));
    configuration["feed"]["key_file"] = json!(key);
    Nameplate::start(role, ports, configuration).await
}
