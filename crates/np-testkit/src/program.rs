//! A real program as a child of the test: found on this machine, started with its output in a file, ended with the test.
//!
//! A child leads a process group of its own, so that all of it can be ended, and is told by the kernel when the test process
//! dies without having had the time to end it (a timeout, Ctrl-C).

use std::fs::{self, File};
use std::io;
use std::net::TcpStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{OnceLock, mpsc};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::time::sleep;

use crate::ports::loopback;

/// How long a program may take until it listens. Generous: tests run beside compilers.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// How long a program may take to end when asked, before it is killed.
const END_WITHIN: Duration = Duration::from_secs(3);
/// Between two looks at a program that starts or ends.
const PERIOD: Duration = Duration::from_millis(5);
/// How much of a program's output an error shows, in bytes from the end.
const LOG_TAIL_BYTES: usize = 4_000;
/// How often a server is started anew, on other ports, because another process has taken one.
const START_ATTEMPTS_MAX: usize = 3;

/// Folders that hold servers but are often missing from the PATH of people who are not root.
const MORE_FOLDERS: [&str; 2] = ["/usr/sbin", "/usr/local/sbin"];

/// Where the program is.
pub(crate) fn find(name: &str) -> anyhow::Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(MORE_FOLDERS.map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .with_context(|| missing(name))
}

/// What to say when a program is not installed.
pub(crate) fn missing(name: &str) -> String {
    format!("{name} is not installed, and this test needs it: run `make setup`")
}

/// Starts a server on ports that were free a moment ago, and again on others when that fails.
///
/// # Errors
/// That of the last attempt.
pub async fn on_free_ports<T>(
    mut start: impl AsyncFnMut() -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let mut attempt = 1;
    loop {
        match start().await {
            Err(_) if attempt < START_ATTEMPTS_MAX => attempt += 1,
            result => return result,
        }
    }
}

/// The signal that ends a program cleanly and at once.
#[derive(Debug, Clone, Copy)]
pub enum Ending {
    /// SIGQUIT.
    Quit,
    /// SIGTERM.
    Terminate,
}

impl Ending {
    fn signal(self) -> Signal {
        match self {
            Self::Quit => Signal::QUIT,
            Self::Terminate => Signal::TERM,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Quit => "QUIT",
            Self::Terminate => "TERM",
        }
    }
}

/// A running program. Ends when dropped.
#[derive(Debug)]
pub struct Program {
    name: String,
    child: Child,
    log: PathBuf,
    ending: Ending,
}

