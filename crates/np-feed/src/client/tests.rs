//! Following a source that fails, waits, and changes its history, on a paused clock.

use std::{collections::VecDeque, sync::Mutex};

use async_trait::async_trait;
use np_domain::{
    entry::{ZoneDns, ZoneEntry},
    id::{HostnameId, ZoneId},
    ownership::{SightedBy, Sighting},
};
use tokio::sync::watch::Receiver;

use super::*;
use crate::{
    message::{Batch, FeedId, Item},
    replica::{Position, ReplicaOptions},
};

const FEED: FeedId = FeedId([7; 16]);

/// Answers from a list, then never again.
struct Scripted {
    answers: Mutex<VecDeque<Result<Batch, PullError>>>,
    pulls: Mutex<Vec<(Instant, Pull)>>,
    is_done: watch::Sender<bool>,
}

#[async_trait]
impl Source for Scripted {
    async fn pull(&self, pull: &Pull) -> Result<Batch, PullError> {
        self.pulls.lock().unwrap().push((Instant::now(), pull.clone()));
        let answer = self.answers.lock().unwrap().pop_front();
        match answer {
            Some(answer) => answer,
            None => {
                self.is_done.send_replace(true);
                std::future::pending().await
            }
        }
    }
}

struct Followed {
    _dir: tempfile::TempDir,
    replica: Replica,
    pulls: Vec<(Instant, Pull)>,
    status: Receiver<Status>,
}

/// Follows until the script is at its end, then stops.
async fn follow_script(answers: Vec<Result<Batch, PullError>>) -> Followed {
    let dir = tempfile::tempdir().unwrap();
    let replica = Replica::open(dir.path(), &ReplicaOptions::default()).unwrap();
    let source = Arc::new(Scripted {
        answers: Mutex::new(answers.into()),
        pulls: Mutex::default(),
        is_done: watch::Sender::new(false),
    });
    let identity = NodeIdentity { node: Explanation::new("edge-1"), role: NodeRole::Edge };
    let follower = Follower::new(source.clone(), replica.clone(), identity);
    let status = follower.status();
    let shutdown = CancellationToken::new();
    let run = tokio::spawn({
        let shutdown = shutdown.clone();
        async move { follower.run(shutdown).await }
    });
    source.is_done.subscribe().wait_for(|is_done| *is_done).await.unwrap();
    shutdown.cancel();
    run.await.unwrap();
    let pulls = std::mem::take(&mut *source.pulls.lock().unwrap());
    Followed { _dir: dir, replica, pulls, status }
}

fn batch(from: u64, to: u64) -> Batch {
    let id = |n: u64| ZoneId::from_bytes([n as u8; 16]);
    let zone = |n| ZoneEntry {
        zone: id(n),
        name: "provider.com".parse().unwrap(),
        fallback: None,
        dns: ZoneDns::Unserved,
        serving: Default::default(),
    };
    let items = (from + 1..=to).map(|n| Item::zone(Generation(n), &zone(n))).collect();
    let (from, to) = (Generation(from), Generation(to));
    let (reset, ticket_keys) = (false, None);
    Batch { format: FORMAT, feed: FEED, from, to, head: to, reset, items, ticket_keys }
}

fn away() -> Result<Batch, PullError> {
    Err(PullError::Unreachable { why: "connection refused".into() })
}

fn acknowledged(followed: &Followed) -> Vec<(u64, u64)> {
    followed.pulls.iter().map(|(_, pull)| (pull.after.0, pull.applied.0)).collect()
}

#[tokio::test(start_paused = true)]
async fn each_batch_is_acknowledged_by_the_next_pull_at_once() {
    let began = Instant::now();
    let followed = follow_script(vec![Ok(batch(0, 2)), Ok(batch(2, 2)), Ok(batch(2, 3))]).await;
    assert_eq!(acknowledged(&followed), [(0, 0), (2, 2), (2, 2), (3, 3)]);
    let feeds: Vec<_> = followed.pulls.iter().map(|(_, pull)| pull.feed).collect();
    assert_eq!(feeds, [None, Some(FEED), Some(FEED), Some(FEED)]);
    assert_eq!(began.elapsed(), Duration::ZERO);
    let status = followed.status.borrow();
    assert!(status.is_current() && status.generation == Generation(3));
}

#[tokio::test(start_paused = true)]
async fn pauses_between_failures_grow_to_a_bound_and_end_with_the_first_answer() {
    let mut answers: Vec<_> = (0..12).map(|_| away()).collect();
    answers.extend([Ok(batch(0, 1)), away()]);
    let followed = follow_script(answers).await;
    let times: Vec<_> = followed.pulls.iter().map(|(at, _)| *at).collect();
    let pauses: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let millisecond = Duration::from_millis(1);
    for (n, pause) in pauses[..12].iter().enumerate() {
        let whole = (PAUSE_MIN * 2_u32.pow(n as u32)).min(PAUSE_MAX);
        assert!(*pause >= whole / 2 && *pause <= whole + millisecond, "pause {n}: {pause:?}");
    }
    assert_eq!(pauses[12], Duration::ZERO);
    assert!(pauses[13] <= PAUSE_MIN + millisecond, "a new failure begins anew");
}

#[tokio::test(start_paused = true)]
async fn only_a_node_in_contact_lets_control_wait_for_a_change() {
    let followed = follow_script(vec![Ok(batch(0, 0)), away(), Ok(batch(0, 0))]).await;
    let waits: Vec<_> = followed.pulls.iter().map(|(_, pull)| pull.wait_ms).collect();
    assert_eq!(waits, [0, 7_000, 0, 7_000]);
}

