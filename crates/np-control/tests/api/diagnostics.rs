//! Diagnoses and histories. What is seen comes from a list; whether it is found right is np-domain's affair, and whether it is
//! seen right that of the fault zoo.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use np_control::app::diagnostics::{IN_FLIGHT_MAX, IN_FLIGHT_PER_ACCOUNT_MAX};
use np_domain::{
    account::Account,
    diagnosis::{
        Sight, Wanted, plan,
        sight::{Answer, Code, Outcome, Reply, Server},
    },
    ports::{AccountStore as _, Clock as _, Inspector},
    text::Explanation,
};
use serde_json::json;
use time::macros::datetime;
use tokio::sync::Semaphore;

use crate::world::World;

/// Sees that no name exists, and waits for a permit before.
pub(crate) struct Nothing {
    pub(crate) looks: AtomicUsize,
    pub(crate) permits: Semaphore,
}

impl Default for Nothing {
    fn default() -> Self {
        Self { looks: AtomicUsize::new(0), permits: Semaphore::new(Semaphore::MAX_PERMITS) }
    }
}

#[async_trait]
impl Inspector for Nothing {
    async fn inspect(&self, wanted: &Wanted) -> Sight {
        self.looks.fetch_add(1, Ordering::SeqCst);
        self.permits.acquire().await.unwrap().forget();
        let asks = plan::questions(wanted, &Sight::default());
        let address: SocketAddr = "192.0.2.53:53".parse().unwrap();
        let answer = |ask: plan::Ask| Answer {
            server: Server::Resolver(address),
            question: ask.question,
            outcome: Outcome::Reply(Reply { code: Code::NxDomain, ..Reply::default() }),
            unchecked: false,
            at: datetime!(2026-03-20 12:00 UTC),
        };
        Sight { answers: asks.into_iter().map(answer).collect(), ..Sight::default() }
    }
}

async fn added(world: &World, name: &str) -> String {
    let path = world.hostnames().await;
    let made = world.post(&path, json!({ "hostname": name })).await;
    format!("{path}/{}", made.result()["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_diagnosis_says_what_is_the_matter_who_must_act_and_which_record() {
    let world = World::new().await;
    let path = added(&world, "app.customer.com").await;
    let answer = world.get(&format!("{path}/diagnostics")).await;
    let result = answer.result();
    assert_eq!(result["hostname"], "app.customer.com");
    assert_eq!(result["active"], false);
    let findings = result["findings"].as_array().unwrap();
    let found = |check: &str| findings.iter().find(|f| f["check"] == check).unwrap();
    let no_name = found("hostname.no_such_name");
    assert_eq!((&no_name["verdict"], &no_name["actor"]), (&json!("problem"), &json!("customer")));
    let remedy = json!([{ "action": "add", "name": "app.customer.com", "type": "CNAME", "content": "provider.com" }]);
    assert_eq!(no_name["remedies"], remedy);
    assert_eq!(no_name["evidence"][0]["server"], "resolver 192.0.2.53:53");
    assert_eq!(no_name["evidence"][0]["answer"], "NXDOMAIN");
    assert_eq!(found("zone.no_fallback_origin")["actor"], "provider");
    let summary = result["summary"].as_str().unwrap();
    assert!(summary.starts_with("app.customer.com is not active: 2 problems."), "{summary}");
}

#[tokio::test]
async fn a_hostname_is_looked_at_once_in_a_while_and_anew_after_a_change() {
    let world = World::new().await;
    let path = added(&world, "app.customer.com").await;
    let looks = || world.inspector.looks.load(Ordering::SeqCst);
    let get = async || world.get(&format!("{path}/diagnostics")).await;
    get().await;
    assert_eq!(get().await.status, 200);
    assert_eq!(looks(), 1);
    world.patch(&path, json!({ "custom_metadata": { "key": "value" } })).await;
    get().await;
    assert_eq!(looks(), 2);
    tokio::time::pause();
    tokio::time::advance(np_control::app::diagnostics::KEPT_FOR).await;
    tokio::time::resume();
    get().await;
    assert_eq!(looks(), 3);
}

/// Paths of diagnoses of so many new hostnames in the zone.
async fn diagnoses(world: &World, zone: &str, count: usize) -> Vec<String> {
    let mut paths = Vec::new();
    for n in 0..count {
        let made = world.post(zone, json!({ "hostname": format!("app{n}.customer.com") })).await;
        paths.push(format!("{zone}/{}/diagnostics", made.result()["id"].as_str().unwrap()));
    }
    paths
}

#[tokio::test]
async fn only_so_many_diagnoses_run_at_a_time_and_no_account_has_all_of_them() {
    let world = Arc::new(World::new().await);
    let name = Explanation::new("Others");
    let account = Account { id: world.draws.account_id(), name, created_at: world.clock.now() };
    world.store.insert_account(&account).await.unwrap();
    let body = json!({ "name": "others.com", "account": { "id": account.id.to_string() } });
    let others = world.post("/zones", body).await.result()["id"].as_str().unwrap().to_owned();
    let others = format!("/zones/{others}/custom_hostnames");
    let (own_max, max) = (IN_FLIGHT_PER_ACCOUNT_MAX, IN_FLIGHT_MAX);
    let own = diagnoses(&world, &world.hostnames().await, own_max + 1).await;
    let others = diagnoses(&world, &others, max - own_max + 1).await;
    world.inspector.permits.forget_permits(Semaphore::MAX_PERMITS);
    let mut running = Vec::new();
    let mut run = async |path: &String| {
        let (asked, path) = (world.clone(), path.clone());
        running.push(tokio::spawn(async move { asked.get(&path).await }));
        while world.inspector.looks.load(Ordering::SeqCst) < running.len() {
            tokio::task::yield_now().await;
        }
    };
    for path in &own[..own_max] {
        run(path).await;
    }
    assert_eq!(world.get(&own[own_max]).await.failure(), (503, 10504, ""));
    for path in &others[..max - own_max] {
        run(path).await;
    }
    assert_eq!(world.get(&others[max - own_max]).await.failure(), (503, 10504, ""));
    world.inspector.permits.add_permits(max + 2);
    for one in running {
        assert_eq!(one.await.unwrap().status, 200);
    }
    assert_eq!(world.get(&own[own_max]).await.status, 200);
    assert_eq!(world.get(&others[max - own_max]).await.status, 200);
}

#[tokio::test]
async fn a_history_has_every_event_the_newest_first() {
    let world = World::new().await;
    let path = added(&world, "app.customer.com").await;
    world.patch(&path, json!({ "custom_metadata": { "key": "value" } })).await;
    let answer = world.get(&format!("{path}/history")).await;
    let events: Vec<_> =
        answer.result().as_array().unwrap().iter().map(|event| event["event"].clone()).collect();
    assert_eq!(events, ["hostname.edited", "hostname.created"]);
    let newest = world.get(&format!("{path}/history?limit=1")).await;
    assert_eq!(newest.result().as_array().unwrap().len(), 1);
    for bad in ["0", "-1", "x", ""] {
        let refused = world.get(&format!("{path}/history?limit={bad}")).await;
        assert_eq!(refused.failure(), (400, 10002, "/limit"), "{bad}");
    }
}

#[tokio::test]
async fn a_hostname_that_is_not_there_has_neither() {
    let world = World::new().await;
    let path = world.hostnames().await;
    for what in ["diagnostics", "history"] {
        let unknown = "00000000-0000-0000-0000-000000000007";
        let answer = world.get(&format!("{path}/{unknown}/{what}")).await;
        assert_eq!(answer.failure(), (404, 1436, ""), "{what}");
    }
}