impl Program {
    /// Starts what `command` says, with its output appended to `log`, a file that bears the program's name.
    ///
    /// # Errors
    /// When the program, or `setpriv`, is not there, or the file cannot be written.
    pub fn start(command: &Command, log: &Path, ending: Ending) -> anyhow::Result<Self> {
        let name = log.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let output = File::options()
            .create(true)
            .append(true)
            .open(log)
            .with_context(|| log.display().to_string())?;
        let mut command = dying_with_us(command, ending)?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output).process_group(0);
        let child = spawn(command).with_context(|| format!("cannot start {name}"))?;
        Ok(Self { name, child, log: log.to_owned(), ending })
    }

    /// Returns once something listens on the TCP port of 127.0.0.1.
    ///
    /// # Errors
    /// When the program ends or the time is up before, with what it said.
    pub async fn listens_on(&mut self, port: u16) -> anyhow::Result<()> {
        self.until(&format!("listening on port {port}"), || {
            TcpStream::connect(loopback(port)).is_ok()
        })
        .await
    }

    /// Returns once `ready`, which is called again and again, says so.
    ///
    /// # Errors
    /// When the program ends or the time is up before, with what it said.
    pub async fn until(
        &mut self,
        what: &str,
        mut ready: impl FnMut() -> bool,
    ) -> anyhow::Result<()> {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!(
                    "{} ended ({status}) before {what}. It said:\n{}",
                    self.name,
                    self.log_tail()
                );
            }
            if ready() {
                return Ok(());
            }
            if started.elapsed() > READY_WITHIN {
                bail!(
                    "{} is not {what} after {READY_WITHIN:?}. It said:\n{}",
                    self.name,
                    self.log_tail()
                );
            }
            sleep(PERIOD).await;
        }
    }

    /// The number of its process: what runs a program for us replaces itself by it.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end, as an operator's `kill` does.
    pub fn ask_to_end(&mut self) {
        // A child that is not waited for keeps its number, so no signal of ours can meet a stranger.
        if matches!(self.child.try_wait(), Ok(None)) {
            kill_process(Pid::from_child(&self.child), self.ending.signal()).ok();
        }
    }

    /// Ends it as a crash does: at once, with no time for anything.
    pub fn kill(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }

    /// Waits until it has ended, and returns how.
    ///
    /// # Errors
    /// When it is still there after this time, with what it said.
    pub async fn ended(&mut self, within: Duration) -> anyhow::Result<ExitStatus> {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if started.elapsed() > within {
                bail!(
                    "{} has not ended after {within:?}. It said:\n{}",
                    self.name,
                    self.log_tail()
                );
            }
            sleep(PERIOD).await;
        }
    }

    /// The last of what the program has printed.
    #[must_use]
    pub fn log_tail(&self) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&log[log.len().saturating_sub(LOG_TAIL_BYTES)..]).into_owned()
    }

    fn end(&mut self) {
        self.ask_to_end();
        let asked = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && asked.elapsed() < END_WITHIN {
            std::thread::sleep(PERIOD);
        }
        if matches!(self.child.try_wait(), Ok(None)) {
            kill_process_group(Pid::from_child(&self.child), Signal::KILL).ok();
            self.child.wait().ok();
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.end();
        if std::thread::panicking() {
            eprintln!("--- {} said last:\n{}", self.name, self.log_tail());
        }
    }
}

/// The same command, run so that the kernel sends it `ending` when the thread that started it is gone.
fn dying_with_us(command: &Command, ending: Ending) -> anyhow::Result<Command> {
    let mut wrapper = Command::new(find("setpriv")?);
    wrapper.arg("--pdeathsig").arg(ending.name()).arg("--");
    Ok(wrapped(wrapper, command))
}

/// `command`, run by `wrapper` (which ends in the options that come before a program's name).
pub(crate) fn wrapped(mut wrapper: Command, command: &Command) -> Command {
    wrapper.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => wrapper.env(name, value),
            None => wrapper.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        wrapper.current_dir(folder);
    }
    wrapper
}

/// Starts the command from a thread that lives as long as this process: the kernel's "parent died" is about the thread that
/// made the child, and a test's own thread, or one of tokio's, may end long before.
fn spawn(command: Command) -> io::Result<Child> {
    type Order = (Command, mpsc::SyncSender<io::Result<Child>>);
    static SPAWNER: OnceLock<mpsc::Sender<Order>> = OnceLock::new();
    let spawner = SPAWNER.get_or_init(|| {
        let (orders, inbox) = mpsc::channel::<Order>();
        std::thread::spawn(move || {
            for (mut command, reply) in inbox {
                reply.send(command.spawn()).ok();
            }
        });
        orders
    });
    let (reply, answer) = mpsc::sync_channel(1);
    spawner.send((command, reply)).map_err(io::Error::other)?;
    answer.recv().map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_an_error_that_says_how_to_get_it() {
        let error = find("no-such-program").unwrap_err().to_string();
        assert!(error.contains("no-such-program") && error.contains("make setup"), "{error}");
    }

    #[tokio::test]
    async fn a_program_that_ends_at_once_is_an_error_with_what_it_said() {
        let folder = tempfile::TempDir::new().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo no such option; exit 3"]);
        let log = folder.path().join("server.log");
        let mut program = Program::start(&command, &log, Ending::Terminate).unwrap();
        let error = program.until("listening", || false).await.unwrap_err().to_string();
        assert!(error.contains("server ended (exit status: 3)"), "{error}");
        assert!(error.contains("no such option"), "{error}");
    }
}
