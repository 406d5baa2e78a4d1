//! What is left of the world when its test has ended: nothing, however it ended.

use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

use np_testkit::dns::DnsServer;
use np_testkit::nginx::Nginx;
use np_testkit::pebble::{Options, Pebble};
use np_testkit::wait;

/// Set in the environment of a test process that is there to be killed.
const VICTIM: &str = "NP_TESTKIT_VICTIM";

async fn nobody_listens_on(address: SocketAddr) -> anyhow::Result<()> {
    let gone = async || TcpStream::connect(address).is_err().then_some(());
    wait::until(&format!("{address} has no listener"), Duration::from_secs(10), gone).await
}

#[tokio::test]
async fn servers_end_with_the_values_that_stand_for_them() {
    let dns = DnsServer::start().await.unwrap();
    let (nginx, pebble) =
        (Nginx::start().await.unwrap(), Pebble::start(Options::new(dns.address())).await.unwrap());
    let addresses = [dns.address(), nginx.address(), pebble.address()];
    drop((dns, nginx, pebble));
    for address in addresses {
        nobody_listens_on(address).await.unwrap();
    }
}

/// Runs itself as a process of its own, which is killed when it has told where its server listens.
#[tokio::test]
async fn servers_end_with_a_test_process_that_is_killed() {
    if std::env::var_os(VICTIM).is_some() {
        return be_killed().await;
    }
    // Who is killed leaves his files behind: here, in a folder that goes.
    let folder = tempfile::TempDir::new().unwrap();
    let mut victim = Command::new(std::env::current_exe().unwrap());
    victim.env("TMPDIR", folder.path());
    victim.args([
        "--exact",
        "ending::servers_end_with_a_test_process_that_is_killed",
        "--nocapture",
    ]);
    let output = victim.env(VICTIM, "yes").stderr(Stdio::inherit()).output().unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8(output.stdout).unwrap();
    let address = said.lines().find_map(|line| line.split_once("listening on ")).expect(&said).1;
    nobody_listens_on(address.parse().unwrap()).await.unwrap();
}

async fn be_killed() {
    let nginx = Nginx::start().await.unwrap();
    TcpStream::connect(nginx.address()).unwrap();
    println!("listening on {}", nginx.address());
    // Not a panic, which would end the server tidily.
    std::process::abort();
}
