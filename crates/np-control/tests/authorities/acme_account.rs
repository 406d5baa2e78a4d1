//! The account at an ACME CA: forgotten by the CA, and given another key, while processes use it.

use np_control::adapters::acme::Rolled;
use np_domain::{
    certificate::{DcvMethod, KeyType},
    ports::{Authority, AuthorityError, OrderTerms, SecretStore},
};

use crate::{
    acme_world::World,
    support::{Loss, exact, issue, terms},
};

impl World {
    fn wanted(&self) -> OrderTerms {
        let host = self.stage.host("app.customer.com");
        terms(exact(&host), DcvMethod::Http, KeyType::P256)
    }

    /// The account's key as it is kept.
    async fn kept(&self) -> Vec<u8> {
        let mut names = self.secrets.names();
        names.retain(|name| !name.ends_with("/next"));
        let kept = self.secrets.secret(&names[0]).await.expect("memory");
        kept.expect("an account").as_bytes().to_vec()
    }
}

#[tokio::test]
async fn an_account_that_the_ca_has_forgotten_is_made_anew_once_for_all_processes() {
    let mut world = World::start(|_| ()).await;
    let wanted = world.wanted();
    let (one, other) = (world.authority(), world.authority());
    let order = one.place(&wanted).await.unwrap();
    other.poll(&order).await.unwrap();
    let before = one.issuer().account.unwrap();
    world.pebble.stop();
    world.pebble.start_again().await.unwrap();

    assert_eq!(one.poll(&order).await, Err(AuthorityError::OrderGone));
    issue(&one, &world.stage, &wanted).await.unwrap();
    issue(&other, &world.stage, &wanted).await.unwrap();
    let after = one.issuer().account.unwrap();
    assert_ne!(before, after);
    assert_eq!(other.issuer().account, Some(after));
    assert_eq!(world.secrets.names().len(), 1);
}

#[tokio::test]
async fn a_new_key_is_picked_up_by_processes_that_run() {
    let world = World::start(|options| options.nonce_reject_percent = 20).await;
    let wanted = world.wanted();
    let running = world.authority();
    assert_eq!(world.authority().roll_account_key().await, Ok(Rolled::NoAccount));
    let order = running.place(&wanted).await.unwrap();
    let (account, key) = (running.issuer().account, world.kept().await);
    for _ in 0..2 {
        assert_eq!(world.authority().roll_account_key().await, Ok(Rolled::Done));
    }
    assert_ne!(world.kept().await, key);
    running.poll(&order).await.expect("the order is still ours");
    issue(&running, &world.stage, &wanted).await.unwrap();
    issue(&world.authority(), &world.stage, &wanted).await.unwrap();
    assert_eq!(running.issuer().account, account);
}

#[tokio::test]
async fn a_change_of_key_that_died_at_any_step_hinders_nobody_and_can_be_finished() {
    for (loss, outcome) in [
        // The new key was kept, and the CA not told.
        (Loss::AfterKeep, Rolled::Done),
        // The CA was told.
        (Loss::BeforeReplace, Rolled::Finished),
        // Only the good news was lost.
        (Loss::AfterReplace, Rolled::Done),
    ] {
        for is_used_in_between in [false, true] {
            let world = World::start(|_| ()).await;
            let wanted = world.wanted();
            let running = world.authority();
            issue(&running, &world.stage, &wanted).await.unwrap();
            let key = world.kept().await;
            world.secrets.lose(loss);
            let died = world.authority().roll_account_key().await;
            assert!(matches!(died, Err(AuthorityError::Unreachable(_))), "{loss:?}: {died:?}");

            if is_used_in_between {
                issue(&running, &world.stage, &wanted).await.expect("the process that runs");
                issue(&world.authority(), &world.stage, &wanted).await.expect("a new process");
            }
            let again = world.authority().roll_account_key().await;
            // Whoever was refused in between has finished it.
            let outcome = if is_used_in_between { Rolled::Done } else { outcome };
            assert_eq!(again, Ok(outcome), "{loss:?}, {is_used_in_between}");
            issue(&running, &world.stage, &wanted).await.expect("the process that runs");
            assert_ne!(world.kept().await, key);
        }
    }
}

#[tokio::test]
async fn many_who_change_the_key_at_once_end_with_one() {
    let world = World::start(|_| ()).await;
    let wanted = world.wanted();
    let running = world.authority();
    issue(&running, &world.stage, &wanted).await.unwrap();
    let rolls = (0..4).map(|_| world.authority()).collect::<Vec<_>>();
    let rolled = futures_util::future::join_all(rolls.iter().map(|one| one.roll_account_key()));
    for outcome in rolled.await {
        outcome.unwrap();
    }
    issue(&running, &world.stage, &wanted).await.unwrap();
    issue(&world.authority(), &world.stage, &wanted).await.unwrap();
}
