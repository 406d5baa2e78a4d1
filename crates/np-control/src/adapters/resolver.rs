//! DNS through recursive resolvers, with hickory-resolver. Nothing is cached: a customer who has just mended a record is
//! not told about the old one. CNAMEs are followed for TXT records and addresses, never for [`Resolver::cname`].

use std::{
    fmt::Display,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use async_trait::async_trait;
use hickory_proto::{
    op::ResponseCode,
    rr::{Name, RData, Record, RecordType, rdata::TXT},
};
use hickory_resolver::{
    TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts},
    lookup::Lookup,
    net::{DnsError, NetError},
};
use np_domain::{
    caa::Caa,
    name::DnsName,
    ownership::Seen,
    ports::{LookupFailure, Resolver, TxtAnswer},
    text::Explanation,
};
use thiserror::Error;

use super::inspector::decode;

/// The most records of one answer that are looked at.
pub const RECORDS_MAX: usize = 64;

/// Whom to ask, and how long to wait.
#[derive(Debug, Clone)]
pub struct ResolverSettings {
    /// Recursive resolvers, asked by UDP and TCP; empty: those of `/etc/resolv.conf`.
    pub servers: Vec<SocketAddr>,
    /// How long one server may take for one answer.
    pub timeout: Duration,
    /// How often to ask anew after no answer.
    pub attempts: usize,
    /// Whether signatures are checked here. Otherwise the resolvers' own check counts, who answer SERVFAIL.
    pub validate_dnssec: bool,
}

