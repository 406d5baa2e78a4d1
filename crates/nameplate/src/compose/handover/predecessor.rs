//! The process that this one takes over from.

use std::{
    io::{self, Write as _},
    os::{fd::AsFd as _, unix::net::UnixStream},
    time::Duration,
};

use anyhow::Context as _;

use super::channel;
use crate::compose::inherited::Inherited;

/// How long the sockets may take to come: they are sent at once.
const SOCKETS_WITHIN: Duration = Duration::from_secs(5);

/// The process that started this one to be replaced by it.
pub(crate) struct Predecessor(UnixStream);

impl Predecessor {
    /// Finds it at the standard input, and takes its sockets.
    pub(crate) fn meet() -> anyhow::Result<(Self, Inherited)> {
        let met = || {
            let channel = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
            channel.set_read_timeout(Some(SOCKETS_WITHIN))?;
            let sockets = channel::receive_sockets(&channel)?;
            Ok::<_, io::Error>((Self(channel), Inherited::of(sockets)?))
        };
        met().context(
            "--takeover is for a process that another one starts to be replaced by it: leave it out, and send SIGHUP to \
             the running process",
        )
    }

    /// Tells it that this process serves now; it ends then.
    pub(crate) fn relieve(mut self) {
        // When it is gone already, this process serves all the same.
        if let Err(error) = self.0.write_all(&[channel::SERVING]) {
            tracing::warn!(%error, "handover.predecessor_gone");
        }
    }
}
