//! A TCP forwarder before any server. Shut, it is an outage of that server for whoever comes through the gate, while the
//! server itself goes on and forgets nothing.

use std::io;
use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::ports::loopback;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Position {
    Open,
    Shut,
}

/// A gate on a port of 127.0.0.1. It is gone, with all its connections, when dropped.
#[derive(Debug)]
pub struct Gate {
    address: SocketAddr,
    position: watch::Sender<Position>,
    forwarding: JoinHandle<()>,
}

impl Gate {
    /// Opens a gate to the server at `target`.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn open_to(target: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(loopback(0)).await?;
        let address = listener.local_addr()?;
        let (position, seen) = watch::channel(Position::Open);
        let forwarding = tokio::spawn(forward(listener, target, seen));
        Ok(Self { address, position, forwarding })
    }

    /// Where to connect in place of the server.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cuts every connection, and each new one as soon as it is made.
    pub fn shut(&self) {
        self.position.send_replace(Position::Shut);
    }

    /// Lets connections through again.
    pub fn open(&self) {
        self.position.send_replace(Position::Open);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.forwarding.abort();
    }
}

async fn forward(listener: TcpListener, target: SocketAddr, position: watch::Receiver<Position>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        connections.spawn(carry(client, target, position.clone()));
    }
}

async fn carry(
    mut client: TcpStream,
    target: SocketAddr,
    mut position: watch::Receiver<Position>,
) -> io::Result<()> {
    if *position.borrow_and_update() == Position::Shut {
        return Ok(());
    }
    let mut server = TcpStream::connect(target).await?;
    tokio::select! {
        ended = copy_bidirectional(&mut client, &mut server) => ended.map(|_| ()),
        _ = position.wait_for(|now| *now == Position::Shut) => Ok(()),
    }
}
