//! Loopback ports that nobody listens on. Another process can take one between our look and its use, so whoever starts a
//! server on such a port tries again with others when that fails.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};

/// How often to look for a number that is free in both protocols.
const ATTEMPTS_MAX: usize = 20;

/// A free TCP port on 127.0.0.1.
///
/// # Errors
/// When the system has no port left.
pub fn free_tcp() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// A port on 127.0.0.1 that is free for both TCP and UDP, as a name server needs it.
///
/// # Errors
/// When the system has no such port left.
pub fn free_tcp_and_udp() -> io::Result<u16> {
    bind_tcp_and_udp()?.1.local_addr().map(|address| address.port())
}

/// Sockets of both protocols on one free port of 127.0.0.1.
pub(crate) fn bind_tcp_and_udp() -> io::Result<(UdpSocket, TcpListener)> {
    let mut last = None;
    for _ in 0..ATTEMPTS_MAX {
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        match TcpListener::bind(udp.local_addr()?) {
            Ok(tcp) => return Ok((udp, tcp)),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| io::ErrorKind::AddrInUse.into()))
}

/// The address of a port on this machine.
#[must_use]
pub fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}
