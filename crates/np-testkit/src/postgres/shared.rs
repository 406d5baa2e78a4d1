//! One cluster for all tests of this machine, however many processes they run in.
//!
//! Every process that uses the cluster holds a shared lock on `users.lock`. The first to find no server starts one under a
//! keeper, a shell in a session of its own; when nobody has held the lock for a while, the keeper takes it for itself, ends the
//! server and removes its data. Who comes at that moment waits for the lock, and then starts a server anew.

use std::fs::{self, File};
use std::net::TcpStream;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use rustix::process::geteuid;

use super::{Installation, data};
use crate::{ports, program, wait};

/// How long a server may take to start beside compilers.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// Arguments: the folder, then the command of the server. Looks every other second; ends after ten looks without users.
const KEEPER: &str = r#"
folder=$1; shift
"$@" & server=$!
idle=0
while sleep 2 && kill -0 "$server" 2>/dev/null; do
    if flock --exclusive --nonblock "$folder/users.lock" true; then idle=$((idle + 1)); else idle=0; fi
    if [ "$idle" -ge 10 ]; then
        exec 9>>"$folder/users.lock"
        flock --exclusive --nonblock 9 || { exec 9>&-; idle=0; continue; }
        rm -f "$folder/port"
        kill -QUIT "$server"
        wait "$server"
        rm -rf "$folder/data"
        exit
    fi
done
"#;

/// The shared cluster, which stays up for as long as this value, and a little longer.
#[derive(Debug)]
pub struct SharedPostgres {
    port: u16,
    installation: Installation,
    /// Held, not read.
    _users: File,
}

impl SharedPostgres {
    /// Makes an empty database, and returns its URL.
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn fresh_database(&self) -> anyhow::Result<String> {
        self.installation.fresh_database(self.port)
    }

    pub(super) async fn join() -> anyhow::Result<Self> {
        let installation = Installation::find()?;
        let folder = folder()?;
        let users = lock_file(&folder, "users.lock")?;
        users.lock_shared()?;
        let starting = lock_file(&folder, "start.lock")?;
        starting.lock()?;
        let port = match running(&folder) {
            Some(port) => port,
            None => start(&installation, &folder).await?,
        };
        Ok(Self { port, installation, _users: users })
    }
}

/// The port of the server that is up. A connection decides, not an answer, which can be late on a busy machine.
fn running(folder: &Path) -> Option<u16> {
    let port = fs::read_to_string(folder.join("port")).ok()?.parse().ok()?;
    TcpStream::connect(ports::loopback(port)).ok()?;
    Some(port)
}

/// Makes a new cluster and starts it. Called with the lock on starting.
async fn start(installation: &Installation, folder: &Path) -> anyhow::Result<u16> {
    fs::remove_dir_all(data(folder)).ok();
    installation.initialize(folder)?;
    program::on_free_ports(async || {
        let port = ports::free_tcp()?;
        keep(&installation.server(&data(folder), port, &super::NOT_DURABLE), folder)?;
        let log = folder.join("postgres.log");
        let ready = async || installation.accepts_connections(port).then_some(());
        wait::until(
            &format!("the shared PostgreSQL, which says why in {}", log.display()),
            READY_WITHIN,
            ready,
        )
        .await?;
        fs::write(folder.join("port"), port.to_string())?;
        Ok(port)
    })
    .await
}

/// Starts the server under its keeper, away from this process and its terminal.
fn keep(server: &Command, folder: &Path) -> anyhow::Result<()> {
    let mut wrapper = Command::new("setsid");
    wrapper.args(["sh", "-c", KEEPER, "postgres-keeper"]).arg(folder);
    let mut keeper = program::wrapped(wrapper, server);
    let log = File::create(folder.join("postgres.log"))?;
    keeper.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    keeper.spawn().context("cannot start setsid")?;
    Ok(())
}

/// The folder of the shared cluster: one for each user of this machine.
fn folder() -> anyhow::Result<PathBuf> {
    let user = geteuid().as_raw();
    let folder = std::env::temp_dir().join(format!("np-postgres-shared-{user}"));
    // Traversable, because the server may run as somebody else.
    fs::DirBuilder::new().recursive(true).mode(0o711).create(&folder)?;
    ensure!(
        !folder.is_symlink(),
        "{} is a link that somebody else may have put there: remove it",
        folder.display()
    );
    Ok(folder)
}

fn lock_file(folder: &Path, name: &str) -> anyhow::Result<File> {
    let path = folder.join(name);
    File::options()
        .create(true)
        .append(true)
        .open(&path)
        .with_context(|| path.display().to_string())
}
