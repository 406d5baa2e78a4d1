//! The sockets of port 53, bound before anything else starts, so that a taken port is a clear error at once.

use std::{
    io,
    net::{SocketAddr, TcpListener, UdpSocket},
};

use thiserror::Error;

/// How often a free port is looked for that is free for both UDP and TCP.
const FREE_PORT_ATTEMPTS: usize = 16;

/// One address, for UDP and TCP.
#[derive(Debug)]
pub struct DnsSocket {
    /// For UDP.
    pub udp: UdpSocket,
    /// For TCP: the same address and port.
    pub tcp: TcpListener,
}

/// An address that cannot be listened on.
#[derive(Debug, Error)]
#[error(
    "cannot answer DNS on {address} ({transport}): choose another address, or end what listens there"
)]
pub struct BindError {
    /// The address.
    pub address: SocketAddr,
    /// `udp` or `tcp`
    pub transport: &'static str,
    /// What the system says.
    #[source]
    pub source: io::Error,
}

impl DnsSocket {
    /// Listens on `address`; port 0 takes one that is free for both. On a machine with several addresses bind each of
    /// them: from a socket on the unspecified address, a reply over UDP may leave with an address that was not asked.
    ///
    /// # Errors
    /// When the address is taken, not of this machine, or below 1024 without the right to it.
    pub fn bind(address: SocketAddr) -> Result<Self, BindError> {
        let attempts = if address.port() == 0 { FREE_PORT_ATTEMPTS } else { 1 };
        let mut outcome = Self::bind_once(address);
        for _ in 1..attempts {
            if outcome.is_ok() {
                break;
            }
            outcome = Self::bind_once(address);
        }
        outcome
    }

    fn bind_once(address: SocketAddr) -> Result<Self, BindError> {
        let error = |transport| move |source| BindError { address, transport, source };
        let tcp = TcpListener::bind(address).map_err(error("tcp"))?;
        let chosen = tcp.local_addr().map_err(error("tcp"))?;
        let udp = UdpSocket::bind(chosen).map_err(error("udp"))?;
        Ok(Self { udp, tcp })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn port_0_is_one_port_for_both_and_a_taken_port_is_named() {
        let socket = DnsSocket::bind(([127, 0, 0, 1], 0).into()).unwrap();
        let address = socket.udp.local_addr().unwrap();
        assert_eq!(socket.tcp.local_addr().unwrap(), address);
        let refused = DnsSocket::bind(address).expect_err("the port is taken");
        assert!(refused.to_string().contains(&address.to_string()), "{refused}");
    }
}
