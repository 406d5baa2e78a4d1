//! Clients that mean harm: bytes that are no ClientHello, names that nobody has, more handshakes than one may begin.

use std::time::{Duration, Instant};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
};

use crate::world::{Hello, World, open_settings, shown_name};

/// Broken ClientHellos sent in one run of the test.
const BROKEN_HELLOS: usize = 400;
/// The longest that an edge may keep a connection after bytes that are no handshake.
const CLOSED_WITHIN: Duration = Duration::from_secs(20);

/// What a client of ours begins a connection with.
async fn client_hello(name: &str) -> Vec<u8> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let hello = Hello::to(name);
    let client = tokio::spawn(async move { hello.connect(address).await.err() });
    let (mut socket, _) = listener.accept().await.unwrap();
    let mut head = [0; 5];
    socket.read_exact(&mut head).await.unwrap();
    let mut body = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
    socket.read_exact(&mut body).await.unwrap();
    drop(socket);
    client.await.unwrap();
    [&head[..], &body].concat()
}

/// The hello with a few of its bytes changed, cut out, doubled or added.
fn broken(hello: &[u8], rng: &mut StdRng) -> Vec<u8> {
    let mut bytes = hello.to_vec();
    for _ in 0..rng.random_range(1..6) {
        let at = rng.random_range(0..bytes.len());
        match rng.random_range(0..5) {
            0 => bytes[at] ^= 1 << rng.random_range(0..8),
            1 => bytes[at] = rng.random(),
            2 => drop(bytes.drain(at..(at + rng.random_range(1..40)).min(bytes.len()))),
            3 => bytes.insert(at, rng.random()),
            _ => bytes.truncate(at.max(1)),
        }
        if bytes.is_empty() {
            bytes.push(rng.random());
        }
    }
    bytes
}

/// Sends the bytes and reads whatever comes back until the edge closes.
async fn send(world: &World, bytes: &[u8]) {
    let mut stream = TcpStream::connect(world.edge.https_addr()).await.unwrap();
    // The edge may have closed before all was sent.
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
    let mut rest = Vec::new();
    let closed = tokio::time::timeout(CLOSED_WITHIN, stream.read_to_end(&mut rest)).await;
    assert!(closed.is_ok(), "the edge keeps a connection after {bytes:02x?}");
}

#[tokio::test]
async fn whatever_bytes_a_client_begins_with_the_edge_goes_on() {
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let mut settings = open_settings();
    settings.tls.handshakes_per_source_max = 0;
    let world = World::with(settings).await;
    world.proven("app.customer.com").publish();
    let hello = client_hello("app.customer.com").await;
    for _ in 0..BROKEN_HELLOS {
        send(&world, &broken(&hello, &mut rng)).await;
    }
    for length in [1, 5, 100, 5_000] {
        let mut noise = vec![0; length];
        rng.fill(&mut noise[..]);
        send(&world, &noise).await;
    }
    let stream = Hello::to("app.customer.com").connect(world.edge.https_addr()).await;
    assert_eq!(shown_name(&stream.unwrap()), "app.customer.com", "seed {seed}");
}

#[tokio::test]
async fn who_begins_too_many_handshakes_is_closed_and_counted_and_served_again_after_a_rest() {
    let mut settings = open_settings();
    settings.tls.handshakes_per_source_max = 1;
    let world = World::with(settings).await;
    world.proven("app.customer.com").publish();
    let address = world.edge.https_addr();
    let shakes = async || Hello::to("app.customer.com").connect(address).await.is_ok();
    let mut refused = 0;
    for _ in 0..8 {
        refused += u64::from(!shakes().await);
    }
    assert!(refused > 0);
    world.counts("edge_tls_handshakes_total{outcome=\"too_many\"}", refused).await;
    crate::world::wait_for(shakes).await;
}

/// The slowest but one in a hundred of some handshakes, one after the other.
async fn p99(world: &World, count: usize) -> Duration {
    let mut times = Vec::new();
    for _ in 0..count {
        let begin = Instant::now();
        Hello::to("app.customer.com").connect(world.edge.https_addr()).await.unwrap();
        times.push(begin.elapsed());
    }
    times.sort_unstable();
    times[count * 99 / 100 - 1]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_unknown_names_keeps_no_other_name_waiting_and_fills_no_cache() {
    let mut settings = open_settings();
    settings.tls.handshakes_per_source_max = 0;
    let world = World::with(settings).await;
    world.proven("app.customer.com").publish();
    let address = world.edge.https_addr();
    // As many known names at a time as unknown ones: what the edge has to do is alike, whoever does it.
    let flood = |name: &'static str| {
        let mut tasks = JoinSet::new();
        for task in 0..4 {
            tasks.spawn(async move {
                for number in 0_u64.. {
                    let name = match name {
                        "" => format!("unknown-{task}-{number}.example.com"),
                        known => known.to_owned(),
                    };
                    let done = Hello::to(&name).connect(address).await;
                    assert_eq!(done.is_ok(), name == "app.customer.com");
                }
            });
        }
        tasks
    };
    let (mut known, mut unknown) = (Duration::MAX, Duration::MAX);
    // The best of a few rounds: the machine does other things too.
    for _ in 0..3 {
        let tasks = flood("app.customer.com");
        known = known.min(p99(&world, 100).await);
        drop(tasks);
        let tasks = flood("");
        unknown = unknown.min(p99(&world, 100).await);
        drop(tasks);
        if unknown < 2 * known {
            return;
        }
    }
    panic!("p99 {known:?} beside known names, {unknown:?} beside unknown ones");
}
