//! All sockets of a process, bound before anything starts, so that a taken port is a clear error at once.

use std::{
    io,
    net::{SocketAddr, TcpListener},
};

use np_dns::DnsSocket;

use super::Role;
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
    /// Binds what `role` needs.
    pub(crate) fn bind(loaded: &Loaded, role: Role) -> Result<Self, ConfigError> {
        let config = &loaded.config;
        let tcp = |section: &str, key, address| {
            TcpListener::bind(address)
                .map_err(|why| loaded.blame(section, refused(key, address, &why)))
        };
        let control = || {
            let api = tcp("api", "listen", config.api.listen)?;
            Ok(ControlSockets { api, feed: tcp("feed", "listen", config.feed.listen)? })
        };
        let edge = || {
            let threads = config.edge.thread_count();
            let bind = |key, address| {
                np_edge::listen::bind(address, threads)
                    .map_err(|why| loaded.blame("edge", refused(key, address, &why)))
            };
            let https = bind("https_listen", config.edge.https_listen)?;
            Ok(EdgeSockets { https, http: bind("http_listen", config.edge.http_listen)? })
        };
        let dns = |address: &SocketAddr| {
            let refused = |why: np_dns::BindError| refused("listen", why.address, &why.source);
            DnsSocket::bind(*address).map_err(|why| loaded.blame("dns", refused(why)))
        };
        Ok(Self {
            admin: tcp("admin", "listen", config.admin.listen)?,
            control: role.has_control().then(control).transpose()?,
            edge: role.has_edge().then(edge).transpose()?,
            dns: match role.has_dns() {
                true => config.dns.listen.iter().map(dns).collect::<Result<_, _>>()?,
                false => Vec::new(),
            },
        })
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
        let why = Sockets::bind(&Loaded::of(config), Role::Control).err().unwrap().to_string();
        assert!(why.starts_with(&format!("api.listen: {address} is taken: end what")), "{why}");
    }
}
