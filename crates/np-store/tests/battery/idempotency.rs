//! Answers that are kept.

use np_domain::ports::{Attempt, Begun, IdempotencyStore, KeptAnswer, KeyedRequest, StoreError};

use crate::{
    values::{at, text},
    world::World,
};

fn request(caller: &str, key: &str, digest: u8) -> KeyedRequest {
    KeyedRequest { caller: text(caller), key: text(key), sha256: [digest; 32] }
}

/// An attempt that may take 60 seconds and is remembered for 100.
fn attempt(id: u8, begins: i64) -> Attempt {
    let (until, expires_at) = (at(begins + 60), at(begins + 100));
    Attempt { id: [id; 16], now: at(begins), until, expires_at, kept_max: 5 }
}

fn created() -> KeptAnswer {
    KeptAnswer { status: 201, body: Some((text("application/json"), b"{\"id\":1}".to_vec())) }
}

pub(crate) async fn first_answer_is_kept_and_given_again(world: World) {
    let (store, one) = (&world.store, request("a", "k", 1));
    assert_eq!(store.begin(&one, &attempt(1, 0)).await.unwrap(), Begun::First);
    assert_eq!(store.begin(&one, &attempt(2, 59)).await.unwrap(), Begun::Running);
    store.keep(&one, &attempt(1, 0), &created()).await.unwrap();
    let again = store.begin(&one, &attempt(3, 99)).await.unwrap();
    assert_eq!(again, Begun::Answered(created()));
    // Another request under the same key; the same key of another caller.
    assert_eq!(store.begin(&request("a", "k", 2), &attempt(4, 1)).await.unwrap(), Begun::Other);
    assert_eq!(store.begin(&request("b", "k", 1), &attempt(5, 1)).await.unwrap(), Begun::First);
    // A day later the key is free.
    assert_eq!(store.begin(&request("a", "k", 2), &attempt(6, 100)).await.unwrap(), Begun::First);
}

pub(crate) async fn of_too_many_answers_the_callers_oldest_are_forgotten(world: World) {
    let store = &world.store;
    let running = request("a", "running", 0);
    assert_eq!(store.begin(&running, &attempt(9, -1)).await.unwrap(), Begun::First);
    let other = request("b", "k", 1);
    store.begin(&other, &attempt(8, -2)).await.unwrap();
    store.keep(&other, &attempt(8, -2), &created()).await.unwrap();
    let keys: Vec<String> = (0..8).map(|number| format!("k{number}")).collect();
    for (number, key) in (0..).zip(&keys) {
        let (one, made) = (request("a", key, 1), attempt(number, i64::from(number)));
        assert_eq!(store.begin(&one, &made).await.unwrap(), Begun::First);
        store.keep(&one, &made, &created()).await.unwrap();
    }
    for (key, expected) in [("k7", true), ("k3", true), ("k2", false), ("k0", false)] {
        let again = store.begin(&request("a", key, 1), &attempt(50, 20)).await.unwrap();
        assert_eq!(again == Begun::Answered(created()), expected, "{key}");
    }
    // What is under way is no answer, and others have nothing to do with it.
    assert_eq!(store.begin(&running, &attempt(51, 20)).await.unwrap(), Begun::Running);
    assert_eq!(store.begin(&other, &attempt(52, 20)).await.unwrap(), Begun::Answered(created()));
}

pub(crate) async fn dead_attempt_is_replaced_and_cannot_answer_any_more(world: World) {
    let (store, one) = (&world.store, request("a", "k", 1));
    let (dead, alive) = (attempt(1, 0), attempt(2, 60));
    assert_eq!(store.begin(&one, &dead).await.unwrap(), Begun::First);
    assert_eq!(store.begin(&one, &alive).await.unwrap(), Begun::First);
    let late = store.keep(&one, &dead, &created()).await;
    assert!(matches!(late, Err(StoreError::Stale)), "{late:?}");
    store.forget(&one, &dead).await.unwrap();
    let bare = KeptAnswer { status: 200, body: None };
    store.keep(&one, &alive, &bare).await.unwrap();
    assert_eq!(store.begin(&one, &attempt(3, 70)).await.unwrap(), Begun::Answered(bare));
}

pub(crate) async fn forgotten_attempt_leaves_the_key_free_and_a_kept_answer_stays(world: World) {
    let (store, one) = (&world.store, request("a", "k", 1));
    assert_eq!(store.begin(&one, &attempt(1, 0)).await.unwrap(), Begun::First);
    store.forget(&one, &attempt(1, 0)).await.unwrap();
    assert_eq!(store.begin(&one, &attempt(2, 1)).await.unwrap(), Begun::First);
    store.keep(&one, &attempt(2, 1), &created()).await.unwrap();
    store.forget(&one, &attempt(2, 1)).await.unwrap();
    assert_eq!(store.begin(&one, &attempt(3, 2)).await.unwrap(), Begun::Answered(created()));
}

pub(crate) async fn of_several_at_once_one_is_first(world: World) {
    let begin = async |id: u8| {
        world.store.begin(&request("a", "k", 1), &attempt(id, 0)).await.unwrap() == Begun::First
    };
    let (a, b, c, d) = tokio::join!(begin(1), begin(2), begin(3), begin(4));
    assert_eq!([a, b, c, d].iter().filter(|first| **first).count(), 1);
}

pub(crate) async fn sweep_removes_what_expired_and_no_more_than_asked_for(world: World) {
    for (key, begins) in [("a", 0), ("b", 1), ("c", 2), ("d", 50)] {
        world.store.begin(&request("a", key, 1), &attempt(1, begins)).await.unwrap();
    }
    assert_eq!(world.store.sweep(at(99), 10).await.unwrap(), 0);
    assert_eq!(world.store.sweep(at(102), 2).await.unwrap(), 2);
    assert_eq!(world.store.sweep(at(102), 2).await.unwrap(), 1);
    assert_eq!(world.store.sweep(at(102), 2).await.unwrap(), 0);
}
