//! Sees what a diagnosis wants to see: asks resolvers and the names' own name servers, and looks at port 80.
//!
//! A customer's name leads it anywhere, so everything has a limit with a name, and name servers and hosts with reserved
//! addresses are not contacted unless configured. It decides nothing: [`plan`] says what to ask, and each answer is handed on as
//! it came. [`exchange`] is one question to one server, [`decode`] what an answer means, [`authorities`] how a name's own servers
//! are found. One [`Run`] is one diagnosis.

mod authorities;
pub(super) mod decode;
pub(super) mod exchange;

use std::{
    collections::{HashMap, HashSet},
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use futures_util::future::join_all;
use np_domain::{
    custom_hostname::OWNERSHIP_USER_AGENT,
    diagnosis::{
        Sight, Wanted,
        plan::{self, Ask, WebRequest, Whom},
        sight::{Answer, Code, Outcome, Purpose, Question, Server, WebLook},
    },
    name::DnsName,
    ports::{Clock, Inspector},
    text::Explanation,
};
use tokio::{
    sync::{OnceCell, Semaphore},
    time::Instant,
};

use super::http_probe::HttpTokenProbe;
use exchange::{Exchange, Flags};

/// The most recursive resolvers that are asked.
pub const RESOLVERS_MAX: usize = 3;
/// The most name servers of one zone that are asked.
pub const NAME_SERVERS_MAX: usize = 4;
/// The most addresses of a host whose port 80 is looked at.
pub const ADDRESSES_MAX: usize = 4;
/// A server that was silent this often is not asked again in the same diagnosis.
pub const SILENCES_MAX: usize = 2;
/// How often a server is asked by UDP.
const TRIES: usize = 2;
/// What looks at port 80 call themselves, other than those for the ownership token.
const USER_AGENT: &str = "Nameplate diagnosis";

/// Whom to ask, and how far to go.
#[derive(Debug, Clone)]
pub struct InspectorSettings {
    /// Recursive resolvers, at most [`RESOLVERS_MAX`] of which are asked.
    pub resolvers: Vec<SocketAddr>,
    /// The port of name servers: 53, other than in tests.
    pub authority_port: u16,
    /// How long a server may take for one answer; it is asked twice.
    pub timeout: Duration,
    /// How long one diagnosis may take, its looks over HTTP left out.
    pub total: Duration,
    /// The most messages that one diagnosis sends.
    pub queries_max: usize,
    /// The most questions of one diagnosis under way at a time.
    pub in_flight_max: usize,
    /// Whether private, loopback and other reserved addresses may be asked: for private networks and tests.
    pub allow_reserved: bool,
}

impl InspectorSettings {
    /// The defaults, with these resolvers.
    pub fn new(resolvers: Vec<SocketAddr>) -> Self {
        Self {
            resolvers,
            authority_port: 53,
            timeout: Duration::from_millis(1500),
            total: Duration::from_secs(12),
            queries_max: 400,
            in_flight_max: 32,
            allow_reserved: false,
        }
    }
}

/// Looks at the world.
pub struct WorldInspector {
    settings: InspectorSettings,
    probe: HttpTokenProbe,
    clock: Arc<dyn Clock>,
}

impl WorldInspector {
    /// An inspector that goes as far as `settings` say, and as `probe` goes over HTTP.
    pub fn new(
        mut settings: InspectorSettings,
        probe: HttpTokenProbe,
        clock: Arc<dyn Clock>,
    ) -> Self {
        settings.resolvers.truncate(RESOLVERS_MAX);
        Self { settings, probe, clock }
    }

    async fn look(&self, wanted: &Wanted, sight: &Sight) -> Vec<WebLook> {
        let mut addresses = plan::addresses(wanted, sight);
        addresses.truncate(ADDRESSES_MAX);
        let requests = plan::web_requests(wanted);
        let pairs =
            requests.iter().flat_map(|request| addresses.iter().map(move |a| (request, *a)));
        let looks = pairs.map(|(request, address)| self.look_at(request, address));
        join_all(looks).await
    }

    async fn look_at(&self, request: &WebRequest, address: std::net::IpAddr) -> WebLook {
        let user_agent = match request.purpose {
            Purpose::Ownership => OWNERSHIP_USER_AGENT,
            Purpose::Control | Purpose::Presence => USER_AGENT,
        };
        let outcome = self.probe.trace(&request.host, &request.path, user_agent, address).await;
        WebLook {
            purpose: request.purpose,
            url: Explanation::new(format!("http://{}{}", request.host, request.path)),
            address: SocketAddr::new(address, self.probe.port()),
            expected: request.expected.clone(),
            outcome,
            at: self.clock.now(),
        }
    }
}

#[async_trait]
impl Inspector for WorldInspector {
    async fn inspect(&self, wanted: &Wanted) -> Sight {
        let run = Run::new(self);
        let mut sight = Sight::default();
        for _ in 0..plan::ROUNDS_MAX {
            let asks = plan::questions(wanted, &sight);
            if asks.is_empty() {
                break;
            }
            let answers = join_all(asks.iter().map(|ask| run.ask(ask))).await;
            sight.answers.extend(answers.into_iter().flatten());
        }
        sight.web = self.look(wanted, &sight).await;
        sight.cut_short = run.cut_short.load(Ordering::Relaxed);
        sight
    }
}

/// The servers of a zone; `None` where no zone begins.
type Servers = Option<Arc<Vec<Server>>>;

/// One diagnosis: what it may still do, and what it has learned about servers.
struct Run<'a> {
    inspector: &'a WorldInspector,
    deadline: Instant,
    queries_left: AtomicUsize,
    slots: Semaphore,
    cut_short: AtomicBool,
    silences: Mutex<HashMap<SocketAddr, usize>>,
    /// The name servers of zones, found once each.
    zones: Mutex<HashMap<DnsName, Arc<OnceCell<Servers>>>>,
}

