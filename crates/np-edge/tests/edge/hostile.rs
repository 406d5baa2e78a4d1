//! Clients that mean harm: names that nobody has, more handshakes than one may begin. Broken bytes are in `fuzz`.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::world::{Hello, World, open_settings};

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
