//! What the two processes say to each other, byte by byte, and how sockets travel with it.

use std::{
    io::{self, IoSlice, IoSliceMut},
    mem::MaybeUninit,
    os::{
        fd::{AsFd, OwnedFd},
        unix::net::UnixStream,
    },
};

use rustix::{
    cmsg_space,
    net::{
        RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
        SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
    },
};

/// A socket comes with this byte.
const SOCKET: u8 = b's';
/// There are no more sockets.
const SOCKETS_END: u8 = b'e';
/// The new process serves.
pub(super) const SERVING: u8 = b'r';
/// The most sockets that are taken: more than there are threads for.
const SOCKETS_MAX: usize = 4096;

/// Hands the sockets over.
pub(super) fn send_sockets(channel: &UnixStream, sockets: &[OwnedFd]) -> io::Result<()> {
    for socket in sockets {
        let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        let rights = [socket.as_fd()];
        if !ancillary.push(SendAncillaryMessage::ScmRights(&rights)) {
            return Err(io::Error::other("a socket does not fit into a message"));
        }
        send(channel, SOCKET, &mut ancillary)?;
    }
    send(channel, SOCKETS_END, &mut SendAncillaryBuffer::default())
}

/// Takes the sockets that the other side hands over.
pub(super) fn receive_sockets(channel: &UnixStream) -> io::Result<Vec<OwnedFd>> {
    let mut sockets = Vec::new();
    while sockets.len() < SOCKETS_MAX {
        let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let mut byte = [0];
        let mut parts = [IoSliceMut::new(&mut byte)];
        // Not inherited by what this process may start.
        let received = recvmsg(channel, &mut parts, &mut ancillary, RecvFlags::CMSG_CLOEXEC)?;
        for message in ancillary.drain() {
            if let RecvAncillaryMessage::ScmRights(rights) = message {
                sockets.extend(rights);
            }
        }
        match (received.bytes, byte) {
            (0, _) => return Err(io::ErrorKind::UnexpectedEof.into()),
            (_, [SOCKET]) => {}
            (_, [SOCKETS_END]) => return Ok(sockets),
            (_, [other]) => return Err(io::Error::other(format!("unknown byte {other}"))),
        }
    }
    Err(io::Error::other("too many sockets"))
}

fn send(
    channel: &UnixStream,
    byte: u8,
    ancillary: &mut SendAncillaryBuffer<'_, '_, '_>,
) -> io::Result<()> {
    let sent = sendmsg(channel, &[IoSlice::new(&[byte])], ancillary, SendFlags::NOSIGNAL)?;
    if sent == 1 { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
}

#[cfg(test)]
mod tests {
    use std::{io::Write as _, net::TcpListener};

    use super::*;

    #[test]
    fn sockets_come_out_as_they_went_in() {
        let (old, new) = UnixStream::pair().unwrap();
        let listeners = [(); 3].map(|()| TcpListener::bind(("127.0.0.1", 0)).unwrap());
        let addresses = listeners.each_ref().map(|l| l.local_addr().unwrap());
        send_sockets(&old, &listeners.map(OwnedFd::from)).unwrap();
        let received = receive_sockets(&new).unwrap().into_iter().map(TcpListener::from);
        assert_eq!(received.map(|l| l.local_addr().unwrap()).collect::<Vec<_>>(), addresses);
    }

    #[test]
    fn a_process_that_ends_or_says_something_else_is_no_predecessor() {
        let (old, new) = UnixStream::pair().unwrap();
        drop(old);
        assert_eq!(receive_sockets(&new).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        let (mut old, new) = UnixStream::pair().unwrap();
        old.write_all(b"x").unwrap();
        assert!(receive_sockets(&new).is_err());
    }
}
