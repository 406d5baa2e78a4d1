//! PostgreSQL for tests: [`Postgres`] is a cluster of one's own, which can be stopped; [`SharedPostgres`] is one cluster for all
//! tests of this machine, which is quicker, and enough for whoever needs no more than a database.
//!
//! Durability is off (`fsync`), but for [`Postgres::start_durable`], so a crash of the machine loses the data; a crash of a client or of the server does not.

mod shared;

use std::collections::hash_map::RandomState;
use std::ffi::OsStr;
use std::fs;
use std::hash::BuildHasher as _;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};
use rustix::process::geteuid;
use tempfile::TempDir;

pub use shared::SharedPostgres;

use crate::ports;
use crate::program::{self, Ending, Program};

/// Where Debian puts the servers, in a folder per version.
const VERSIONS: &str = "/usr/lib/postgresql";
/// PostgreSQL refuses to run as root; then it runs as this user, whom Debian's package makes.
const UNPRIVILEGED: &str = "postgres";
/// The administrator of a cluster, who needs no password.
const ADMINISTRATOR: &str = "postgres";
/// How many connections a cluster takes: tests run side by side, each with pools of its own.
const CONNECTIONS_MAX: u32 = 300;
/// How temporary folders are named.
const PREFIX: &str = "np-postgres-";
/// What makes a cluster quick, and unfit for anything but tests.
const NOT_DURABLE: [&str; 2] = ["fsync=off", "full_page_writes=off"];

/// A cluster of one's own. Gone when dropped, but for the files of [`Postgres::start_durable_in`].
#[derive(Debug)]
pub struct Postgres {
    port: u16,
    installation: Installation,
    settings: &'static [&'static str],
    // Before the folder, so that it has ended when its files go.
    program: Option<Program>,
    folder: Folder,
}

/// Where a cluster's files lie.
#[derive(Debug)]
enum Folder {
    Kept(PathBuf),
    Temporary(TempDir),
}

impl Folder {
    fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Temporary(folder) => folder.path(),
        }
    }
}

impl Postgres {
    /// Makes a cluster and starts it on a free port.
    ///
    /// # Errors
    /// When PostgreSQL is not installed or does not start.
    pub async fn start() -> anyhow::Result<Self> {
        Self::start_with(&NOT_DURABLE, Folder::Temporary(TempDir::with_prefix(PREFIX)?)).await
    }

    /// The same, with a commit that survives a crash of the machine, as in production: for benchmarks.
    ///
    /// # Errors
    /// When PostgreSQL is not installed or does not start.
    pub async fn start_durable() -> anyhow::Result<Self> {
        Self::start_with(&[], Folder::Temporary(TempDir::with_prefix(PREFIX)?)).await
    }

    /// The same with its files in `folder`, which stay: who starts there again finds the databases that were made.
    ///
    /// # Errors
    /// When PostgreSQL is not installed or does not start.
    pub async fn start_durable_in(folder: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(folder)?;
        Self::start_with(&[], Folder::Kept(folder.canonicalize()?)).await
    }

    async fn start_with(settings: &'static [&'static str], folder: Folder) -> anyhow::Result<Self> {
        let installation = Installation::find()?;
        if !data(folder.path()).exists() {
            installation.initialize(folder.path())?;
        }
        let mut postgres = Self { port: 0, installation, settings, program: None, folder };
        program::on_free_ports(async || {
            postgres.port = ports::free_tcp()?;
            postgres.start_again().await
        })
        .await?;
        Ok(postgres)
    }

    /// Ends the server as a power cut would, in the middle of what it does; its port refuses connections from now on.
    pub fn stop(&mut self) {
        self.program = None;
    }

    /// Starts it after [`stop`](Self::stop), on the same port and with the same data.
    ///
    /// # Errors
    /// When the server does not start.
    pub async fn start_again(&mut self) -> anyhow::Result<()> {
        let command = self.installation.server(&data(self.folder.path()), self.port, self.settings);
        let mut program =
            Program::start(&command, &self.folder.path().join("postgres.log"), Ending::Quit)?;
        let (installation, port) = (&self.installation, self.port);
        program.until("accepting connections", || installation.accepts_connections(port)).await?;
        self.program = Some(program);
        Ok(())
    }

    /// The database that every cluster has. Tests that write take a [`fresh_database`](Self::fresh_database).
    #[must_use]
    pub fn url(&self) -> String {
        url(self.port, "postgres")
    }

    /// Makes an empty database, and returns its URL.
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn fresh_database(&self) -> anyhow::Result<String> {
        self.installation.fresh_database(self.port)
    }

    /// The URL of the database with this name, which is made if it is not there.
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn database(&self, name: &str) -> anyhow::Result<String> {
        match self.installation.create_database(self.port, name) {
            Err(why) if !why.to_string().contains("already exists") => Err(why),
            _ => Ok(url(self.port, name)),
        }
    }

    /// The process that all others of the cluster descend from, while it runs.
    #[must_use]
    pub fn process_id(&self) -> Option<u32> {
        self.program.as_ref().map(Program::id)
    }

    /// Has every database look as it does when it has run for a while: rows sorted out, statistics gathered.
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn settle(&self) -> anyhow::Result<()> {
        let mut vacuum = Command::new(self.installation.programs.join("vacuumdb"));
        vacuum
            .args(["--all", "--analyze", "--quiet", "--host=127.0.0.1"])
            .args(["--username", ADMINISTRATOR])
            .arg(format!("--port={}", self.port));
        run(vacuum)
    }

    /// The cluster that all tests share, started if need be.
    ///
    /// # Errors
    /// When PostgreSQL is not installed or does not start.
    pub async fn shared() -> anyhow::Result<SharedPostgres> {
        SharedPostgres::join().await
    }
}

