//! A process of the test's: its child, or one that its child has started in its own place.

use std::time::Duration;

use anyhow::Context as _;
use rustix::process::{Pid, Signal, WaitOptions, kill_process, set_child_subreaper, waitpid};
use tokio::process::Child;

/// A process that runs. Dropped, it is killed.
pub(crate) enum Process {
    /// The test's child.
    Child(Child),
    /// The child of one.
    Adopted(Pid),
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ended(Option<i32>);

impl Ended {
    /// The exit code; `None` after a signal.
    pub(crate) fn code(self) -> Option<i32> {
        self.0
    }
}

/// Makes the children of processes that end the test's.
pub(crate) fn adopt_orphans() -> anyhow::Result<()> {
    Ok(set_child_subreaper(Some(rustix::process::getpid()))?)
}

impl Process {
    /// A process that somebody else has started.
    pub(crate) fn adopted(id: i32) -> anyhow::Result<Self> {
        Ok(Self::Adopted(Pid::from_raw(id).context("a pid is not 0")?))
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        Ok(kill_process(self.id().context("it has ended already")?, signal)?)
    }

    /// Waits for its end. An adopted one must have lost its parent.
    pub(crate) async fn end_within(&mut self, time: Duration) -> anyhow::Result<Ended> {
        let ended = async {
            match self {
                Self::Child(child) => Ok(Ended(child.wait().await?.code())),
                Self::Adopted(id) => {
                    let id = *id;
                    let wait = move || waitpid(Some(id), WaitOptions::empty());
                    let (_, status) =
                        tokio::task::spawn_blocking(wait).await??.context("it has ended")?;
                    Ok(Ended(status.exit_status()))
                }
            }
        };
        tokio::time::timeout(time, ended).await.context("it does not end")?
    }

    fn id(&self) -> Option<Pid> {
        match self {
            Self::Child(child) => Pid::from_raw(i32::try_from(child.id()?).ok()?),
            Self::Adopted(id) => Some(*id),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Self::Adopted(id) = self {
            // It may have ended.
            let _ = kill_process(*id, Signal::KILL);
        }
    }
}
