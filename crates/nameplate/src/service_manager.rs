//! What a service manager (systemd) is told: that the process serves, is being replaced, or ends. Without one
//! (`NOTIFY_SOCKET`), nothing is said.

use sd_notify::NotifyState;

/// The process serves.
pub(crate) fn ready() {
    tell(&[NotifyState::Ready]);
}

/// A new process is being started, which may replace this one.
pub(crate) fn reloading() {
    tell(&[NotifyState::Reloading]);
}

/// The service goes on in another process.
pub(crate) fn replaced_by(process: u32) {
    tell(&[NotifyState::MainPid(process), NotifyState::Ready]);
}

/// The process ends.
pub(crate) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "service_manager.deaf");
    }
}
