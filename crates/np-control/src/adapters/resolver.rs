//! DNS through recursive resolvers, all of them asked at once. Nothing is cached: a customer who has just mended a record is
//! not told about the old one. CNAMEs are followed for TXT, CAA and addresses, never for [`Resolver::cname`].
//!
//! [`upstream`] asks one of them; [`np_domain::quorum`] says what counts of what they say.

mod scanner;
mod upstream;

use std::{
    collections::BTreeSet,
    fmt::Display,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use async_trait::async_trait;
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use hickory_resolver::{
    TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts},
    net::NetError,
};
use np_domain::{
    caa::Caa,
    diagnosis::sight::{Data, Question, Record, RecordKind},
    dns_record,
    name::DnsName,
    ownership::Seen,
    ports::{LookupFailure, Resolver, TxtAnswer},
    quorum::{self, Agreed, Rule, Said},
    text::Explanation,
};
use thiserror::Error;
use tokio::time::{Instant, timeout_at};

use scanner::Scanner;
use upstream::{Upstream, of_kind};

/// The most records of one answer that are looked at.
pub const RECORDS_MAX: usize = 64;
/// The most resolvers that are asked.
pub const RESOLVERS_MAX: usize = 5;
/// Once one resolver has answered, the others are waited for no longer than this: a dead one does not slow every look.
pub const STRAGGLERS_WAIT: Duration = Duration::from_secs(1);

/// Whom to ask, and how long to wait.
#[derive(Debug, Clone)]
pub struct ResolverSettings {
    /// Recursive resolvers, asked by UDP and TCP, at most [`RESOLVERS_MAX`] of them; empty: those of `/etc/resolv.conf`.
    pub servers: Vec<SocketAddr>,
    /// How long one server may take for one answer.
    pub timeout: Duration,
    /// How often to ask anew after no answer.
    pub attempts: usize,
    /// Whether signatures are checked here. Otherwise the resolvers' own check counts, who answer SERVFAIL.
    pub validate_dnssec: bool,
    /// How many of them must show a value.
    pub rule: Rule,
}

impl Default for ResolverSettings {
    fn default() -> Self {
        Self {
            servers: Vec::new(),
            timeout: Duration::from_secs(3),
            attempts: 1,
            validate_dnssec: false,
            rule: Rule::default(),
        }
    }
}

