//! Sealed secrets.

use np_domain::{ports::SecretStore, secret::SealedBytes};

use crate::world::World;

pub(crate) async fn first_secret_of_a_name_stays(world: World) {
    assert_eq!(world.store.secret("acme/lets_encrypt").await.unwrap(), None);
    let mut tasks = Vec::new();
    for number in 0..8 {
        let store = world.store.clone();
        tasks.push(tokio::spawn(async move {
            let sealed = SealedBytes::from_vec(vec![number; 100]);
            store.keep_secret("acme/lets_encrypt", &sealed).await.unwrap()
        }));
    }
    let kept = world.store.keep_secret("another", &SealedBytes::from_vec(vec![0xff])).await;
    assert_eq!(kept.unwrap(), SealedBytes::from_vec(vec![0xff]));
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    let stored = world.store.secret("acme/lets_encrypt").await.unwrap().unwrap();
    assert_eq!(answers, vec![stored; 8]);
}

pub(crate) async fn secrets_are_forgotten_by_a_range_of_names(world: World) {
    let names = ["key-0000000001", "key-0000000002", "key-0000000010", "kez"];
    for name in names {
        world.store.keep_secret(name, &SealedBytes::from_vec(vec![1])).await.unwrap();
    }
    world.store.forget_secrets("key-0000000000", "key-0000000010").await.unwrap();
    let mut left = Vec::new();
    for name in names {
        left.extend(world.store.secret(name).await.unwrap().map(|_| name));
    }
    assert_eq!(left, ["key-0000000010", "kez"]);
    let again = world.store.keep_secret(names[0], &SealedBytes::from_vec(vec![2])).await;
    assert_eq!(again.unwrap(), SealedBytes::from_vec(vec![2]));
}

pub(crate) async fn secret_is_replaced_by_who_knows_it_and_removed(world: World) {
    let bytes = |byte| SealedBytes::from_vec(vec![byte; 10]);
    let store = &world.store;
    assert_eq!(store.replace_secret("key", &bytes(1), &bytes(2)).await.unwrap(), None);
    store.keep_secret("key", &bytes(1)).await.unwrap();
    assert_eq!(store.replace_secret("key", &bytes(9), &bytes(2)).await.unwrap(), Some(bytes(1)));
    assert_eq!(store.replace_secret("key", &bytes(1), &bytes(2)).await.unwrap(), Some(bytes(2)));
    store.remove_secret("key").await.unwrap();
    store.remove_secret("key").await.expect("removing what is gone is no error");
    assert_eq!(store.secret("key").await.unwrap(), None);
}
