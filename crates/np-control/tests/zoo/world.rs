//! The servers that all faults share, and one look at one fault.

use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use np_control::adapters::{
    clock::SystemClock,
    http_probe::{HttpTokenProbe, ProbeSettings},
    inspector::{InspectorSettings, WorldInspector},
    resolver::{DnsResolver, ResolverSettings},
};
use np_domain::{
    certificate::Actor,
    diagnosis::{Report, diagnose},
    ports::Inspector as _,
};
use np_testkit::{
    knot::{Knot, Zone},
    unbound::Unbound,
};

use crate::{
    fault::{Fault, now},
    misfit::{Act, Misfit, Said},
    servers,
    web::WebServers,
};

/// How long a server may take: long, because tests run beside compilers.
const TIMEOUT: Duration = Duration::from_secs(2);
/// The provider's zones, and those of others that customers point at.
const OTHERS: [(&str, &str); 4] = [
    (
        "zoo-provider.com",
        "customers A 127.0.9.1\nclosed A 127.0.9.2\nnowhere TXT nothing\nout CNAME edge.zoo-rival.net.\n\
         caa A 127.0.9.1\ncaa CAA 0 issue \"sectigo.com\"",
    ),
    ("zoo-rival.net", "shop A 127.0.9.9\nedge A 127.0.9.9"),
    ("dcv.zoo-platform.net", "answered.0123456789abcdef TXT one"),
    ("zoo-deep.net", "x TXT nothing"),
];

pub(crate) struct World {
    unbound: Unbound,
    knot: Knot,
    web: WebServers,
    domains: Vec<(&'static str, String)>,
    _misfits: Vec<Misfit>,
}

/// The domain of the fault with that number.
fn domain(number: usize) -> String {
    format!("zoo-{number:02}.com")
}

impl World {
    pub(crate) async fn of(faults: &[Fault]) -> Self {
        let own = |(n, fault): (usize, &Fault)| {
            Zone::new(domain(n), fault.records.replace("{z}", &domain(n)))
        };
        let others = OTHERS.iter().map(|(name, records)| Zone::new(*name, *records));
        let is_knots = |(_, fault): &(usize, &Fault)| fault.misfit.is_none();
        let zones: Vec<_> =
            faults.iter().enumerate().filter(is_knots).map(own).chain(others).collect();
        let knot = Knot::start(&zones).await.unwrap();
        let port = knot.address().port();
        let mut misfits = Vec::new();
        for (ip, act) in servers::second_servers() {
            misfits.push(Misfit::start(SocketAddr::new(ip.parse().unwrap(), port), act).await);
        }
        let mut stubs: Vec<(String, SocketAddr)> =
            zones.iter().map(|zone| (zone.origin.clone(), knot.address())).collect();
        for (n, fault) in faults.iter().enumerate() {
            let Some(act) = &fault.misfit else { continue };
            let address = SocketAddr::new(misfit_ip(n), port);
            let act = for_domain(act.clone(), n);
            let misfit = Misfit::start(address, act).await;
            stubs.push((domain(n), misfit.address));
            misfits.push(misfit);
        }
        let stubs: Vec<_> = stubs.iter().map(|(zone, address)| (zone.as_str(), *address)).collect();
        let bogus = faults.iter().position(|fault| fault.name == servers::BOGUS).unwrap();
        let anchor = format!("{}. DS 12345 13 2 {}", domain(bogus), "ab".repeat(32));
        let unbound = Unbound::start_validating(&stubs, &[anchor.as_str()]).await.unwrap();
        let domains = faults.iter().enumerate().map(|(n, fault)| (fault.name, domain(n))).collect();
        let web = WebServers::start().await;
        Self { unbound, knot, web, domains, _misfits: misfits }
    }

    /// What is found of a fault, as lines: the check, its verdict and who must act; and `=>` with a remedy, the domain in it
    /// written as `{z}`.
    pub(crate) async fn found(&self, fault: &Fault) -> BTreeSet<String> {
        let (_, domain) = self.domains.iter().find(|(name, _)| *name == fault.name).unwrap();
        let other = match &fault.resolver {
            Some(act) => {
                let act = named(act.clone(), domain.clone());
                Some(Misfit::start("127.0.0.1:0".parse().unwrap(), act).await)
            }
            None => None,
        };
        let mut resolvers = vec![self.unbound.address()];
        resolvers.extend(other.iter().map(|other| other.address));
        let probe = ProbeSettings {
            port: self.web.port,
            allow_reserved: fault.allow_reserved,
            timeout: TIMEOUT,
            connect_timeout: TIMEOUT,
            ..ProbeSettings::default()
        };
        let resolver = DnsResolver::new(ResolverSettings {
            servers: vec![self.unbound.address()],
            ..ResolverSettings::default()
        });
        let probe = HttpTokenProbe::new(probe, Arc::new(resolver.unwrap()));
        let settings = InspectorSettings {
            authority_port: self.knot.address().port(),
            timeout: TIMEOUT,
            total: TIMEOUT * 15,
            allow_reserved: true,
            ..InspectorSettings::new(resolvers)
        };
        let inspector = WorldInspector::new(settings, probe, Arc::new(SystemClock));
        let wanted = fault.wanted(domain);
        let sight = inspector.inspect(&wanted).await;
        assert!(!sight.cut_short, "{}", fault.name);
        lines(&diagnose(&wanted, &sight, now()), domain)
    }
}

/// The address of the misfit that serves the fault with that number.
fn misfit_ip(number: usize) -> IpAddr {
    format!("127.0.8.{}", number + 1).parse().unwrap()
}

fn for_domain(act: Act, number: usize) -> Act {
    let (domain, ip) = (domain(number), misfit_ip(number));
    let act = named(act, domain.clone());
    Arc::new(move |name, kind| {
        use hickory_proto::rr::RecordType;
        match kind {
            RecordType::NS if name == domain => {
                Said::records(&[format!("{domain} 1 NS ns.{domain}.")])
            }
            RecordType::A if name == format!("ns.{domain}") => {
                Said::records(&[format!("{name} 1 A {ip}")])
            }
            _ => act(name, kind),
        }
    })
}

/// The act with `{z}` in the place of the domain.
fn named(act: Act, domain: String) -> Act {
    Arc::new(move |name, kind| {
        let mut said = act(&name.replace(&domain, "{z}"), kind);
        for line in &mut said.records {
            *line = line.replace("{z}", &domain);
        }
        if let Some((zone, _)) = &mut said.soa {
            *zone = zone.replace("{z}", &domain);
        }
        said
    })
}

fn lines(report: &Report, domain: &str) -> BTreeSet<String> {
    let finding = |finding: &np_domain::diagnosis::Finding| {
        let actor = match finding.actor {
            Actor::Authority => "ca",
            Actor::Customer => "customer",
            Actor::Provider => "provider",
        };
        format!("{} {} {actor}", finding.check.as_str(), finding.verdict.as_str())
    };
    let remedies = report.findings.iter().flat_map(|finding| &finding.remedies);
    let remedies = remedies.map(|remedy| format!("=> {remedy}").replace(domain, "{z}"));
    report.findings.iter().map(finding).chain(remedies).collect()
}