/// There is nobody to ask.
#[derive(Debug, Error)]
pub enum ResolverError {
    /// `/etc/resolv.conf` cannot be used.
    #[error(
        "the system's resolver configuration cannot be used; name resolvers in the configuration"
    )]
    System(#[source] NetError),
    /// The resolver could not be made.
    #[error("the resolver could not be set up")]
    Setup(#[source] NetError),
}

/// Asks recursive resolvers.
#[derive(Clone)]
pub struct DnsResolver {
    /// Never empty.
    upstreams: Vec<Upstream>,
    rule: Rule,
    scanner: Scanner,
}

impl DnsResolver {
    /// A resolver that asks as `settings` say.
    ///
    /// # Errors
    /// When the system's configuration is wanted and cannot be read, or names no server.
    pub fn new(settings: ResolverSettings) -> Result<Self, ResolverError> {
        let mut servers = resolvers(&settings.servers)?;
        servers.truncate(RESOLVERS_MAX);
        let upstream = |server: SocketAddr| {
            let local =
                settings.validate_dnssec.then(|| validating(server, &settings)).transpose()?;
            let (timeout, tries) = (settings.timeout, settings.attempts + 1);
            Ok(Upstream { server, timeout, tries, local })
        };
        let upstreams = servers.into_iter().map(upstream).collect::<Result<_, ResolverError>>()?;
        Ok(Self { upstreams, rule: settings.rule, scanner: Scanner::new(&settings)? })
    }

    /// What each resolver says, as far as it is waited for.
    async fn ask<T: PartialEq>(
        &self,
        name: &DnsName,
        kind: RecordKind,
        pick: impl Fn(Vec<Record>) -> Vec<T>,
    ) -> Vec<Said<T>> {
        let question = Question { name: name.clone(), kind };
        let ask = |upstream: &'_ Upstream| {
            let (upstream, question) = (upstream.clone(), question.clone());
            async move { (upstream.words(), upstream.ask(&question).await) }
        };
        let mut asked: FuturesUnordered<_> = self.upstreams.iter().map(ask).collect();
        let mut said: Vec<Said<T>> = Vec::new();
        let mut until: Option<Instant> = None;
        loop {
            let next = match until {
                None => asked.next().await,
                Some(until) => timeout_at(until, asked.next()).await.ok().flatten(),
            };
            let Some((by, records)) = next else { break };
            let values = records.map(&pick).and_then(|values| match values.is_empty() {
                true => Err(LookupFailure::NoRecords),
                false => Ok(values.into_iter().take(RECORDS_MAX).collect()),
            });
            said.push(Said { by, values });
            if quorum::is_settled(self.rule, self.upstreams.len(), &said) {
                break;
            }
            until.get_or_insert_with(|| Instant::now() + STRAGGLERS_WAIT);
        }
        self.with_the_silent(said)
    }

    /// Who was not waited for has not answered in time.
    fn with_the_silent<T: PartialEq>(&self, mut said: Vec<Said<T>>) -> Vec<Said<T>> {
        if !quorum::is_settled(self.rule, self.upstreams.len(), &said) {
            let silent = self.upstreams.iter().map(Upstream::words);
            let silent: Vec<_> = silent.filter(|by| said.iter().all(|one| one.by != *by)).collect();
            said.extend(
                silent.into_iter().map(|by| Said { by, values: Err(LookupFailure::TimedOut) }),
            );
        }
        said
    }

    async fn look_up<T: Clone + PartialEq + Display>(
        &self,
        name: &DnsName,
        kind: RecordKind,
        pick: impl Fn(Vec<Record>) -> Vec<T>,
    ) -> Result<Vec<Agreed<T>>, LookupFailure> {
        let agreed = quorum::agree(self.rule, &self.ask(name, kind, pick).await);
        if let Err(LookupFailure::Disagreement(why)) = &agreed {
            tracing::info!(%name, %kind, said = %why, "resolvers.disagree");
        }
        agreed
    }

    /// Addresses that count; of one family, so that the other's failure is told apart.
    async fn family(&self, name: &DnsName, kind: RecordKind) -> Result<Vec<IpAddr>, LookupFailure> {
        let agreed = self.look_up(name, kind, addresses_of(kind)).await?;
        Ok(agreed.into_iter().map(|one| one.value).collect())
    }

    /// Every address that any resolver shows, unless they say that they cannot tell.
    async fn every(&self, name: &DnsName, kind: RecordKind) -> Result<Vec<IpAddr>, LookupFailure> {
        let said = self.ask(name, kind, addresses_of(kind)).await;
        let shown = said.iter().filter_map(|one| one.values.as_ref().ok()).flatten();
        let shown: BTreeSet<IpAddr> = shown.copied().collect();
        match quorum::agree(Rule::Majority, &said) {
            Ok(_) => Ok(shown.into_iter().collect()),
            // They show different ones: all of them count.
            Err(LookupFailure::Disagreement(_)) if said.iter().all(|one| !is_trouble(one)) => {
                Ok(shown.into_iter().collect())
            }
            Err(why) if why.is_trouble() => Err(why),
            Err(_) => Ok(shown.into_iter().collect()),
        }
    }
}

fn is_trouble<T>(one: &Said<T>) -> bool {
    one.values.as_ref().is_err_and(LookupFailure::is_trouble)
}

fn addresses_of(kind: RecordKind) -> impl Fn(Vec<Record>) -> Vec<IpAddr> {
    move |records| {
        of_kind(records, kind).iter().filter_map(|record| record.data.address()).collect()
    }
}

/// The CAA records of one answer, in one value: a set counts whole or not at all.
#[derive(Debug, Clone, PartialEq)]
struct CaaSet(Vec<(DnsName, Caa)>);

impl Display for CaaSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let texts: Vec<_> = self.0.iter().map(|(at, caa)| format!("{at} {caa}")).collect();
        f.write_str(&texts.join(", "))
    }
}

#[async_trait]
impl Resolver for DnsResolver {
    async fn txt(&self, name: &DnsName) -> Result<TxtAnswer, LookupFailure> {
        let texts = |records| {
            let texts = of_kind(records, RecordKind::Txt).into_iter();
            texts.filter_map(|record| match record.data {
                Data::Txt(text) => Some(Explanation::new(text)),
                _ => None,
            })
        };
        let agreed =
            self.look_up(name, RecordKind::Txt, |records| texts(records).collect()).await?;
        Ok(agreed.into_iter().map(|one| Seen { value: one.value, from: one.by }).collect())
    }

    async fn cname(&self, name: &DnsName) -> Result<Option<DnsName>, LookupFailure> {
        let at_name = |records: Vec<Record>| {
            let found = records.into_iter().filter(|record| record.name == *name);
            found.filter_map(|record| match record.data {
                Data::Cname(target) => Some(target),
                _ => None,
            })
        };
        let pick = |records| at_name(records).take(1).collect();
        match self.look_up(name, RecordKind::Cname, pick).await {
            Ok(agreed) => Ok(agreed.into_iter().next().map(|one| one.value)),
            Err(failure) if failure.is_trouble() => Err(failure),
            Err(_) => Ok(None),
        }
    }

