//! What nodes are told, by an outbox in memory.

mod outbox;

use np_domain::{
    entry::{Entry, FeedKey},
    id::HostnameId,
    ownership::{self, Leaving, SightedBy, Sighting},
    ports::{FeedSubject, NodeRole},
    secret::SealedBytes,
    ticket_key::{self, Period, TicketKey},
};
use np_feed::{HttpSource, message::Content};
use tokio::task::JoinSet;

use super::*;
use outbox::{DER, Outbox, PLAIN_KEY, Plain, START, record, zone};

/// Longer than any test: with it, nothing but a bell ends a wait.
const NEVER: Duration = Duration::from_secs(3600);

struct World {
    outbox: Arc<Outbox>,
    bells: Bells,
    server: Arc<FeedServer>,
}

fn limits() -> FeedLimits {
    FeedLimits { poll_period: NEVER, long_poll: Duration::from_secs(20), ..FeedLimits::default() }
}

fn world(limits: FeedLimits) -> World {
    world_of(Arc::new(Outbox::default()), NodeKey::from_secret(&[1; 32]), limits)
}

fn world_of(outbox: Arc<Outbox>, node_key: NodeKey, limits: FeedLimits) -> World {
    let bells = Bells::default();
    let server = FeedServer {
        feed: outbox.clone(),
        secrets: outbox.clone(),
        vault: Arc::new(Plain),
        clock: Arc::new(Plain),
        node_key,
        domain: DelegationDomain::new("dcv.platform.net".parse().unwrap()),
        bells: bells.clone(),
        pulls: Semaphore::new(limits.pulls_max),
        limits,
        id: OnceCell::new(),
        head: watch::Sender::new(Generation::default()),
        calls: AtomicU64::new(0),
        numbered: Mutex::new(None),
        sightings: std::sync::Mutex::default(),
        tickets: Mutex::new(None),
    };
    World { outbox, bells, server: Arc::new(server) }
}

fn pull(role: NodeRole) -> Pull {
    Pull {
        format: FORMAT,
        node: "node-1".into(),
        role,
        after: Generation(0),
        applied: Generation(0),
        feed: None,
        sightings: Vec::new(),
        wait_ms: 10_000,
    }
}

/// The pull that follows on a batch.
fn next(batch: &Batch) -> Pull {
    Pull { after: batch.to, applied: batch.to, feed: Some(batch.feed), ..pull(NodeRole::Edge) }
}