#[tokio::test(start_paused = true)]
async fn the_status_tells_what_is_wrong_while_the_copy_stays() {
    let followed = follow_script(vec![Ok(batch(0, 2)), away(), away()]).await;
    let status = followed.status.borrow();
    assert_eq!(status.failures, 2);
    assert!(status.last_error.as_ref().unwrap().as_str().contains("connection refused"));
    assert!(status.last_contact.is_some());
    assert_eq!(followed.replica.generation(), Generation(2));
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_does_not_fit_is_pulled_again_from_where_the_copy_is() {
    let stray = Batch { from: Generation(5), ..batch(5, 6) };
    let followed = follow_script(vec![Ok(batch(0, 2)), Ok(stray), Ok(batch(2, 3))]).await;
    assert_eq!(acknowledged(&followed), [(0, 0), (2, 2), (2, 2), (3, 3)]);
    assert!(followed.status.borrow().last_error.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_full_copy_of_another_history_replaces_the_old_one() {
    let other = FeedId([8; 16]);
    let first = Batch { feed: other, reset: true, head: Generation(2), ..batch(0, 1) };
    let second = Batch { feed: other, ..batch(1, 2) };
    let followed = follow_script(vec![Ok(batch(0, 9)), Ok(first), Ok(second)]).await;
    let position = Position { feed: Some(other), generation: Generation(2) };
    assert_eq!(followed.replica.position().unwrap(), position);
    assert_eq!(followed.replica.sizes().unwrap().zones, 2);
}

#[tokio::test(start_paused = true)]
async fn an_empty_feed_is_learned_too() {
    let followed = follow_script(vec![Ok(batch(0, 0))]).await;
    assert_eq!(followed.replica.position().unwrap().feed, Some(FEED));
}

#[tokio::test(start_paused = true)]
async fn a_sighting_interrupts_a_pull_that_only_waits_and_is_reported_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let replica = Replica::open(dir.path(), &ReplicaOptions::default()).unwrap();
    let source = Arc::new(Waiting::default());
    let identity = NodeIdentity { node: Explanation::new("edge-1"), role: NodeRole::Edge };
    let follower = Follower::new(source.clone(), replica.clone(), identity);
    let shutdown = CancellationToken::new();
    let run = tokio::spawn({
        let shutdown = shutdown.clone();
        async move { follower.run(shutdown).await }
    });
    let sighting = Sighting { hostname: HostnameId::from_bytes([1; 16]), by: SightedBy::Sni };
    source.is_waiting.subscribe().wait_for(|is_waiting| *is_waiting).await.unwrap();
    let start = Instant::now();
    replica.sightings().notice(sighting.hostname, sighting.by);
    let mut reported = source.reported.subscribe();
    let seen = reported.wait_for(|reported| !reported.is_empty()).await.unwrap().clone();
    assert_eq!(seen, [sighting]);
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    shutdown.cancel();
    run.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_damaged_copy_asks_for_a_full_one_once_and_then_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let replica = Replica::open(dir.path(), &ReplicaOptions::default()).unwrap();
    replica.apply(&batch(0, 2)).unwrap();
    replica.damage();
    let whole = Batch { reset: true, ..batch(0, 2) };
    let source = Arc::new(Scripted {
        answers: Mutex::new([Ok(whole), Ok(batch(2, 3))].into()),
        pulls: Mutex::default(),
        is_done: watch::Sender::new(false),
    });
    let identity = NodeIdentity { node: Explanation::new("edge-1"), role: NodeRole::Edge };
    let follower = Follower::new(source.clone(), replica.clone(), identity);
    let shutdown = CancellationToken::new();
    tokio::join!(follower.run(shutdown.clone()), async {
        source.is_done.subscribe().wait_for(|is_done| *is_done).await.unwrap();
        shutdown.cancel();
    });
    let pulls = source.pulls.lock().unwrap();
    let asked: Vec<_> = pulls.iter().map(|(_, pull)| (pull.after.0, pull.feed)).collect();
    assert_eq!(asked, [(2, None), (2, Some(FEED)), (3, Some(FEED))]);
}

#[tokio::test(start_paused = true)]
async fn whoever_begins_to_follow_tells_caches_that_anything_may_have_changed() {
    let dir = tempfile::tempdir().unwrap();
    let replica = Replica::open(dir.path(), &ReplicaOptions::default()).unwrap();
    let mut changes = replica.changes();
    let source = Arc::new(Waiting::default());
    let identity = NodeIdentity { node: Explanation::new("edge-1"), role: NodeRole::Edge };
    let follower = Follower::new(source, replica, identity);
    let shutdown = CancellationToken::new();
    shutdown.cancel();
    follower.run(shutdown).await;
    assert_eq!(changes.try_recv().unwrap(), Change::All);
}

/// Has no news: answers what does not wait, and lets wait what does.
struct Waiting {
    is_waiting: watch::Sender<bool>,
    reported: watch::Sender<Vec<Sighting>>,
}

impl Default for Waiting {
    fn default() -> Self {
        Self { is_waiting: watch::Sender::new(false), reported: watch::Sender::new(Vec::new()) }
    }
}

#[async_trait]
impl Source for Waiting {
    async fn pull(&self, pull: &Pull) -> Result<Batch, PullError> {
        self.reported.send_modify(|reported| reported.extend(&pull.sightings));
        if pull.wait_ms > 0 {
            self.is_waiting.send_replace(true);
            tokio::time::sleep(Duration::from_millis(pull.wait_ms.into())).await;
        }
        let (from, to, head) = (pull.after, pull.after, pull.after);
        let (format, feed, reset, items) = (FORMAT, FEED, false, Vec::new());
        Ok(Batch { format, feed, from, to, head, reset, items, ticket_keys: None })
    }
}
