//! How the databases carry statements out: a file for each statement, in which its plan stands, and none reads a whole table.
//!
//! Any behaviour of the battery that runs a statement without a file fails. Lists are put together of many parts, so that
//! here each filter has a file, with the plans in all orders, from the beginning and by cursor.

pub(crate) mod explain;
pub(crate) mod golden;
pub(crate) mod shape;

use np_domain::{
    certificate::{AuthorityName, Standing},
    id::HostnameId,
    origin::{CustomOrigin, OriginSni},
    ownership::Kind,
    ports::{
        Addition, Direction, HostnameFilter, HostnameList, HostnameStore, NameFilter, Order, Start,
    },
};

use crate::{
    lists::all,
    values::{at, bare, record, text},
    world::World,
};
use explain::{Planner, whole_tables};
use shape::Shape;

/// More than are found by an index and sorted.
const MANY: usize = 2_600;

/// Hostnames enough for every way to a page. On PostgreSQL their statistics are gathered now, and not again.
async fn filled(world: &World) -> HostnameId {
    let additions: Vec<Addition> = (0..MANY)
        .map(|number| {
            let name = format!("h{number}.{}.com", if number % 2 == 0 { "even" } else { "odd" });
            let mut record = match number % 3 {
                0 => bare(world.zone.id, &name),
                _ => record(world.zone.id, &name),
            };
            record.hostname.created_at = at(number as i64);
            let server = if number % 2 == 0 { "even.provider.com" } else { "few.provider.com" };
            if number % 2 == 0 || number % 100 == 1 {
                let server = server.parse().unwrap();
                record.hostname.origin = Some(CustomOrigin { server, sni: OriginSni::Origin });
            }
            Addition { record, events: Vec::new(), hostnames_max: None }
        })
        .collect();
    let id = additions[0].record.hostname.id;
    for added in world.store.add(additions).await {
        added.unwrap();
    }
    world.settle().await;
    id
}

pub(crate) async fn every_statement_keeps_its_plan_and_reads_no_whole_table(world: World) {
    filled(&world).await;
    let mut planner = Planner::of(world.url()).await;
    let mut files: Vec<_> = std::fs::read_dir(golden::folder(world.product()))
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    let mut bad = Vec::new();
    for path in &files {
        let shape = golden::statement(path);
        let plan = planner.plan(&shape).await;
        golden::compare(path, &golden::with_plan(&shape, &plan));
        if !whole_tables(&plan).is_empty() {
            bad.push(format!("{}\n{plan}\n", shape.text));
        }
    }
    assert!(bad.is_empty(), "a whole table is read by:\n{}", bad.join("\n"));
    assert!(files.len() > 50, "only {} statements", files.len());
}

/// Each kind of filter with a name.
fn filters(id: HostnameId) -> Vec<(&'static str, HostnameFilter)> {
    let none = HostnameFilter::default;
    let named = |name| HostnameFilter { name: Some(name), ..none() };
    let contains = |part| named(NameFilter::Contains(text(part)));
    let starts = |start| named(NameFilter::StartsWith(text(start)));
    let origin = |origin| HostnameFilter { origin: Some(text(origin)), ..none() };
    let standings =
        |standings: &[Standing]| HostnameFilter { standings: Some(standings.to_vec()), ..none() };
    vec![
        ("nothing", none()),
        ("id", HostnameFilter { id: Some(id), ..none() }),
        ("hostname-exact", named(NameFilter::Exact(text("h1.odd.com")))),
        ("hostname-contain-few", contains("h777.")),
        ("hostname-contain-many", contains("even")),
        ("hostname-contain-short", contains("ev")),
        ("hostname-starts-with-few", starts("h777")),
        ("hostname-starts-with-many", starts("h")),
        ("origin-of-few", origin("few.provider.com")),
        ("origin-of-many", origin("even.provider.com")),
        ("with-certificate", HostnameFilter { with_certificate: Some(true), ..none() }),
        ("wildcard", HostnameFilter { wildcard: Some(false), ..none() }),
        ("ownership", HostnameFilter { ownership: Some(vec![Kind::Unproven]), ..none() }),
        ("standing", standings(&[Standing::Ordering])),
        (
            "authority",
            HostnameFilter { authorities: Some(vec![None, Some(AuthorityName::Google)]), ..none() },
        ),
        (
            "contain-many-and-standing",
            HostnameFilter { standings: Some(vec![Standing::Ordering]), ..contains("even") },
        ),
        (
            "origin-of-many-without-certificate",
            HostnameFilter { with_certificate: Some(false), ..origin("even.provider.com") },
        ),
    ]
}

pub(crate) async fn every_list_keeps_its_plans_and_reads_no_whole_table(world: World) {
    let id = filled(&world).await;
    let mut planner = Planner::of(world.url()).await;
    for (name, filter) in filters(id) {
        // The plans, in the order in which they are met, and what has them.
        let mut plans: Vec<(String, Vec<String>)> = Vec::new();
        for order in [Order::Created, Order::Name, Order::Certificate, Order::Standing] {
            for direction in [Direction::Ascending, Direction::Descending] {
                let list = HostnameList { filter: filter.clone(), order, direction, ..all(20) };
                for (label, plan) in plans_of(&world, &mut planner, list).await {
                    assert!(whole_tables(&plan).is_empty(), "{name}, {label}:\n{plan}");
                    match plans.iter_mut().find(|(known, _)| *known == plan) {
                        Some((_, labels)) if labels.contains(&label) => {}
                        Some((_, labels)) => labels.push(label),
                        None => plans.push((plan, vec![label])),
                    }
                }
            }
        }
        let parts =
            plans.iter().map(|(plan, labels)| format!("-- {}\n{plan}\n", labels.join("; ")));
        let path = golden::folder(world.product()).join("lists").join(format!("{name}.txt"));
        golden::compare(&path, &parts.collect::<Vec<_>>().join("\n"));
    }
}

/// The plans of a list's pages: the first by number, the first by cursor, and the one after it.
async fn plans_of(
    world: &World,
    planner: &mut Planner,
    list: HostnameList,
) -> Vec<(String, String)> {
    let mut plans = Vec::new();
    let begin = HostnameList { start: Start::Begin, ..list.clone() };
    let next = world.store.list(world.zone.id, &begin).await.unwrap().next;
    let starts = [
        ("first", Some(Start::Page(1))),
        ("begin", Some(Start::Begin)),
        ("after", next.map(Start::After)),
    ];
    for (label, start) in starts {
        let Some(start) = start else { continue };
        world.take_seen();
        world.store.list(world.zone.id, &HostnameList { start, ..list.clone() }).await.unwrap();
        for (statement, kinds) in world.take_seen() {
            let Some(shape) = Shape::of(&statement, &kinds).filter(|_| is_of_list(&statement))
            else {
                continue;
            };
            let label = format!("{:?} {:?} {label}", list.order, list.direction).to_lowercase();
            plans.push((label, planner.plan(&shape).await));
        }
    }
    plans
}

/// Whether a statement is put together for a list of hostnames: then its file is the list's.
pub(crate) fn is_of_list(statement: &str) -> bool {
    ["k_place", " AS hits", "SELECT 1 AS one FROM", "SELECT id AS h_id, created_at AS h_created_at"]
        .iter()
        .any(|mark| statement.contains(mark))
}