fn entries(batch: &Batch) -> Vec<Entry> {
    let contents = batch.items.iter().map(|item| item.content().unwrap());
    contents
        .filter_map(|content| match content {
            Content::Hostname(entry) => Some(*entry),
            _ => None,
        })
        .collect()
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// Lets every task run until it waits for something.
async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_reaches_an_edge_with_its_key_sealed_to_the_nodes() {
    let world = world(limits());
    world.outbox.mark_hostname(record(1));
    let batch = world.server.pull(&pull(NodeRole::Edge)).await.unwrap();
    let entry = entries(&batch).pop().unwrap();
    assert_eq!((batch.from, batch.to, batch.head), (Generation(0), Generation(1), Generation(1)));
    assert_eq!(entry.name.as_str(), "app-1.customer.com");
    assert_eq!(
        entry.delegation.unwrap().name.as_str(),
        "app-1.customer.com.0505050505050505.dcv.platform.net"
    );
    let certificate = &entry.routing.unwrap().certificates[0];
    let opened = world.server.node_key.open(&certificate.key).unwrap();
    assert_eq!(opened.expose(), PLAIN_KEY);
    assert!(!contains(&batch.encode(), PLAIN_KEY));
}

#[tokio::test(start_paused = true)]
async fn a_dns_node_gets_neither_keys_nor_certificates() {
    let world = world(limits());
    world.outbox.mark_hostname(record(1));
    let to_edge = world.server.pull(&pull(NodeRole::Edge)).await.unwrap().encode();
    let to_dns = world.server.pull(&pull(NodeRole::Dns)).await.unwrap();
    assert!(contains(&to_edge, DER), "the search finds what is there");
    let bytes = to_dns.encode();
    assert!(!contains(&bytes, DER) && !contains(&bytes, PLAIN_KEY));
    let entry = entries(&to_dns).pop().unwrap();
    assert!(entry.delegation.is_some() && entry.routing.unwrap().certificates.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_packs_certificates_reach_edges_with_their_keys_sealed_and_no_dns_node() {
    let world = world(limits());
    let record = outbox::pack();
    let key = FeedKey::Pack(record.pack.id);
    let subject = FeedSubject::Pack(Box::new(record), Box::new(zone()), vec![zone()]);
    world.outbox.mark(key, Some(subject));
    for (role, certificates) in [(NodeRole::Edge, 1), (NodeRole::Dns, 0)] {
        let batch = world.server.pull(&pull(role)).await.unwrap();
        assert!(!contains(&batch.encode(), PLAIN_KEY), "{role:?}");
        let Content::Pack(pack) = batch.items[0].content().unwrap() else { panic!("{batch:?}") };
        assert_eq!(pack.certificates.len(), certificates, "{role:?}");
        for certificate in &pack.certificates {
            let opened = world.server.node_key.open(&certificate.key).unwrap();
            assert_eq!(opened.expose(), PLAIN_KEY);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn zones_gone_and_leaving_hostnames_are_told() {
    let world = world(limits());
    world.outbox.mark(FeedKey::Zone(zone().id), Some(FeedSubject::Zone(Box::new(zone()))));
    let mut leaving = record(1);
    leaving.hostname.ownership = ownership::State::Leaving(Leaving { since: START });
    world.outbox.mark_hostname(leaving);
    world.outbox.mark(FeedKey::Hostname(id(2)), None);
    let batch = world.server.pull(&pull(NodeRole::Edge)).await.unwrap();
    let contents: Vec<_> = batch.items.iter().map(|item| item.content().unwrap()).collect();
    let gone = |n| Content::Gone(FeedKey::Hostname(id(n)));
    assert_eq!(contents, [Content::Zone((&zone()).into()), gone(1), gone(2)]);
}

#[tokio::test(start_paused = true)]
async fn one_publication_wakes_every_waiting_node() {
    let world = world(limits());
    let mut waiting = JoinSet::new();
    for _ in 0..5 {
        let server = world.server.clone();
        waiting.spawn(async move { server.pull(&pull(NodeRole::Edge)).await.unwrap() });
    }
    settle().await;
    world.outbox.mark_hostname(record(1));
    world.bells.publication.ring();
    for batch in waiting.join_all().await {
        assert_eq!(batch.to, Generation(1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_pull_that_goes_away_takes_no_publication_with_it() {
    let world = world(limits());
    let (gone, stays) = (world.server.clone(), world.server.clone());
    let gone = tokio::spawn(async move { gone.pull(&pull(NodeRole::Edge)).await });
    let stays = tokio::spawn(async move { stays.pull(&pull(NodeRole::Edge)).await });
    settle().await;
    world.outbox.mark_hostname(record(1));
    world.bells.publication.ring();
    gone.abort();
    assert_eq!(stays.await.unwrap().unwrap().to, Generation(1));
}

#[tokio::test(start_paused = true)]
async fn a_change_of_another_process_is_found_within_the_poll_period() {
    let period = Duration::from_millis(500);
    let world = world(FeedLimits { poll_period: period, ..FeedLimits::default() });
    let server = world.server.clone();
    let waiting = tokio::spawn(async move { server.pull(&pull(NodeRole::Edge)).await });
    settle().await;
    world.outbox.mark_hostname(record(1));
    let marked = Instant::now();
    assert_eq!(waiting.await.unwrap().unwrap().to, Generation(1));
    assert!(marked.elapsed() <= period + Duration::from_millis(1));
}

#[tokio::test(start_paused = true)]
async fn nothing_new_is_answered_empty_once_the_wait_is_over() {
    let world = world(limits());
    world.outbox.mark_hostname(record(1));
    let first = world.server.pull(&pull(NodeRole::Edge)).await.unwrap();
    let asked = Instant::now();
    let empty = world.server.pull(&next(&first)).await.unwrap();
    assert_eq!((empty.items.len(), empty.from, empty.to), (0, Generation(1), Generation(1)));
    assert!(asked.elapsed() >= Duration::from_secs(10), "it waited as long as the node allowed");
    let eager = Pull { wait_ms: u32::MAX, ..next(&first) };
    let asked = Instant::now();
    world.server.pull(&eager).await.unwrap();
    assert!(asked.elapsed() <= limits().long_poll + Duration::from_millis(1));
}

#[tokio::test(start_paused = true)]
async fn a_certificate_whose_key_cannot_be_opened_hides_nothing() {
    let world = world(limits());
    let mut broken = record(1);
    for active in &mut broken.certificate.as_mut().unwrap().active {
        active.issued.key = SealedBytes::from_vec(b"damaged".to_vec());
    }
    world.outbox.mark_hostname(broken);
    world.outbox.mark_hostname(record(2));
    let entries = entries(&world.server.pull(&pull(NodeRole::Edge)).await.unwrap());
    let certificates = entries.iter().map(|e| e.routing.as_ref().unwrap().certificates.len());
    assert_eq!(certificates.collect::<Vec<_>>(), [0, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_full_copy_comes_in_bounded_batches_and_misses_nothing() {
    for bounded in [
        FeedLimits { batch_items_max: 2, ..limits() },
        FeedLimits { batch_bytes: 1, ..limits() },
        FeedLimits { batch_items_max: 5, ..limits() },
    ] {
        let most = if bounded.batch_bytes == 1 { 1 } else { bounded.batch_items_max as usize };
        let world = world(bounded);
        (1..=5).for_each(|n| world.outbox.mark_hostname(record(n)));
        let mut names = Vec::new();
        let mut pull = pull(NodeRole::Edge);
        while pull.after < Generation(5) {
            let batch = world.server.pull(&pull).await.unwrap();
            assert!(batch.items.len() <= most && batch.head == Generation(5));
            names.extend(entries(&batch).into_iter().map(|entry| entry.name.to_string()));
            pull = next(&batch);
        }
        assert_eq!(names, (1..=5).map(|n| format!("app-{n}.customer.com")).collect::<Vec<_>>());
    }
}

#[tokio::test(start_paused = true)]
async fn rows_that_cannot_be_read_end_no_copy() {
    let world = world(FeedLimits { batch_items_max: 2, ..limits() });
    (1..=7).for_each(|n| world.outbox.mark_hostname(record(n)));
    for n in [2, 3, 4, 7] {
        world.outbox.damage(FeedKey::Hostname(id(n)));
    }
    let mut names = Vec::new();
    let mut pull = pull(NodeRole::Edge);
    while pull.after < Generation(7) {
        let batch = world.server.pull(&pull).await.unwrap();
        names.extend(entries(&batch).into_iter().map(|entry| entry.name.to_string()));
        pull = next(&batch);
    }
    assert_eq!(names, [1, 5, 6].map(|n| format!("app-{n}.customer.com")));
}

#[tokio::test(start_paused = true)]
async fn a_copy_of_another_history_or_from_the_future_begins_anew() {
    let world = world(limits());
    world.outbox.mark_hostname(record(1));
    let ours = world.server.pull(&pull(NodeRole::Edge)).await.unwrap();
    assert!(!ours.reset);
    for stray in [
        Pull { feed: Some(FeedId([0xee; 16])), ..next(&ours) },
        Pull { feed: Some(FeedId([0xee; 16])), after: Generation(0), ..next(&ours) },
        Pull { feed: None, ..next(&ours) },
        Pull { after: Generation(7), ..next(&ours) },
    ] {
        let batch = world.server.pull(&stray).await.unwrap();
        assert!(batch.reset, "{stray:?}");
        assert_eq!((batch.from, batch.to, batch.items.len()), (Generation(0), Generation(1), 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_changed_node_key_makes_every_copy_begin_anew() {
    let before = world(limits());
    before.outbox.mark_hostname(record(1));
    let copy = before.server.pull(&pull(NodeRole::Edge)).await.unwrap();
    let with_key = |secret| {
        world_of(before.outbox.clone(), NodeKey::from_secret(&[secret; 32]), limits()).server
    };
    let same = with_key(1).pull(&Pull { wait_ms: 0, ..next(&copy) }).await.unwrap();
    assert!(!same.reset && same.feed == copy.feed);
    let server = with_key(2);
    let batch = server.pull(&next(&copy)).await.unwrap();
    assert!(batch.reset);
    let routing = entries(&batch).pop().unwrap().routing.unwrap();
    assert_eq!(server.node_key.open(&routing.certificates[0].key).unwrap().expose(), PLAIN_KEY);
}

#[tokio::test(start_paused = true)]
async fn a_report_is_kept_and_rings_for_deployment() {
    let world = world(limits());
    world.outbox.mark_hostname(record(1));
    let batch = world.server.pull(&pull(NodeRole::Edge)).await.unwrap();
    let bell = world.bells.clone();
    let heard = tokio::spawn(async move { bell.deployment.heard().await });
    settle().await;
    world.server.pull(&next(&batch)).await.unwrap();
    heard.await.unwrap();
    let report = NodeReport {
        node: Explanation::new("node-1"),
        role: NodeRole::Edge,
        applied: Generation(1),
        seen_at: START,
    };
    assert_eq!(world.outbox.last_report(), report);
    let stray = Pull { feed: Some(FeedId([0xee; 16])), ..next(&batch) };
    world.server.pull(&stray).await.unwrap();
    assert_eq!(world.outbox.last_report(), NodeReport { applied: Generation(0), ..report });
}

#[tokio::test(start_paused = true)]
async fn pulls_beyond_the_limit_are_told_to_come_back() {
    let world = world(FeedLimits { pulls_max: 1, ..limits() });
    let server = world.server.clone();
    let waiting = tokio::spawn(async move { server.pull(&pull(NodeRole::Edge)).await });
    settle().await;
    let refused = world.server.pull(&pull(NodeRole::Edge)).await;
    assert!(matches!(refused, Err(PullError::Unreachable { .. })));
    waiting.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_node_of_another_version_is_told_what_to_do() {
    let world = world(limits());
    let other = Pull { format: 2, ..pull(NodeRole::Edge) };
    let Err(PullError::Refused { why }) = world.server.pull(&other).await else { panic!() };
    assert!(why.contains("version 2") && why.contains("same release"), "{why}");
}

#[tokio::test]
async fn over_http_only_the_node_key_opens_the_feed() {
    let world = world(limits());
    world.outbox.mark_hostname(record(1));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, router(world.server.clone())).into_future());

    let ours = HttpSource::new(&url, NodeKey::from_secret(&[1; 32])).unwrap();
    let batch = ours.pull(&pull(NodeRole::Edge)).await.unwrap();
    assert_eq!(entries(&batch)[0].name.as_str(), "app-1.customer.com");

    let stranger = HttpSource::new(&url, NodeKey::from_secret(&[2; 32])).unwrap();
    let refused = stranger.pull(&pull(NodeRole::Edge)).await;
    assert!(matches!(refused, Err(PullError::Unauthorized)), "{refused:?}");

    let nameless = Pull { node: String::new(), ..pull(NodeRole::Edge) };
    let refused = ours.pull(&nameless).await;
    assert!(matches!(refused, Err(PullError::Refused { .. })), "{refused:?}");
    let huge = Pull { node: "x".repeat(10_000), ..pull(NodeRole::Edge) };
    let refused = ours.pull(&huge).await;
    assert!(matches!(refused, Err(PullError::Refused { .. })), "{refused:?}");
}

fn id(n: u8) -> HostnameId {
    HostnameId::from_bytes([n; 16])
}

#[tokio::test(start_paused = true)]
async fn what_a_node_sighted_is_looked_at_once_and_rings_for_it() {
    let world = world(limits());
    let id = HostnameId::from_bytes([1; 16]);
    let sighting = Sighting { hostname: id, by: SightedBy::Sni };
    let reporting = Pull { sightings: vec![sighting], wait_ms: 0, ..pull(NodeRole::Edge) };
    for _ in 0..3 {
        world.server.pull(&reporting).await.unwrap();
    }
    assert_eq!(world.outbox.heeded(), [id]);
    world.bells.ownership.heard().await;
}

/// The ticket keys that a batch brings, opened.
fn ticket_keys(batch: &Batch) -> Vec<TicketKey> {
    let sealed = batch.ticket_keys.iter().flatten();
    sealed.map(|key| NodeKey::from_secret(&[1; 32]).open_ticket_key(key).unwrap()).collect()
}

#[tokio::test]
async fn all_edges_get_the_same_ticket_keys_from_any_control_process_and_name_servers_none() {
    let world = world(limits());
    let now = Pull { wait_ms: 0, ..pull(NodeRole::Edge) };
    let keys = ticket_keys(&world.server.pull(&now).await.unwrap());
    let periods = ticket_key::in_use(Plain.now()).map(|period| Period(period).starts());
    let starts: Vec<_> = keys.iter().map(|key| key.starts).collect();
    assert_eq!(starts, periods.collect::<Vec<_>>());
    let restarted = world_of(world.outbox.clone(), NodeKey::from_secret(&[1; 32]), limits());
    assert_eq!(ticket_keys(&restarted.server.pull(&now).await.unwrap()), keys);
    let dns = Pull { wait_ms: 0, ..pull(NodeRole::Dns) };
    assert_eq!(world.server.pull(&dns).await.unwrap().ticket_keys, None);
}

#[tokio::test]
async fn ticket_keys_whose_sessions_have_ended_are_forgotten_for_good() {
    let world = world(limits());
    let oldest = *ticket_key::in_use(Plain.now()).start();
    let names = [oldest - 1, oldest].map(|period| format!("ticket-key-{period:010}"));
    for name in &names {
        let sealed = Plain.seal("ticket-key", &SecretBytes::new(vec![7; 80]));
        world.outbox.keep_secret(name, &sealed).await.unwrap();
    }
    let now = Pull { wait_ms: 0, ..pull(NodeRole::Edge) };
    let keys = ticket_keys(&world.server.pull(&now).await.unwrap());
    assert_eq!(keys[0].secret, SecretBytes::new(vec![7; 80]));
    assert_eq!(world.outbox.secret(&names[0]).await.unwrap(), None);
    assert!(world.outbox.secret(&names[1]).await.unwrap().is_some());
}