impl<'a> Run<'a> {
    fn new(inspector: &'a WorldInspector) -> Self {
        let settings = &inspector.settings;
        Self {
            inspector,
            deadline: Instant::now() + settings.total,
            queries_left: AtomicUsize::new(settings.queries_max),
            slots: Semaphore::new(settings.in_flight_max),
            cut_short: AtomicBool::new(false),
            silences: Mutex::default(),
            zones: Mutex::default(),
        }
    }

    /// The answers of everybody who is to be asked.
    async fn ask(&self, ask: &Ask) -> Vec<Answer> {
        let resolvers = self.inspector.settings.resolvers.iter();
        let resolvers = join_all(resolvers.map(|server| self.ask_resolver(*server, &ask.question)));
        let servers = async {
            match ask.whom {
                Whom::Everyone => self.ask_authorities(&ask.question).await,
                Whom::Resolvers => Vec::new(),
            }
        };
        let (resolvers, servers) = tokio::join!(resolvers, servers);
        resolvers.into_iter().flatten().chain(servers).collect()
    }

    /// A resolver's answer, and if it is SERVFAIL, its answer with DNSSEC unchecked.
    async fn ask_resolver(&self, server: SocketAddr, question: &Question) -> Vec<Answer> {
        let outcome = self.exchange(server, question, Flags::RESOLVE).await;
        let failed = matches!(&outcome, Outcome::Reply(reply) if reply.code == Code::ServFail);
        let answer = |outcome, unchecked| Answer {
            server: Server::Resolver(server),
            question: question.clone(),
            outcome,
            unchecked,
            at: self.inspector.clock.now(),
        };
        let mut answers = vec![answer(outcome, false)];
        if failed {
            let outcome = self.exchange(server, question, Flags::UNCHECKED).await;
            answers.push(answer(outcome, true));
        }
        answers
    }

    async fn ask_authorities(&self, question: &Question) -> Vec<Answer> {
        let Some(servers) = self.authorities(&question.name).await else { return Vec::new() };
        let ask = |server: &Server| {
            let server = server.clone();
            async move {
                let outcome = match &server {
                    Server::Authority { address: Some(address), .. } => {
                        self.exchange(*address, question, Flags::DIRECT).await
                    }
                    _ => Outcome::Failed(Explanation::new(
                        "the name server has no address that may be asked",
                    )),
                };
                let at = self.inspector.clock.now();
                Answer { server, question: question.clone(), outcome, unchecked: false, at }
            }
        };
        join_all(servers.iter().map(ask)).await
    }

    /// One question to one server, within what is left of time and messages.
    async fn exchange(&self, server: SocketAddr, question: &Question, flags: Flags) -> Outcome {
        let silences = locked(&self.silences).get(&server).copied().unwrap_or_default();
        if silences >= SILENCES_MAX {
            return Outcome::TimedOut;
        }
        let Ok(_slot) = self.slots.acquire().await else { return Outcome::TimedOut };
        let take = |left: usize| left.checked_sub(1);
        let has_left = self.queries_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        if has_left.is_err() || Instant::now() >= self.deadline {
            self.cut_short.store(true, Ordering::Relaxed);
            return Outcome::Failed(Explanation::new(
                "not asked: the diagnosis reached its limits",
            ));
        }
        let timeout = self.inspector.settings.timeout;
        let outcome =
            Exchange { server, question, flags, timeout, tries: TRIES }.run(self.deadline).await;
        if matches!(outcome, Outcome::TimedOut) {
            *locked(&self.silences).entry(server).or_default() += 1;
        }
        outcome
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Each of these once, in their order.
fn distinct<T: Clone + Eq + std::hash::Hash>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut seen = HashSet::new();
    items.into_iter().filter(|item| seen.insert(item.clone())).collect()
}
