//! Budgets of CAs, and the queues for them.

use std::time::Duration;

use np_domain::{
    Timestamp,
    authority::{Budget, BudgetKind, Charge, Limit, Spend, pacing::SLACK},
    certificate::AuthorityName,
    id::{PackId, ZoneId},
    ports::{BudgetStore, Grant, Wish},
};

use crate::{values::at, world::World};

const CA: AuthorityName = AuthorityName::LetsEncrypt;

fn orders(count: u32, seconds: u64) -> Charge {
    let limit = Limit::new(count, Duration::from_secs(seconds)).unwrap();
    Charge { budget: Budget::Orders, limit, units: 1, spend: Spend::Now }
}

fn wish(certificate: u8, zone: u8, charges: &[Charge]) -> Wish {
    Wish {
        certificate: PackId::from_bytes([certificate; 16]),
        zone: ZoneId::from_bytes([zone; 16]),
        authority: CA,
        charges: charges.to_vec(),
    }
}

fn now() -> Timestamp {
    at(1_000_000_000)
}

/// In how many seconds its turn is expected; 0 for one that was served.
async fn seconds(world: &World, wish: &Wish, now: Timestamp) -> i64 {
    match world.store.take(wish, now).await.unwrap() {
        Grant::Taken => 0,
        Grant::Queued { expected_at, look_at, .. } => {
            assert!(look_at <= expected_at && look_at > now);
            (expected_at - now).whole_seconds()
        }
    }
}

pub(crate) async fn orders_get_their_burst_and_then_their_turn(world: World) {
    let charge = [orders(2, 20)];
    let mut expected = Vec::new();
    for certificate in 1..=5 {
        expected.push(seconds(&world, &wish(certificate, 1, &charge), now()).await);
    }
    // The burst begins later by the slack, as the CA may see it.
    assert_eq!(expected, [0, 5, 15, 25, 35]);
    let queues = world.store.queues(now()).await.unwrap();
    assert_eq!((queues.len(), queues[0].waiting), (1, 4));
    // Asking again changes nothing, and the one whose turn has come is served.
    let later = now() + Duration::from_secs(5);
    assert_eq!(seconds(&world, &wish(4, 1, &charge), later).await, 20);
    assert_eq!(seconds(&world, &wish(2, 1, &charge), later).await, 0);
    assert_eq!(seconds(&world, &wish(4, 1, &charge), later).await, 20);
    assert_eq!(world.store.queues(later).await.unwrap()[0].waiting, 3);
}

pub(crate) async fn two_processes_spend_one_budget(world: World) {
    let mut tasks = Vec::new();
    for certificate in 1..=20 {
        let store = world.store.clone();
        let wish = wish(certificate, certificate, &[orders(7, 3600)]);
        tasks.push(tokio::spawn(async move { store.take(&wish, now()).await.unwrap() }));
    }
    let mut taken = 0;
    for task in tasks {
        taken += u32::from(task.await.unwrap() == Grant::Taken);
    }
    assert_eq!(taken, 6, "one of the seven waits for the slack");
}

pub(crate) async fn zones_take_turns(world: World) {
    let charge = [orders(1, 10)];
    assert_eq!(seconds(&world, &wish(1, 1, &charge), now()).await, 0);
    for certificate in 2..=9 {
        seconds(&world, &wish(certificate, 1, &charge), now()).await;
    }
    // The other zone's first comes beside the big one's first, not behind its last.
    let other = seconds(&world, &wish(100, 2, &charge), now()).await;
    assert_eq!(other, (SLACK.as_secs() + 10 + 10) as i64);
    let second = seconds(&world, &wish(101, 2, &charge), now()).await;
    assert_eq!(second, (SLACK.as_secs() + 10 + 30) as i64);
}

pub(crate) async fn who_does_not_come_back_is_passed_over(world: World) {
    let charge = [orders(1, 10)];
    assert_eq!(seconds(&world, &wish(1, 1, &charge), now()).await, 0);
    assert_eq!(seconds(&world, &wish(2, 1, &charge), now()).await, 15);
    assert_eq!(seconds(&world, &wish(3, 1, &charge), now()).await, 25);
    // The second was deleted, or its process died: it looks at its turn, and is waited for a while longer.
    let turn = now() + Duration::from_secs(16);
    assert_eq!(seconds(&world, &wish(3, 1, &charge), turn).await, 10);
    let much_later = now() + Duration::from_secs(3600);
    assert_eq!(seconds(&world, &wish(3, 1, &charge), much_later).await, 0);
}

pub(crate) async fn what_is_given_back_is_taken_again(world: World) {
    let charge = [orders(1, 3600)];
    assert_eq!(seconds(&world, &wish(1, 1, &charge), now()).await, 0);
    world.store.give_back(CA, &charge).await.unwrap();
    let soon = now() + SLACK;
    assert_eq!(seconds(&world, &wish(2, 1, &charge), soon).await, 0);
    assert!(seconds(&world, &wish(3, 1, &charge), soon).await > 3000);
}

pub(crate) async fn all_budgets_are_taken_or_none(world: World) {
    let names: Vec<_> = (0..90)
        .map(|n| format!("a-rather-long-name-of-a-host-{n}.customer.com").parse().unwrap())
        .collect();
    let limit = Limit::new(1, Duration::from_secs(3600)).unwrap();
    let same_names = Charge { budget: Budget::NameSet(names), limit, units: 1, spend: Spend::Now };
    let both = [orders(5, 50), same_names];
    assert_eq!(seconds(&world, &wish(1, 1, &both), now()).await, 0);
    let again = world.store.take(&wish(2, 1, &both), now()).await.unwrap();
    assert!(matches!(again, Grant::Queued { budget: BudgetKind::NameSet, .. }), "{again:?}");
    // What could not take all took nothing: four more orders fit, of which one waits for the slack.
    for certificate in 3..=5 {
        assert_eq!(seconds(&world, &wish(certificate, 1, &[orders(5, 50)]), now()).await, 0);
    }
    assert_eq!(seconds(&world, &wish(6, 1, &[orders(5, 50)]), now()).await, 5);
    // There must be room for what is taken later, and it stays.
    let domain = Budget::Domain("customer.com".parse().unwrap());
    let later = Charge { budget: domain, limit, units: 1, spend: Spend::Later };
    for certificate in [10, 11] {
        assert_eq!(
            seconds(&world, &wish(certificate, 1, std::slice::from_ref(&later)), now()).await,
            0
        );
    }
    let taken = [Charge { spend: Spend::Now, ..later.clone() }];
    assert_eq!(seconds(&world, &wish(10, 1, &taken), now()).await, 0);
    assert!(seconds(&world, &wish(11, 1, &[later]), now()).await > 3000);
    // Another CA has budgets of its own.
    let elsewhere = Wish { authority: AuthorityName::Google, ..wish(2, 1, &both) };
    assert_eq!(world.store.take(&elsewhere, now()).await.unwrap(), Grant::Taken);
}
