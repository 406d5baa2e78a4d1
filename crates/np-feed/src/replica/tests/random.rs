//! Random histories against a plain map: deltas, removals, full copies in parts, restarts.

use std::collections::BTreeMap;

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use super::*;

const HISTORIES: u64 = 20;
const BATCHES: u64 = 40;

/// What the copy should hold: each entry with the round that brought it.
#[derive(Default)]
struct Model {
    entries: BTreeMap<HostnameId, (u32, Entry)>,
    generation: u64,
    round: u32,
    is_sweeping: bool,
}

impl Model {
    fn hosts(&self, name: &str) -> Vec<Entry> {
        let entries = self.entries.values().map(|(_, entry)| entry);
        entries.filter(|entry| entry.name.as_str() == name).cloned().collect()
    }

    fn delegation(&self, name: &str) -> DelegationAnswer {
        let delegations = self.entries.values().filter_map(|(_, entry)| entry.delegation.as_ref());
        let related: Vec<_> = delegations.filter(|d| d.name.is_within(name)).collect();
        let at = related.iter().filter(|d| d.name.as_str() == name);
        let values: Vec<_> = at.flat_map(|d| d.txt.clone()).collect();
        match (values.is_empty(), related.is_empty()) {
            (false, _) => DelegationAnswer::Txt(values),
            (true, false) => DelegationAnswer::NoData,
            (true, true) => DelegationAnswer::NoSuchName,
        }
    }
}

/// Few names, so that they meet: some below others, some that merely begin alike.
const NAMES: [&str; 6] = [
    "customer.com",
    "app.customer.com",
    "app.app.customer.com",
    "app-1.customer.com",
    "pp.customer.com",
    "app.customer.net",
];

fn random_batch(rng: &mut StdRng, model: &mut Model) -> Batch {
    let reset = rng.random_bool(0.1);
    if reset {
        model.generation = 0;
        model.round += 1;
        model.is_sweeping = true;
    }
    let from = model.generation;
    let items = (0..rng.random_range(0..6)).map(|_| {
        model.generation += rng.random_range(1..4);
        let (generation, n) = (Generation(model.generation), rng.random_range(1..12));
        if rng.random_bool(0.3) {
            model.entries.remove(&id(n));
            return Item::gone(generation, FeedKey::Hostname(id(n)));
        }
        let values = ["one", "two", "three"];
        // A hostname never changes its name; here it may, which is harder.
        let name = NAMES[rng.random_range(0..NAMES.len())];
        let entry = entry(n, name, &values[..rng.random_range(0..3)]);
        model.entries.insert(id(n), (model.round, entry.clone()));
        Item::hostname(generation, &entry)
    });
    let items: Vec<_> = items.collect();
    let to = Generation(model.generation);
    let head = Generation(model.generation + u64::from(rng.random_bool(0.3)));
    if model.is_sweeping && to == head {
        model.is_sweeping = false;
        model.entries.retain(|_, (round, _)| *round == model.round);
    }
    let (from, ticket_keys) = (Generation(from), None);
    Batch { format: FORMAT, feed: FEED, from, to, head, reset, items, ticket_keys }
}

fn compare(replica: &Replica, model: &Model, context: &str) {
    for name in NAMES {
        let found: Vec<_> =
            replica.hosts(name).unwrap().into_iter().map(|stored| stored.entry).collect();
        assert_eq!(found, model.hosts(name), "{name}, {context}");
        let mut delegated = format!("{name}.aaaa.dcv.platform.net");
        loop {
            let answer = replica.delegation(&delegated).unwrap();
            assert_eq!(answer, model.delegation(&delegated), "{delegated}, {context}");
            let Some((_, above)) = delegated.split_once('.') else { break };
            delegated = above.to_owned();
        }
    }
    assert_eq!(replica.len().unwrap(), model.entries.len() as u64, "{context}");
    assert_eq!(replica.generation(), Generation(model.generation), "{context}");
}

#[test]
fn any_history_leaves_the_copy_as_a_plain_map_would_be() {
    let start: u64 = rand::random();
    for seed in (0..HISTORIES).map(|n| start.wrapping_add(n)) {
        let mut rng = StdRng::seed_from_u64(seed);
        let dir = tempfile::tempdir().unwrap();
        let mut replica = open(dir.path());
        let mut model = Model::default();
        for step in 0..BATCHES {
            let batch = random_batch(&mut rng, &mut model);
            replica.apply(&batch).unwrap();
            if rng.random_bool(0.1) {
                drop(replica);
                replica = open(dir.path());
            }
            compare(&replica, &model, &format!("seed {seed}, batch {step}"));
        }
    }
}
