//! Listening sockets that were there before this process: a predecessor's, or a service manager's (systemd's socket units).
//!
//! They are told apart by where they listen, not by number or name: a socket is taken by the key that has its address.

use std::{
    io,
    net::{SocketAddr, TcpListener, UdpSocket},
    os::fd::{AsFd, OwnedFd},
};

use listenfd::ListenFd;
use rustix::net::{SocketType, sockopt};

/// Sockets that nobody has taken yet.
#[derive(Default)]
pub(crate) struct Inherited {
    tcp: Vec<TcpListener>,
    udp: Vec<UdpSocket>,
}

impl Inherited {
    /// Those that a service manager passed (`LISTEN_FDS`).
    pub(crate) fn from_service_manager() -> io::Result<Self> {
        let mut passed = ListenFd::from_env();
        let mut this = Self::default();
        for number in 0..passed.len() {
            match passed.take_tcp_listener(number) {
                Ok(tcp) => this.tcp.extend(tcp),
                Err(_) => this.udp.extend(passed.take_udp_socket(number)?),
            }
        }
        Ok(this)
    }

    /// Those among which a predecessor has served.
    pub(crate) fn of(sockets: Vec<OwnedFd>) -> io::Result<Self> {
        let mut this = Self::default();
        for socket in sockets {
            match sockopt::socket_type(&socket)? {
                SocketType::STREAM => this.tcp.push(socket.into()),
                _ => this.udp.push(socket.into()),
            }
        }
        Ok(this)
    }

    /// The listeners of this address.
    pub(crate) fn tcp(&mut self, address: SocketAddr) -> Vec<TcpListener> {
        let is_its = |socket: &mut TcpListener| socket.local_addr().is_ok_and(|at| at == address);
        self.tcp.extract_if(.., is_its).collect()
    }

    /// The sockets for UDP of this address.
    pub(crate) fn udp(&mut self, address: SocketAddr) -> Vec<UdpSocket> {
        let is_its = |socket: &mut UdpSocket| socket.local_addr().is_ok_and(|at| at == address);
        self.udp.extract_if(.., is_its).collect()
    }

    /// Closes the rest, and says so: whoever connects there waits for nobody.
    pub(crate) fn close_rest(self) {
        let tcp = self.tcp.iter().map(TcpListener::local_addr);
        for address in tcp.chain(self.udp.iter().map(UdpSocket::local_addr)).flatten() {
            tracing::warn!(%address, "socket.unused: it was passed to this process, and no key names its address");
        }
    }
}

/// Other handles of the same sockets.
pub(crate) fn handles<'a, S: AsFd + 'a>(
    sockets: impl IntoIterator<Item = &'a S>,
) -> io::Result<Vec<OwnedFd>> {
    sockets.into_iter().map(|socket| socket.as_fd().try_clone_to_owned()).collect()
}
