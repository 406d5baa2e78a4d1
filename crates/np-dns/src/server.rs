//! Starts and stops the answering of port 53: a fixed number of tasks, whatever arrives.

use std::{io, net::SocketAddr, sync::Arc};

use np_domain::name::DnsName;
use thiserror::Error;
use tokio::{
    net::{TcpListener, UdpSocket},
    task::{AbortHandle, JoinSet},
};
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::{
    delegation::{DelegationDeps, DelegationZone},
    full_zones::{FullZones, FullZonesDeps},
    metrics::DnsMetrics,
    responder::Responder,
    settings::DnsSettings,
    sockets::DnsSocket,
    static_zones::StaticZones,
    tcp, udp,
    zone::{ZoneSource, Zones},
};

/// What a server is made of.
pub struct DnsDeps {
    /// Where it answers; at least one.
    pub sockets: Vec<DnsSocket>,
    /// How it answers.
    pub settings: DnsSettings,
    /// The delegation domain.
    pub delegation: DelegationDeps,
    /// The full zones of accounts.
    pub full_zones: Option<FullZonesDeps>,
    /// Further zones, for demonstrations and tests.
    pub static_zones: Option<Arc<StaticZones>>,
    /// Where it counts.
    pub metrics: DnsMetrics,
}

/// Why a server cannot start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The delegation domain has no name server.
    #[error("the delegation domain has no name server: name at least one")]
    NoNameServer,
    /// No socket to answer on.
    #[error("there is no address to answer DNS on: give at least one")]
    NoSocket,
    /// A name cannot be sent in a message.
    #[error("{name} is longer than a DNS name can be: shorten it")]
    NameTooLong {
        /// The name.
        name: DnsName,
    },
    /// Nobody could find this name server.
    #[error(
        "the name server {name} is within the delegation domain and has no address: give its addresses"
    )]
    NameServerWithoutAddress {
        /// Its name.
        name: DnsName,
    },
    /// The system refuses a socket.
    #[error("cannot use a DNS socket")]
    Socket(#[from] io::Error),
}

/// The server that is to be started.
pub struct DnsServer;

impl DnsServer {
    /// Answers from now on. Needs a Tokio runtime around it.
    ///
    /// # Errors
    /// When something that it is made of does not fit; nothing is answered then.
    pub fn start(deps: DnsDeps) -> Result<RunningDns, StartError> {
        let DnsDeps { sockets, settings, delegation, full_zones, static_zones, metrics } = deps;
        let full_zones = full_zones.map(|deps| FullZones::new(deps, &delegation, &settings));
        let full_zones = full_zones.transpose()?;
        let delegation = Arc::new(DelegationZone::new(delegation, &settings)?);
        let mut sources: Vec<Box<dyn ZoneSource>> = vec![Box::new(delegation)];
        sources.extend(static_zones.map(|zones| Box::new(zones) as Box<dyn ZoneSource>));
        let responder = Arc::new(Responder {
            zones: match full_zones {
                Some(full_zones) => Zones::new(sources).with_accounts(Box::new(full_zones)),
                None => Zones::new(sources),
            },
            udp_payload_bytes_max: settings.udp_payload_bytes_max,
            metrics,
        });
        let mut running = RunningDns {
            addresses: Vec::new(),
            tasks: JoinSet::new(),
            udp: Vec::new(),
            drain: CancellationToken::new(),
        };
        for socket in sockets {
            running.answer_on(socket, &responder, &settings)?;
        }
        match running.addresses.is_empty() {
            true => Err(StartError::NoSocket),
            false => Ok(running),
        }
    }
}

/// A server that answers until it is shut down or dropped.
#[derive(Debug)]
pub struct RunningDns {
    /// Never empty: `start` fails without a socket.
    addresses: Vec<SocketAddr>,
    tasks: JoinSet<()>,
    /// Those of them that answer UDP.
    udp: Vec<AbortHandle>,
    drain: CancellationToken,
}

impl RunningDns {
    /// The first address that it answers on.
    pub fn addr(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// Every address that it answers on.
    pub fn addrs(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Takes nothing new, and answers the queries that have come over TCP.
    pub async fn drain(&mut self) {
        self.drain.cancel();
        self.udp.drain(..).for_each(|task| task.abort());
        while self.tasks.join_next().await.is_some() {}
    }

    /// Stops answering; the ports are free when this returns.
    pub async fn shutdown(mut self) {
        self.tasks.shutdown().await;
    }

    fn answer_on(
        &mut self,
        socket: DnsSocket,
        responder: &Arc<Responder>,
        settings: &DnsSettings,
    ) -> Result<(), StartError> {
        socket.udp.set_nonblocking(true)?;
        socket.tcp.set_nonblocking(true)?;
        let udp = Arc::new(UdpSocket::from_std(socket.udp)?);
        let tcp = TcpListener::from_std(socket.tcp)?;
        let address = udp.local_addr()?;
        for _ in 0..settings.udp_workers.max(1) {
            let bytes_max = settings.query_bytes_max;
            let answering = udp::answer_forever(udp.clone(), responder.clone(), bytes_max);
            self.udp.push(self.tasks.spawn(answering));
        }
        let drain = self.drain.clone();
        self.tasks.spawn(tcp::answer(tcp, responder.clone(), settings.clone(), drain));
        info!(%address, "dns.listening: answers UDP and TCP");
        self.addresses.push(address);
        Ok(())
    }
}
