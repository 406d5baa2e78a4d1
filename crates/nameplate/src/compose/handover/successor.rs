//! The process that this one is replaced by.

use std::{
    env,
    ffi::OsString,
    io,
    os::{
        fd::OwnedFd,
        unix::{ffi::OsStrExt as _, net::UnixStream},
    },
    path::PathBuf,
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, bail};
use tokio::{
    io::AsyncReadExt as _,
    process::{Child, Command},
    task::spawn_blocking,
};

use super::{TAKEOVER, channel};

/// How long the new process may take until it serves. Shorter than the silence after which the control side counts a node as
/// dead (`reconcile.node_silence_max`): nobody follows the feed meanwhile.
const SERVING_WITHIN: Duration = Duration::from_secs(12);

/// How this process was started: what it is replaced by is started so.
pub(crate) struct Program {
    path: PathBuf,
    arguments: Vec<OsString>,
}

impl Program {
    /// Notes how this process was started. To be called early: a path can be relative to the folder that it was started in.
    pub(crate) fn of_this_process() -> io::Result<Self> {
        let mut arguments = env::args_os();
        // The name that it was called by, not the file behind it: a link may lead to a new version by now.
        let path = match arguments.next() {
            Some(name) if name.as_bytes().starts_with(b"/") => name.into(),
            Some(name) if name.as_bytes().contains(&b'/') => env::current_dir()?.join(name),
            _ => env::current_exe()?,
        };
        let arguments = arguments.filter(|argument| argument != TAKEOVER).collect();
        Ok(Self { path, arguments })
    }
}

/// The new process. Ends with this value, unless it serves.
pub(crate) struct Successor {
    child: Child,
    serves: bool,
}

impl Successor {
    /// Starts it, hands the sockets to it, and waits until it serves.
    pub(crate) async fn start(program: &Program, sockets: Vec<OwnedFd>) -> anyhow::Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        let mut command = Command::new(&program.path);
        command.args(&program.arguments).arg(TAKEOVER).stdin(Stdio::from(OwnedFd::from(theirs)));
        // Those that a service manager meant for this process.
        command.env_remove("LISTEN_FDS").env_remove("LISTEN_PID").env_remove("LISTEN_FDNAMES");
        let child = command.spawn();
        let child = child.with_context(|| format!("{} cannot be started", program.path.display()));
        let mut this = Self { child: child?, serves: false };
        // The command holds the other end of the channel: without it, the end of the process is seen.
        drop(command);
        let served = tokio::time::timeout(SERVING_WITHIN, this.serving(ours, sockets)).await;
        served.with_context(|| format!("it did not serve within {SERVING_WITHIN:?}"))??;
        this.serves = true;
        Ok(this)
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id().unwrap_or_default()
    }

    async fn serving(&mut self, channel: UnixStream, sockets: Vec<OwnedFd>) -> anyhow::Result<()> {
        channel.set_write_timeout(Some(SERVING_WITHIN))?;
        let sending = spawn_blocking(move || {
            channel::send_sockets(&channel, &sockets)?;
            channel.set_nonblocking(true)?;
            Ok::<_, io::Error>(channel)
        });
        let serving = async {
            let mut channel = tokio::net::UnixStream::from_std(sending.await??)?;
            Ok::<_, anyhow::Error>(channel.read_u8().await?)
        };
        let ended = async |child: &mut Child| match child.wait().await {
            Ok(status) => anyhow::anyhow!("it ended ({status}); its last lines say why"),
            Err(error) => error.into(),
        };
        match serving.await {
            Ok(channel::SERVING) => Ok(()),
            Ok(other) => bail!("it said {other}, which this version does not know"),
            // It has ended, or is about to.
            Err(_) => Err(ended(&mut self.child).await),
        }
    }
}

impl Drop for Successor {
    fn drop(&mut self) {
        if !self.serves {
            // It may have ended already.
            let _ = self.child.start_kill();
        }
    }
}
