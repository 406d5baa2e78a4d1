//! Sockets that a service manager holds: whoever connects while the process is started again waits, and is not refused.

use std::{fs, process::Stdio};

use np_testkit::{ports::loopback, wait};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{
    handover::WITHIN,
    world::{EXECUTABLE, Nameplate},
};

/// Binds the ports that it is given, and starts the program on them again and again, as systemd does with a socket unit.
const MANAGER: &str = r"
import os, socket, sys
program, ports = sys.argv[1], [int(port) for port in sys.argv[2:]]
sockets = []
for port in ports:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(('127.0.0.1', port))
    listener.listen(128)
    sockets.append(listener)
print('bound', flush=True)
while sys.stdin.readline():
    child = os.fork()
    if child == 0:
        held = [os.dup(listener.fileno()) for listener in sockets]
        for number, descriptor in enumerate(held):
            os.dup2(descriptor, 100 + number)
        for number in range(len(held)):
            os.dup2(100 + number, 3 + number, inheritable=True)
        os.environ['LISTEN_FDS'] = str(len(held))
        os.environ['LISTEN_PID'] = str(os.getpid())
        os.execv(program, [program, 'serve'])
    print(child, flush=True)
    os.waitpid(child, 0)
    print('ended', flush=True)
";

#[tokio::test]
async fn a_connection_waits_while_the_process_behind_a_managers_socket_is_started_again() {
    let nameplate = Nameplate::new("serve").unwrap();
    let ports = [nameplate.ports.api, nameplate.ports.https].map(|port| port.to_string());
    let mut manager = tokio::process::Command::new("python3");
    manager.args(["-c", MANAGER, EXECUTABLE]).args(ports).envs(nameplate.environment());
    manager.current_dir(nameplate.folder()).stdin(Stdio::piped()).stdout(Stdio::piped());
    manager.stderr(fs::File::create(nameplate.log()).unwrap());
    let mut manager = manager.kill_on_drop(true).spawn().unwrap();
    let (mut orders, mut told) = (manager.stdin.take().unwrap(), manager.stdout.take().unwrap());
    assert_eq!(line(&mut told).await, "bound");

    // Nobody serves yet, and nobody is refused.
    let mut api = TcpStream::connect(loopback(nameplate.ports.api)).await.unwrap();
    api.write_all(b"GET /nothing HTTP/1.1\r\nhost: api\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    orders.write_all(b"\n").await.unwrap();
    let first = line(&mut told).await;
    let mut answer = String::new();
    api.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
    let ready = wait::until("nameplate is ready", WITHIN, async || {
        nameplate.admin("/readyz").await.is_ok_and(|(status, _)| status == 200).then_some(())
    });
    ready.await.unwrap();

    let pid = rustix::process::Pid::from_raw(first.parse().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    // Its own output is between: where it listens.
    while line(&mut told).await != "ended" {}
    let mut api = TcpStream::connect(loopback(nameplate.ports.api)).await.unwrap();
    TcpStream::connect(loopback(nameplate.ports.https)).await.unwrap();
    api.write_all(b"GET /nothing HTTP/1.1\r\nhost: api\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    orders.write_all(b"\n").await.unwrap();
    let second = line(&mut told).await;
    let mut answer = String::new();
    api.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
    let pid = rustix::process::Pid::from_raw(second.parse().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    while line(&mut told).await != "ended" {}
}

async fn line(from: &mut tokio::process::ChildStdout) -> String {
    let mut line = Vec::new();
    while let Ok(byte) = from.read_u8().await
        && byte != b'\n'
    {
        line.push(byte);
    }
    String::from_utf8_lossy(&line).into_owned()
}
