//! Where log lines go: standard error, so that standard output belongs to what a command says to people.

use std::io;

use crate::config::{
    error::Invalid,
    log::{Log, LogFormat},
};

/// Logs as configured from now on. Later calls change nothing.
pub(crate) fn start(log: &Log) -> Result<(), Invalid> {
    let builder = tracing_subscriber::fmt().with_env_filter(log.filter()?).with_writer(io::stderr);
    let started = match log.format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        LogFormat::Text => builder.with_ansi(io::IsTerminal::is_terminal(&io::stderr())).try_init(),
    };
    // A second start in one process is a test's, whose lines the first one's subscriber takes.
    drop(started);
    Ok(())
}