/// The PostgreSQL programs of this machine, and who must run them.
#[derive(Debug)]
struct Installation {
    programs: PathBuf,
    is_root: bool,
}

impl Installation {
    fn find() -> anyhow::Result<Self> {
        let versions = fs::read_dir(VERSIONS).into_iter().flatten().flatten();
        let newest = versions
            .filter_map(|entry| {
                let version: u32 = entry.file_name().to_str()?.parse().ok()?;
                Some((version, entry.path().join("bin")))
            })
            .filter(|(_, programs)| programs.join("postgres").is_file())
            .max();
        let programs = match newest {
            Some((_, programs)) => programs,
            None => program::find("postgres")?
                .parent()
                .context("a program lies in a folder")?
                .to_owned(),
        };
        Ok(Self { programs, is_root: geteuid().is_root() })
    }

    /// Makes an empty cluster in the data folder of `folder`.
    fn initialize(&self, folder: &Path) -> anyhow::Result<()> {
        let data = data(folder);
        fs::create_dir(&data)?;
        if self.is_root {
            let (user, group) = (unprivileged_id("-u")?, unprivileged_id("-g")?);
            chown(folder, Some(user), Some(group))?;
            chown(&data, Some(user), Some(group))?;
        }
        let mut initdb = self.command("initdb");
        initdb.arg("--pgdata").arg(&data).args(["--username", ADMINISTRATOR]);
        initdb.args([
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            "--no-instructions",
        ]);
        run(initdb)
    }

    fn server(&self, data: &Path, port: u16, settings: &[&str]) -> Command {
        let mut server = self.command("postgres");
        server.arg("-D").arg(data);
        for setting in [
            "listen_addresses=127.0.0.1".to_owned(),
            format!("port={port}"),
            format!("max_connections={CONNECTIONS_MAX}"),
            "unix_socket_directories=".to_owned(),
        ] {
            server.arg("-c").arg(setting);
        }
        settings.iter().for_each(|setting| _ = server.arg("-c").arg(setting));
        server
    }

    fn accepts_connections(&self, port: u16) -> bool {
        let mut probe = Command::new(self.programs.join("pg_isready"));
        probe
            .args(["--quiet", "--host=127.0.0.1", "--timeout=3", "--username", ADMINISTRATOR])
            .arg(format!("--port={port}"));
        probe.status().is_ok_and(|status| status.success())
    }

    fn fresh_database(&self, port: u16) -> anyhow::Result<String> {
        let name = format!("test_{:016x}", RandomState::new().hash_one(port));
        self.create_database(port, &name)?;
        Ok(url(port, &name))
    }

    fn create_database(&self, port: u16, name: &str) -> anyhow::Result<()> {
        let mut createdb = Command::new(self.programs.join("createdb"));
        createdb
            .args(["--host=127.0.0.1", "--username", ADMINISTRATOR])
            .arg(format!("--port={port}"))
            .arg(name);
        run(createdb)
    }

    /// One of the programs, run as somebody who is not root.
    fn command(&self, name: &str) -> Command {
        let command = Command::new(self.programs.join(name));
        if !self.is_root {
            return command;
        }
        let mut wrapper = Command::new("setpriv");
        wrapper
            .args(["--reuid", UNPRIVILEGED, "--regid", UNPRIVILEGED, "--init-groups", "--"])
            .current_dir("/");
        program::wrapped(wrapper, &command)
    }
}

fn url(port: u16, database: &str) -> String {
    format!("postgres://{ADMINISTRATOR}@127.0.0.1:{port}/{database}")
}

fn data(folder: &Path) -> PathBuf {
    folder.join("data")
}

/// The number of the unprivileged user (`-u`) or of its group (`-g`).
fn unprivileged_id(which: impl AsRef<OsStr>) -> anyhow::Result<u32> {
    let output = Command::new("id").arg(which).arg(UNPRIVILEGED).output()?;
    ensure!(output.status.success(), program::missing("PostgreSQL, with its user `postgres`,"));
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

fn run(mut command: Command) -> anyhow::Result<()> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    if !output.status.success() {
        bail!(
            "{command:?}: {}\n{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}