    async fn addresses(&self, name: &DnsName) -> Result<Vec<IpAddr>, LookupFailure> {
        let (six, four) =
            tokio::join!(self.family(name, RecordKind::Aaaa), self.family(name, RecordKind::A));
        match (six, four) {
            (Ok(six), Ok(four)) => Ok([six, four].concat()),
            (Ok(some), Err(_)) | (Err(_), Ok(some)) => Ok(some),
            (Err(six), Err(four)) if four.is_trouble() || !six.is_trouble() => Err(four),
            (Err(six), Err(_)) => Err(six),
        }
    }

    async fn all_addresses(&self, name: &DnsName) -> Result<Vec<IpAddr>, LookupFailure> {
        let (six, four) =
            tokio::join!(self.every(name, RecordKind::Aaaa), self.every(name, RecordKind::A));
        Ok([six?, four?].concat())
    }

    async fn caa(&self, name: &DnsName) -> Result<Vec<(DnsName, Caa)>, LookupFailure> {
        let pick = |records: Vec<Record>| {
            let records = of_kind(records, RecordKind::Caa).into_iter();
            let mut set: Vec<_> = records
                .filter_map(|record| match record.data {
                    Data::Caa(caa) => Some((record.name, caa)),
                    _ => None,
                })
                .collect();
            set.sort_unstable();
            if set.is_empty() { Vec::new() } else { vec![CaaSet(set)] }
        };
        // Whatever the rule for proofs: what forbids is not outvoted by one resolver.
        match quorum::agree(Rule::Majority, &self.ask(name, RecordKind::Caa, pick).await) {
            Ok(agreed) => Ok(agreed.into_iter().next().map(|one| one.value.0).unwrap_or_default()),
            Err(failure) if failure.is_trouble() => Err(failure),
            Err(_) => Ok(Vec::new()),
        }
    }

    async fn records(
        &self,
        name: &DnsName,
        kind: dns_record::RecordKind,
    ) -> Result<Vec<dns_record::Content>, LookupFailure> {
        self.scanner.records(name, kind).await
    }

    async fn name_servers(&self, name: &DnsName) -> Result<Vec<DnsName>, LookupFailure> {
        let at_name = |records: Vec<Record>| {
            let found = records.into_iter().filter(|record| record.name == *name);
            found.filter_map(|record| match record.data {
                Data::Ns(server) => Some(server),
                _ => None,
            })
        };
        let agreed =
            self.look_up(name, RecordKind::Ns, |records| at_name(records).collect()).await?;
        Ok(agreed.into_iter().map(|one| one.value).collect())
    }
}

fn configuration(servers: &[SocketAddr]) -> Result<ResolverConfig, ResolverError> {
    if servers.is_empty() {
        let (system, _) =
            hickory_resolver::system_conf::read_system_conf().map_err(ResolverError::System)?;
        let servers = system.name_servers().to_vec();
        return match servers.is_empty() {
            true => Err(ResolverError::System(NetError::NoConnections)),
            false => Ok(ResolverConfig::from_parts(None, Vec::new(), servers)),
        };
    }
    let servers = servers.iter().copied().map(name_server).collect();
    Ok(ResolverConfig::from_parts(None, Vec::new(), servers))
}

/// The addresses of these resolvers, or if there are none, of the system's.
///
/// # Errors
/// When the system's configuration is wanted and cannot be read, or names no server.
pub fn resolvers(servers: &[SocketAddr]) -> Result<Vec<SocketAddr>, ResolverError> {
    let config = configuration(servers)?;
    let mut found: Vec<_> = config.name_servers().iter().map(address).collect();
    found.dedup();
    Ok(found)
}

fn address(server: &NameServerConfig) -> SocketAddr {
    let port = server.connections.first().map_or(53, |connection| connection.port);
    SocketAddr::new(server.ip, port)
}

fn name_server(server: SocketAddr) -> NameServerConfig {
    let mut connections = vec![ConnectionConfig::udp(), ConnectionConfig::tcp()];
    for connection in &mut connections {
        connection.port = server.port();
    }
    NameServerConfig::new(server.ip(), true, connections)
}

/// What checks signatures here, asking one resolver.
fn validating(
    server: SocketAddr,
    settings: &ResolverSettings,
) -> Result<TokioResolver, ResolverError> {
    let config = ResolverConfig::from_parts(None, Vec::new(), vec![name_server(server)]);
    built(config, settings, true)
}

fn built(
    config: ResolverConfig,
    settings: &ResolverSettings,
    validate: bool,
) -> Result<TokioResolver, ResolverError> {
    let mut builder = TokioResolver::builder_with_config(config, Default::default());
    let mut options = ResolverOpts::default();
    options.timeout = settings.timeout;
    options.attempts = settings.attempts;
    options.validate = validate;
    options.cache_size = 0;
    options.use_hosts_file = ResolveHosts::Never;
    *builder.options_mut() = options;
    builder.build().map_err(ResolverError::Setup)
}
