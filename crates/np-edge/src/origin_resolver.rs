//! How the edge finds the addresses of origins. Whether one may be connected to is decided elsewhere
//! (`proxy/origin.rs`), so that no resolver can forget to.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use async_trait::async_trait;
use hickory_resolver::{
    TokioResolver,
    config::{LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts},
    net::runtime::TokioRuntimeProvider,
};
use np_domain::name::Hostname;
use thiserror::Error;

/// Finds the addresses of origins. Called for every request, so an implementation keeps what it knows.
#[async_trait]
pub trait OriginResolver: Send + Sync {
    /// The addresses of `name`, in the order in which to try them; empty when it has none.
    ///
    /// # Errors
    /// When nobody answered the question.
    async fn addresses(&self, name: &Hostname) -> Result<Vec<IpAddr>, OriginLookupError>;
}

/// Nobody could say which addresses an origin has.
#[derive(Debug, Error)]
#[error("the addresses of {name} could not be looked up: {why}")]
pub struct OriginLookupError {
    /// The origin.
    pub name: Hostname,
    /// Why.
    pub why: String,
}

/// Settings of [`DnsOriginResolver`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsSettings {
    /// The recursive name servers to ask; empty: those of the system, with its hosts file.
    pub name_servers: Vec<SocketAddr>,
    /// How long an answer is kept at least, so that no TTL makes every request wait for a name server.
    pub ttl_min: Duration,
    /// How long an answer is kept at most, whatever its TTL says.
    pub ttl_max: Duration,
    /// How long a missing name is remembered at most.
    pub negative_ttl_max: Duration,
    /// The longest wait for one answer.
    pub timeout: Duration,
    /// The most answers kept.
    pub cached_answers_max: u64,
}

impl Default for DnsSettings {
    fn default() -> Self {
        Self {
            name_servers: Vec::new(),
            ttl_min: Duration::from_secs(1),
            ttl_max: Duration::from_secs(60),
            negative_ttl_max: Duration::from_secs(5),
            timeout: Duration::from_secs(2),
            cached_answers_max: 10_000,
        }
    }
}

/// The resolver cannot be set up.
#[derive(Debug, Error)]
#[error("the resolver for origins cannot be set up: {0}")]
pub struct DnsSetupError(String);

/// Asks recursive name servers and keeps their answers for their TTL, within bounds.
pub struct DnsOriginResolver(TokioResolver);

impl DnsOriginResolver {
    /// Sets the resolver up; nothing is asked yet.
    ///
    /// # Errors
    /// When the system's own settings are to be used and cannot be read.
    pub fn new(settings: &DnsSettings) -> Result<Self, DnsSetupError> {
        let failed = |error: hickory_resolver::net::NetError| DnsSetupError(error.to_string());
        let mut builder = if settings.name_servers.is_empty() {
            TokioResolver::builder_tokio().map_err(failed)?
        } else {
            let servers = settings.name_servers.iter().map(name_server).collect();
            let config = ResolverConfig::from_name_servers(servers);
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        };
        set_options(builder.options_mut(), settings);
        builder.build().map(Self).map_err(failed)
    }
}

fn name_server(address: &SocketAddr) -> NameServerConfig {
    let mut server = NameServerConfig::udp_and_tcp(address.ip());
    for connection in &mut server.connections {
        connection.port = address.port();
    }
    server
}

fn set_options(options: &mut ResolverOpts, settings: &DnsSettings) {
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    options.positive_min_ttl = Some(settings.ttl_min);
    options.positive_max_ttl = Some(settings.ttl_max);
    options.negative_max_ttl = Some(settings.negative_ttl_max);
    options.timeout = settings.timeout;
    options.cache_size = settings.cached_answers_max;
    if !settings.name_servers.is_empty() {
        options.use_hosts_file = ResolveHosts::Never;
    }
}

#[async_trait]
impl OriginResolver for DnsOriginResolver {
    async fn addresses(&self, name: &Hostname) -> Result<Vec<IpAddr>, OriginLookupError> {
        // The final dot keeps the system's search domains out.
        match self.0.lookup_ip(format!("{name}.")).await {
            Ok(answer) => Ok(answer.iter().collect()),
            Err(error) if error.is_no_records_found() => Ok(Vec::new()),
            Err(error) => Err(OriginLookupError { name: name.clone(), why: error.to_string() }),
        }
    }
}
