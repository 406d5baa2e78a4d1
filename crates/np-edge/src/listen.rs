//! Listening sockets: one for each thread, among which the kernel shares new connections out.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    num::NonZeroUsize,
};

use socket2::{Domain, Protocol, Socket, Type};

/// The most connections that wait to be accepted, on each socket.
const BACKLOG: i32 = 1024;

/// Binds as many sockets to one address as there are threads to serve it.
///
/// Sockets of one address are shared with other processes of the same user (`SO_REUSEPORT`). So that a second process on a
/// taken port is an error all the same, the address is first bound alone.
///
/// # Errors
/// When the address cannot be listened on.
pub fn bind(address: SocketAddr, threads: NonZeroUsize) -> io::Result<Vec<TcpListener>> {
    let alone = TcpListener::bind(address)?;
    // With port 0 the kernel has chosen one, which all sockets must have.
    let address = alone.local_addr()?;
    drop(alone);
    (0..threads.get()).map(|_| shared(address)).collect()
}

fn shared(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_of_one_address_are_shared_and_a_taken_one_is_an_error() {
        let two = NonZeroUsize::new(2).unwrap();
        let listeners = bind(([127, 0, 0, 1], 0).into(), two).unwrap();
        let addresses: Vec<_> = listeners.iter().map(|l| l.local_addr().unwrap()).collect();
        assert_eq!(addresses.len(), 2);
        assert_eq!(addresses[0], addresses[1]);
        let again = bind(addresses[0], two).unwrap_err();
        assert_eq!(again.kind(), io::ErrorKind::AddrInUse);
    }
}
