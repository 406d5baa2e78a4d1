//! What stands around the program: a CA, name servers, an origin. Two kinds of names: a DNS server in the test's process, and a
//! customer's Knot behind Unbound.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use np_testkit::dns::{DnsServer, RecordType};
use np_testkit::knot::{Knot, Zone};
use np_testkit::origin::Origin;
use np_testkit::pebble::{Options, Pebble};
use np_testkit::program;
use np_testkit::unbound::Unbound;
use serde_json::{Value, json};

use crate::api::{ORIGIN, PROVIDER, Provider};
use crate::nameplate::{Nameplate, Ports, configuration};
use crate::visitor::Visitor;

/// How long a change may take to be seen from outside. Generous: tests run beside compilers.
pub(crate) const WITHIN: Duration = Duration::from_secs(60);
/// What customers point at.
pub(crate) const TARGET: &str = "customers.saasprovider.com";
/// The customer's zone.
pub(crate) const CUSTOMER: &str = "customer.com";
/// The domain that customers delegate to.
pub(crate) const DELEGATION: &str = "dcv.nameplate-platform.net";

/// What the provider's zone has at Knot: what customers point at, and what any domain has.
const PROVIDERS_RECORDS: &str = "customers A 127.0.0.1\norigin A 127.0.0.1\nwww CNAME customers\n\
    @ MX 10 mail\nmail A 192.0.2.9\n@ TXT \"v=spf1 -all\"";

/// What a process needs around it.
pub(crate) struct Ground<N> {
    pub(crate) names: N,
    pub(crate) origin: Origin,
    pub(crate) pebble: Pebble,
    resolver: SocketAddr,
}

/// `nameplate serve` with everything around it, and a provider with a zone.
pub(crate) struct World<N = DnsServer> {
    pub(crate) nameplate: Nameplate,
    pub(crate) provider: Provider,
    pub(crate) ground: Ground<N>,
    pub(crate) visitor: Visitor,
}

/// A customer's name server, and a resolver that finds it and ours.
pub(crate) struct RealNames {
    knot: Knot,
    /// Held, not asked.
    _unbound: Unbound,
    records: String,
}

impl Ground<DnsServer> {
    /// With a DNS server that knows the provider; the CA looks for HTTP tokens at this port.
    pub(crate) async fn start(
        http_port: u16,
        change: impl Fn(&mut Options),
    ) -> anyhow::Result<Self> {
        let names = DnsServer::start().await?;
        names.set(TARGET, RecordType::A, &["127.0.0.1"]);
        names.set(ORIGIN, RecordType::A, &["127.0.0.1"]);
        let resolver = names.address();
        Self::around(names, resolver, http_port, change).await
    }
}

impl<N> Ground<N> {
    async fn around(
        names: N,
        resolver: SocketAddr,
        http_port: u16,
        change: impl Fn(&mut Options),
    ) -> anyhow::Result<Self> {
        let mut options = Options { http_port, ..Options::new(resolver) };
        change(&mut options);
        let pebble = Pebble::start(options).await?;
        Ok(Self { names, origin: Origin::start().await?, pebble, resolver })
    }

    /// The configuration of a process in these surroundings.
    pub(crate) fn configuration(&self, ports: &Ports) -> Value {
        let mut configuration = configuration(ports);
        configuration["authorities"]["lets_encrypt"] = json!({
            "driver": "acme",
            "directory_url": self.pebble.directory_url(),
            "contact": "ops@saasprovider.com",
            "root_pem_file": self.pebble.root_pem_path(),
        });
        configuration["checks"]["resolvers"] = json!([self.resolver]);
        configuration["edge"]["resolvers"] = json!([self.resolver]);
        // For records of the zone, which name no port.
        configuration["edge"]["origin_http_port"] = json!(self.origin.address().port());
        configuration
    }

    /// A visitor who trusts the CA.
    pub(crate) async fn visitor(&self, ports: &Ports) -> anyhow::Result<Visitor> {
        Visitor::new(ports.https, ports.http, &self.pebble.issuer_root_pem().await?)
    }
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(|_| ()).await
    }

    /// With a CA of this behaviour.
    pub(crate) async fn with(change: impl Fn(&mut Options)) -> Self {
        let world = program::on_free_ports(async || {
            let ports = Ports::choose()?;
            let ground = Ground::start(ports.http, &change).await?;
            ground.names.forward(DELEGATION, np_testkit::ports::loopback(ports.dns));
            World::around(ground, ports).await
        });
        world.await.expect("the world starts")
    }

    /// What a customer does to send traffic here.
    pub(crate) fn point_here(&self, hostname: &str) {
        self.ground.names.set(hostname, RecordType::CNAME, &[&format!("{TARGET}.")]);
    }
}

impl World<RealNames> {
    /// With Knot as the customer's name server and Unbound as everybody's resolver.
    pub(crate) async fn among_real_name_servers() -> Self {
        let world = program::on_free_ports(async || {
            let ports = Ports::choose()?;
            let (names, resolver) = RealNames::start(ports.dns).await?;
            let ground = Ground::around(names, resolver, ports.http, |_| ()).await?;
            World::around(ground, ports).await
        });
        world.await.expect("the world starts")
    }
}

impl<N> World<N> {
    async fn around(ground: Ground<N>, ports: Ports) -> anyhow::Result<Self> {
        Self::configured(ground, ports, |_| ()).await
    }

    /// With more in its configuration.
    pub(crate) async fn configured(
        ground: Ground<N>,
        ports: Ports,
        change: impl FnOnce(&mut Value),
    ) -> anyhow::Result<Self> {
        let mut configuration = ground.configuration(&ports);
        change(&mut configuration);
        let nameplate = Nameplate::start("serve", ports, configuration).await?;
        let origin_port = ground.origin.address().port();
        let provider = Provider::set_up(nameplate.api()?, origin_port).await?;
        let visitor = ground.visitor(&ports).await?;
        Ok(Self { nameplate, provider, ground, visitor })
    }
}

impl RealNames {
    async fn start(our_dns: u16) -> anyhow::Result<(Self, SocketAddr)> {
        let provider = Zone::new(PROVIDER, PROVIDERS_RECORDS);
        let knot = Knot::start(&[provider, Zone::new(CUSTOMER, "")]).await?;
        let unbound = Unbound::start(&[
            (PROVIDER, knot.address()),
            (CUSTOMER, knot.address()),
            (DELEGATION, np_testkit::ports::loopback(our_dns)),
        ])
        .await?;
        let resolver = unbound.address();
        Ok((Self { knot, _unbound: unbound, records: String::new() }, resolver))
    }

    /// What a customer does in the zone: one record more, its name with all its labels.
    pub(crate) async fn add(&mut self, name: &str, data: &str) -> anyhow::Result<()> {
        self.records.push_str(&format!("{name}. {data}\n"));
        let zone = Zone::new(CUSTOMER, self.records.clone());
        self.knot.change(&zone).await.with_context(|| self.records.clone())
    }
}