impl Default for ResolverSettings {
    fn default() -> Self {
        Self {
            servers: Vec::new(),
            timeout: Duration::from_secs(3),
            attempts: 1,
            validate_dnssec: false,
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
    resolver: TokioResolver,
    /// Who is asked, for people.
    from: Explanation,
    /// The most time that a look-up may take with all its repetitions and CNAMEs.
    total_max: Duration,
}

impl DnsResolver {
    /// A resolver that asks as `settings` say.
    ///
    /// # Errors
    /// When the system's configuration is wanted and cannot be read, or names no server.
    pub fn new(settings: ResolverSettings) -> Result<Self, ResolverError> {
        let config = configuration(&settings.servers)?;
        let from = from_words(&config);
        let mut builder = TokioResolver::builder_with_config(config, Default::default());
        *builder.options_mut() = options(&settings);
        Ok(Self {
            resolver: builder.build().map_err(ResolverError::Setup)?,
            from,
            total_max: settings.timeout * (u32::try_from(settings.attempts).unwrap_or(0) + 2),
        })
    }

    /// Looks one type up, in bounded time.
    async fn look_up(&self, name: &DnsName, kind: RecordType) -> Result<Lookup, LookupFailure> {
        let mut asked = Name::from_ascii(name.as_str())
            .map_err(|error| LookupFailure::Other(Explanation::new(error.to_string())))?;
        // Absolute: no search domain of this machine is tried.
        asked.set_fqdn(true);
        let looked = tokio::time::timeout(self.total_max, self.resolver.lookup(asked, kind)).await;
        let answer =
            looked.map_err(|_| LookupFailure::TimedOut)?.map_err(|error| failure(&error))?;
        match answer.answers().iter().any(|record| record.proof.is_bogus()) {
            true => Err(LookupFailure::ServerFailure),
            false => Ok(answer),
        }
    }

    async fn look_up_addresses(
        &self,
        name: &DnsName,
        kind: RecordType,
    ) -> Result<Vec<IpAddr>, LookupFailure> {
        collect(&self.look_up(name, kind).await?, |data| match data {
            RData::A(address) => Some(IpAddr::V4(address.0)),
            RData::AAAA(address) => Some(IpAddr::V6(address.0)),
            _ => None,
        })
    }
}

#[async_trait]
impl Resolver for DnsResolver {
    async fn txt(&self, name: &DnsName) -> Result<TxtAnswer, LookupFailure> {
        collect(&self.look_up(name, RecordType::TXT).await?, |data| match data {
            RData::TXT(txt) => Some(Seen { value: joined(txt), from: self.from.clone() }),
            _ => None,
        })
    }

    async fn cname(&self, name: &DnsName) -> Result<Option<DnsName>, LookupFailure> {
        let answer = match self.look_up(name, RecordType::CNAME).await {
            Ok(answer) => answer,
            Err(failure) if failure.is_trouble() => return Err(failure),
            Err(_) => return Ok(None),
        };
        let at_name = answer.answers().iter().find_map(|record| match &record.data {
            RData::CNAME(target) if is_at(record, name) => Some(target.0.to_ascii()),
            _ => None,
        });
        let parsed = at_name.map(|target| target.parse::<DnsName>()).transpose();
        parsed
            .map_err(|why| LookupFailure::Other(explain("the CNAME leads to no usable name", why)))
    }

    async fn addresses(&self, name: &DnsName) -> Result<Vec<IpAddr>, LookupFailure> {
        let (six, four) = tokio::join!(
            self.look_up_addresses(name, RecordType::AAAA),
            self.look_up_addresses(name, RecordType::A),
        );
        match (six, four) {
            (Ok(six), Ok(four)) => Ok([six, four].concat()),
            (Ok(some), Err(_)) | (Err(_), Ok(some)) => Ok(some),
            (Err(six), Err(four)) if four.is_trouble() || !six.is_trouble() => Err(four),
            (Err(six), Err(_)) => Err(six),
        }
    }

    async fn caa(&self, name: &DnsName) -> Result<Vec<(DnsName, Caa)>, LookupFailure> {
        let answer = match self.look_up(name, RecordType::CAA).await {
            Ok(answer) => answer,
            Err(failure) if failure.is_trouble() => return Err(failure),
            Err(_) => return Ok(Vec::new()),
        };
        let records = answer.answers().iter().filter_map(|record| match &record.data {
            RData::CAA(caa) => Some((record.name.to_ascii().parse().ok()?, decode::caa(caa))),
            _ => None,
        });
        Ok(records.take(RECORDS_MAX).collect())
    }

    async fn name_servers(&self, name: &DnsName) -> Result<Vec<DnsName>, LookupFailure> {
        let answer = self.look_up(name, RecordType::NS).await?;
        let at_name = answer.answers().iter().filter(|record| is_at(record, name));
        // A server whose name is none of ours to read is nobody's name server either.
        let servers = at_name.filter_map(|record| match &record.data {
            RData::NS(server) => server.0.to_ascii().parse().ok(),
            _ => None,
        });
        let servers: Vec<_> = servers.take(RECORDS_MAX).collect();
        if servers.is_empty() { Err(LookupFailure::NoRecords) } else { Ok(servers) }
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

fn options(settings: &ResolverSettings) -> ResolverOpts {
    let mut options = ResolverOpts::default();
    options.timeout = settings.timeout;
    options.attempts = settings.attempts;
    options.validate = settings.validate_dnssec;
    options.cache_size = 0;
    options.use_hosts_file = ResolveHosts::Never;
    options
}

/// "resolver 192.0.2.53:53", or all of them: which of several answered is not told.
fn from_words(config: &ResolverConfig) -> Explanation {
    let servers: Vec<_> =
        config.name_servers().iter().map(|server| address(server).to_string()).collect();
    Explanation::new(format!("resolver {}", servers.join(" or ")))
}

/// What `pick` takes from the records; an answer without any is [`LookupFailure::NoRecords`].
fn collect<T>(
    answer: &Lookup,
    pick: impl Fn(&RData) -> Option<T>,
) -> Result<Vec<T>, LookupFailure> {
    let records = answer.answers().iter().filter_map(|record| pick(&record.data));
    let picked: Vec<_> = records.take(RECORDS_MAX).collect();
    if picked.is_empty() { Err(LookupFailure::NoRecords) } else { Ok(picked) }
}

fn joined(txt: &TXT) -> Explanation {
    Explanation::new(String::from_utf8_lossy(&txt.txt_data.concat()))
}

fn is_at(record: &Record, name: &DnsName) -> bool {
    record.name.to_ascii().trim_end_matches('.').eq_ignore_ascii_case(name.as_str())
}

fn failure(error: &NetError) -> LookupFailure {
    match error {
        NetError::Timeout => LookupFailure::TimedOut,
        NetError::Dns(DnsError::NoRecordsFound(none)) => of_code(none.response_code),
        NetError::Dns(DnsError::ResponseCode(code)) => of_code(*code),
        NetError::Dns(DnsError::Nsec { proof, .. }) if proof.is_bogus() => {
            LookupFailure::ServerFailure
        }
        NetError::Dns(DnsError::Nsec { response, .. }) => of_code(response.response_code),
        other => LookupFailure::Other(explain(
            "the look-up failed",
            super::network_words::describe(other),
        )),
    }
}

fn of_code(code: ResponseCode) -> LookupFailure {
    match code {
        ResponseCode::NoError => LookupFailure::NoRecords,
        ResponseCode::NXDomain => LookupFailure::NoSuchName,
        ResponseCode::ServFail => LookupFailure::ServerFailure,
        ResponseCode::Refused => LookupFailure::Refused,
        other => LookupFailure::Other(explain("the name servers answered", other)),
    }
}

fn explain(what: &str, why: impl Display) -> Explanation {
    Explanation::new(format!("{what}: {why}"))
}
