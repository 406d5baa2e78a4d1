//! The fault zoo: a zone file, or the behaviour of a server, for each fault that a customer's name can have, and exactly what a
//! diagnosis finds of it. Knot serves what can be served by a real server, [`misfit`] what no real server would serve, Unbound
//! resolves and validates, [`web`] answers on port 80.
//!
//! np-domain has the table of what follows from what is seen; here is held that it is seen.

#![expect(clippy::unwrap_used, reason = "a failure in what tests share is a failed test")]

mod challenges;
mod fault;
mod kept;
mod misfit;
mod pointing;
mod servers;
mod web;
mod world;

use std::collections::BTreeSet;

use futures_util::{StreamExt as _, stream};

use fault::Fault;
use world::World;

/// The least number of faults: a zoo that lost animals is no zoo.
const FAULTS_MIN: usize = 40;
/// How many faults are looked at at a time.
const AT_A_TIME: usize = 4;

fn faults() -> Vec<Fault> {
    [pointing::faults(), challenges::faults(), servers::faults(), web::faults(), kept::faults()]
        .into_iter()
        .flatten()
        .collect()
}

fn problems<'a>(lines: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    lines.filter(|line| line.contains(" problem ")).map(str::to_owned).collect()
}

#[tokio::test]
async fn every_fault_has_exactly_its_findings() {
    let faults = faults();
    assert!(faults.len() >= FAULTS_MIN, "{}", faults.len());
    let world = World::of(&faults).await;
    let looks = faults.iter().map(|fault| async {
        let found = world.found(fault).await;
        let missing = fault.expected.iter().any(|line| !found.contains(*line));
        let wanted = problems(fault.expected.iter().copied());
        let wrong = missing || problems(found.iter().map(String::as_str)) != wanted;
        wrong.then_some((fault.name, fault.expected, found))
    });
    let wrong: Vec<_> = stream::iter(looks)
        .buffer_unordered(AT_A_TIME)
        .filter_map(|wrong| async { wrong })
        .collect()
        .await;
    assert!(wrong.is_empty(), "{} of {} differ: {wrong:#?}", wrong.len(), faults.len());
}
