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
