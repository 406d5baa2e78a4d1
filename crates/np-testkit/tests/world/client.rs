//! The command-line clients that these tests look through: independent of what they look at.

use std::net::SocketAddr;

use tokio::process::Command;

/// What `curl` prints for these arguments.
pub(crate) async fn curl(arguments: &[&str]) -> Result<String, String> {
    run(
        "curl",
        &[&["--silent", "--show-error", "--fail-with-body", "--max-time", "20"], arguments]
            .concat(),
    )
    .await
}

/// What `dig` prints when asked for a name and type, with these of its options.
pub(crate) async fn dig(server: SocketAddr, question: &[&str]) -> String {
    let (ip, port) = (format!("@{}", server.ip()), server.port().to_string());
    run("dig", &[&[&ip, "-p", &port, "+time=3", "+tries=1"], question].concat())
        .await
        .unwrap_or_else(|error| error)
}

/// What the program prints, or what it and its errors say when it fails.
pub(crate) async fn run(program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program).args(arguments).output().await;
    let output = output.map_err(|error| format!("{program} ({error}): run `make setup`"))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        Ok(said)
    } else {
        Err(said + &String::from_utf8_lossy(&output.stderr))
    }
}
