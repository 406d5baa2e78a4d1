//! The lifetime simulation on a real SQLite store: promises hold through outages, broken DNS, refusals and crashes; and when a
//! rule is broken on purpose, the simulation says so. `make simulate` runs the whole of it.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;

use np_control::{
    simulation::{Plan, Report, Sabotage, plan::START, run},
    stores::Stores,
};
use np_store::{Durability, FileVault, Store, StoreOptions};
use time::Duration;

/// Printed by each report, so that a failure can be repeated.
const SEED: u64 = 20_261_130;

async fn simulate(plan: &Plan) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("simulation.db").display());
    let options = StoreOptions { durability: Durability::Process, ..StoreOptions::default() };
    let store = Store::open(&url, &options).await.unwrap();
    let vault = FileVault::open_or_create(&folder.path().join("key")).unwrap();
    let report = run(plan, Stores::of(Arc::new(store)), Arc::new(vault)).await.unwrap();
    println!("{report}");
    report
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_certificate_that_can_be_renewed_ends_and_no_limit_is_exceeded() {
    let plan = Plan { broken_percent: 30, ..Plan::small(SEED, 150, 300) };
    let report = simulate(&plan).await;
    assert!(report.is_good(), "{report}");
    assert!(report.crashes > 0, "nothing died: {report}");
    assert!(report.excused > 0, "nothing was broken for long: {report}");
    assert!(report.signed() > 3 * u64::from(plan.hostnames), "nothing was renewed: {report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_hostnames_of_one_domain_are_issued_and_renewed_within_its_limit() {
    let onboarding = Duration::days(3);
    let plan = Plan { shared_percent: 80, onboarding, ..Plan::small(SEED, 100, 100) };
    let report = simulate(&plan).await;
    assert!(report.is_good(), "{report}");
    assert!(
        report.authorities.iter().all(|(_, saw)| saw.signed > 0),
        "no limit was felt: {report}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_ca_recalls_is_replaced_within_two_days() {
    let (onboarding, recall) = (Duration::days(3), START + Duration::days(10));
    let small = Plan { onboarding, broken_percent: 0, ..Plan::small(SEED, 60, 12) };
    let report = simulate(&Plan { recall: Some(recall), ..small.clone() }).await;
    assert!(report.is_good(), "{report}");
    assert!(report.signed() >= 2 * u64::from(small.hostnames), "{report}");
    let report = simulate(&small).await;
    assert!(report.signed() < 2 * u64::from(small.hostnames), "renewed without recall: {report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn renewal_on_the_last_day_is_found_out() {
    let small = Plan::small(SEED, 30, 105);
    // The first certificates end while the main CA is away.
    let outage = (START + Duration::days(92), Duration::days(10));
    let plan = Plan { sabotage: Some(Sabotage::LastDay), outage, broken_percent: 100, ..small };
    let report = simulate(&plan).await;
    assert!(!report.lost.is_empty(), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ca_that_is_away_for_long_without_another_one_is_found_out() {
    let outage = (START + Duration::days(55), Duration::days(60));
    let small = Plan { outage, ..Plan::small(SEED, 60, 130) };
    let plan = Plan { sabotage: Some(Sabotage::NoFallback), ..small };
    let report = simulate(&plan).await;
    assert!(!report.lost.is_empty(), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_that_is_not_taken_up_again_is_found_out() {
    let plan = Plan { sabotage: Some(Sabotage::NoRetry), ..Plan::small(SEED, 100, 130) };
    let report = simulate(&plan).await;
    assert!(!report.lost.is_empty() || !report.unserved.is_empty(), "{report}");
}
