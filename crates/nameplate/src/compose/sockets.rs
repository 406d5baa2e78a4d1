//! All sockets of a process, bound before anything starts, so that a taken port is a clear error at once.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    os::fd::OwnedFd,
};

use np_dns::DnsSocket;

use super::{
    Role,
    inherited::{Inherited, handles},
};
use crate::config::{
    Loaded,
    error::{ConfigError, Invalid},
};

/// The sockets that a role needs.
pub(crate) struct Sockets {
    /// `admin.listen`
    pub(crate) admin: TcpListener,
    /// What control listens on.
    pub(crate) control: Option<ControlSockets>,
    /// What an edge listens on.
    pub(crate) edge: Option<EdgeSockets>,
    /// `dns.listen`; empty without the role.
    pub(crate) dns: Vec<DnsSocket>,
}

/// What control listens on.
pub(crate) struct ControlSockets {
    /// `api.listen`
    pub(crate) api: TcpListener,
    /// `feed.listen`
    pub(crate) feed: TcpListener,
}

/// What an edge listens on.
pub(crate) struct EdgeSockets {
    /// `edge.https_listen`, one for each thread
    pub(crate) https: Vec<TcpListener>,
    /// `edge.http_listen`, one for each thread
    pub(crate) http: Vec<TcpListener>,
}

impl Sockets {
    /// Takes what `role` needs from what was there before, and binds the rest.
    pub(crate) fn open(
        loaded: &Loaded,
        role: Role,
        mut inherited: Inherited,
    ) -> Result<Self, ConfigError> {
        let config = &loaded.config;
        let from = &mut inherited;
        let sockets = Self {
            admin: tcp(loaded, from, ("admin", "listen"), config.admin.listen)?,
            control: match role.has_control() {
                true => Some(ControlSockets {
                    api: tcp(loaded, from, ("api", "listen"), config.api.listen)?,
                    feed: tcp(loaded, from, ("feed", "listen"), config.feed.listen)?,
                }),
                false => None,
            },
            edge: match role.has_edge() {
                true => Some(EdgeSockets {
                    https: edge(loaded, from, "https_listen", config.edge.https_listen)?,
                    http: edge(loaded, from, "http_listen", config.edge.http_listen)?,
                }),
                false => None,
            },
            dns: match role.has_dns() {
                true => {
                    let addresses = config.dns.listen.iter();
                    addresses
                        .map(|address| dns(loaded, from, *address))
                        .collect::<Result<_, _>>()?
                }
                false => Vec::new(),
            },
        };
        inherited.close_rest();
        Ok(sockets)
    }

    /// Other handles of all sockets, for a process that takes over from this one.
    pub(crate) fn handles(&self) -> io::Result<Vec<OwnedFd>> {
        let control = self.control.iter().flat_map(|control| [&control.api, &control.feed]);
        let edge = self.edge.iter().flat_map(|edge| edge.https.iter().chain(&edge.http));
        let dns = self.dns.iter().map(|dns| &dns.tcp);
        let mut all = handles([&self.admin].into_iter().chain(control).chain(edge).chain(dns))?;
        all.extend(handles(self.dns.iter().map(|dns| &dns.udp))?);
        Ok(all)
    }
}

fn tcp(
    loaded: &Loaded,
    inherited: &mut Inherited,
    (section, key): (&str, &'static str),
    address: SocketAddr,
) -> Result<TcpListener, ConfigError> {
    match inherited.tcp(address).pop() {
        Some(listener) => Ok(listener),
        None => TcpListener::bind(address)
            .map_err(|why| loaded.blame(section, refused(key, address, &why))),
    }
}

fn edge(
    loaded: &Loaded,
    inherited: &mut Inherited,
    key: &'static str,
    address: SocketAddr,
) -> Result<Vec<TcpListener>, ConfigError> {
    match inherited.tcp(address) {
        // All of them: one that is left out would be closed with those who wait there.
        listeners if !listeners.is_empty() => Ok(listeners),
        _ => np_edge::listen::bind(address, loaded.config.edge.thread_count())
            .map_err(|why| loaded.blame("edge", refused(key, address, &why))),
    }
}

fn dns(
    loaded: &Loaded,
    inherited: &mut Inherited,
    address: SocketAddr,
) -> Result<DnsSocket, ConfigError> {
    match (inherited.udp(address).pop(), inherited.tcp(address).pop()) {
        (Some(udp), Some(tcp)) => Ok(DnsSocket { udp, tcp }),
        (None, None) => DnsSocket::bind(address)
            .map_err(|why| loaded.blame("dns", refused("listen", why.address, &why.source))),
        (udp, _) => {
            let (passed, missing) = if udp.is_some() { ("UDP", "TCP") } else { ("TCP", "UDP") };
            let message = format!(
                "{address} was passed to this process for {passed} only: pass {missing} too (in a systemd socket unit \
                 ListenDatagram and ListenStream)"
            );
            Err(loaded.blame("dns", Invalid::new("listen", message)))
        }
    }
}

fn refused(key: &'static str, address: SocketAddr, why: &io::Error) -> Invalid {
    let remedy = match why.kind() {
        io::ErrorKind::AddrInUse => "is taken: end what listens there, or choose another address",
        io::ErrorKind::AddrNotAvailable => "is no address of this machine: choose one that is",
        io::ErrorKind::PermissionDenied => {
            "needs the right to ports below 1024: choose a higher port, or grant CAP_NET_BIND_SERVICE"
        }
        _ => "cannot be listened on: choose another address",
    };
    Invalid::new(key, format!("{address} {remedy} ({why})"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn a_taken_port_is_named_with_its_key_and_the_remedy() {
        let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = taken.local_addr().unwrap();
        let mut config = Config::default();
        config.admin.listen = ([127, 0, 0, 1], 0).into();
        config.feed.listen = ([127, 0, 0, 1], 0).into();
        config.api.listen = address;
        let opened = Sockets::open(&Loaded::of(config), Role::Control, Inherited::default());
        let why = opened.err().unwrap().to_string();
        assert!(why.starts_with(&format!("api.listen: {address} is taken: end what")), "{why}");
    }

    #[test]
    fn a_socket_that_was_there_is_taken_by_its_address() {
        let there = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let mut config = Config::default();
        config.feed.listen = ([127, 0, 0, 1], 0).into();
        config.api.listen = there.local_addr().unwrap();
        config.admin.listen = ([127, 0, 0, 1], 0).into();
        let inherited = || Inherited::of(handles([&there]).unwrap()).unwrap();
        let loaded = Loaded::of(config);
        let sockets = Sockets::open(&loaded, Role::Control, inherited()).unwrap();
        let control = sockets.control.unwrap();
        assert_eq!(control.api.local_addr().unwrap(), there.local_addr().unwrap());
        assert_ne!(control.feed.local_addr().unwrap(), there.local_addr().unwrap());
    }

    #[test]
    fn dns_over_one_transport_only_is_no_name_server() {
        let udp = std::net::UdpSocket::bind(("127.0.0.1", 0)).unwrap();
        let mut config = Config::default();
        config.admin.listen = ([127, 0, 0, 1], 0).into();
        config.dns.listen = vec![udp.local_addr().unwrap()];
        let inherited = Inherited::of(handles([&udp]).unwrap()).unwrap();
        let opened = Sockets::open(&Loaded::of(config), Role::Dns, inherited);
        let why = opened.err().unwrap().to_string();
        assert!(why.contains("UDP only: pass TCP too"), "{why}");
    }
}
