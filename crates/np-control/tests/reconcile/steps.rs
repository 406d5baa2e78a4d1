//! Death at every step of every reconciler: nothing is lost, nothing that matters is done twice.
//!
//! The steps are not listed anywhere. A worker is dropped at the first moment at which it waits for anything, then, in a new
//! world, at the second, and so on until it comes to its end: wherever it can be interrupted, it is. The scripted CA and the
//! scripted customers let their callers wait before and after each exchange, so that the moment between what was done
//! outside and its save is among them: that exchange is then done a second time.

use std::{
    cell::Cell,
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Duration,
};

use np_control::{
    app::reissue::{self, Scope, Terms},
    stores::Stores,
};
use np_domain::{
    certificate::{DcvMethod, State},
    id::HostnameId,
    ports::{CertificateStore as _, Clock as _, HostnameChange, HostnameStore as _, Publish},
    zone,
};

use crate::world::{Control, TestWorld};

/// No worker waits more often than this on its way; more is a loop.
const STEPS_MAX: usize = 2000;

/// Work that is dropped where it waits for the last time that is left.
struct Mortal<'a, F> {
    work: Pin<&'a mut F>,
    left: &'a Cell<usize>,
}

impl<F: Future> Future for Mortal<'_, F> {
    /// `None`: it died.
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.work.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => {
                self.left.set(self.left.get().saturating_sub(1));
                if self.left.get() == 0 { Poll::Ready(None) } else { Poll::Pending }
            }
        }
    }
}

/// Whether the work came to its end.
async fn lives<F: Future>(work: F, left: &Cell<usize>) -> bool {
    let work = pin!(work);
    Mortal { work, left }.await.is_some()
}

/// Runs a scenario again and again, with a death one step later each time, until nobody dies.
async fn at_every_step(run: impl AsyncFn(&Cell<usize>)) -> usize {
    for step in 1..STEPS_MAX {
        let left = Cell::new(step);
        run(&left).await;
        if left.get() > 0 {
            return step;
        }
    }
    panic!("it never ends")
}

/// Passes of a process that dies at the step, and then of another one, a second at a time, until `is_done`.
async fn go_on(
    world: &TestWorld,
    left: &Cell<usize>,
    pass: impl AsyncFn(&Control),
    is_done: impl AsyncFn() -> bool,
) {
    let (mortal, healthy) = (world.control("mortal"), world.control("healthy"));
    for _ in 0..400 {
        match left.get() {
            0 => pass(&healthy).await,
            _ => {
                lives(pass(&mortal), left).await;
            }
        }
        if is_done().await {
            return;
        }
        world.advance(Duration::from_secs(1)).await;
    }
    panic!("not done in time");
}

async fn pass(control: &Control) {
    control.pass().await;
}

/// An active hostname with a certificate.
async fn settled(world: &TestWorld) -> HostnameId {
    let id = world.add(1, "app.customer.com", DcvMethod::Txt).await;
    world.point_here("app.customer.com");
    world.settle(&world.control("first"), id, 200).await;
    id
}

async fn is_settled(world: &TestWorld, id: HostnameId) -> bool {
    matches!(world.certificate(id).await.attempt, State::Settled(_))
}

#[tokio::test]
async fn a_new_hostname_becomes_active_wherever_its_worker_dies() {
    let steps = at_every_step(async |left| {
        let world = TestWorld::delegated().await;
        let id = world.add(1, "app.customer.com", DcvMethod::Txt).await;
        world.point_here("app.customer.com");
        go_on(&world, left, pass, async || {
            is_settled(&world, id).await
                && world.record(id).await.hostname.ownership.proof().is_some()
        })
        .await;
        let inner = world.authority.inner();
        assert!(inner.placed <= 2 && inner.signed <= 2, "{} {}", inner.placed, inner.signed);
    })
    .await;
    assert!(steps > 20, "only {steps} steps");
}

#[tokio::test]
async fn a_certificate_is_renewed_and_the_old_one_served_wherever_the_worker_dies() {
    let steps = at_every_step(async |left| {
        let world = TestWorld::delegated().await;
        let id = settled(&world).await;
        let old = world.certificate(id).await.active[0].issued.id;
        world.advance(Duration::from_secs(61 * 24 * 3600)).await;
        go_on(&world, left, pass, async || {
            let certificate = world.certificate(id).await;
            assert!(!certificate.active.is_empty(), "nothing is served");
            certificate.active[0].issued.id != old && is_settled(&world, id).await
        })
        .await;
        assert!(world.authority.inner().signed <= 3);
    })
    .await;
    assert!(steps > 20, "only {steps} steps");
}

#[tokio::test]
async fn a_deleted_hostname_is_gone_wherever_its_worker_dies() {
    let steps = at_every_step(async |left| {
        let world = TestWorld::delegated().await;
        let id = settled(&world).await;
        let hostname = world.record(id).await.hostname;
        let ownership =
            np_domain::ownership::leave(&hostname.ownership, world.clock.now()).unwrap().state;
        let hostname = np_domain::custom_hostname::CustomHostname { ownership, ..hostname };
        let change = HostnameChange { hostname, events: Vec::new(), publish: Publish::Yes };
        world.store.save_edit(&change, None).await.unwrap();
        world.nodes_catch_up().await;
        go_on(&world, left, pass, async || {
            world.store.count(world.zone.id).await.unwrap() == 0
                && world.store.record_of(id).await.unwrap().is_none()
        })
        .await;
    })
    .await;
    assert!(steps > 2, "only {steps} steps");
}

#[tokio::test]
async fn a_zone_becomes_active_wherever_its_worker_dies() {
    use np_domain::ports::ZoneStore as _;
    let steps = at_every_step(async |left| {
        let world = TestWorld::new().await;
        let new = np_domain::zone::Zone {
            id: np_domain::id::ZoneId::from_bytes([7; 16]),
            name: "shop.com".parse().unwrap(),
            state: zone::State::unproven(world.clock.now()),
            ..world.zone.clone()
        };
        world.store.insert_zone(&new).await.unwrap();
        let servers = vec!["ns1.platform.net".to_owned()];
        world.customers.ns.lock().unwrap().insert("shop.com".into(), servers);
        let look = async |control: &Control| {
            control.look_at_zones().await;
        };
        go_on(&world, left, look, async || {
            world.store.zone(new.id).await.unwrap().unwrap().state.is_active()
        })
        .await;
    })
    .await;
    assert!(steps > 4, "only {steps} steps");
}

#[tokio::test]
async fn what_was_replaced_is_revoked_wherever_the_worker_dies() {
    let steps = at_every_step(async |left| {
        let world = TestWorld::delegated().await;
        let id = settled(&world).await;
        let stores = Stores::of(world.store.clone());
        world.advance(Duration::from_secs(3600)).await;
        let now = world.clock.now();
        let terms = Terms { before: now, authority: None, revoke: true };
        let day = time::Duration::DAY;
        reissue::mark(&stores, Scope::Everything, terms, day, 1, now).await.unwrap();
        go_on(&world, left, pass, async || {
            world.certificate(id).await.revocations.is_empty() && is_settled(&world, id).await
        })
        .await;
        let revoked = world.authority.inner().revoked.clone();
        assert!(!revoked.is_empty() && revoked.iter().all(|leaf| *leaf == revoked[0]));
    })
    .await;
    assert!(steps > 20, "only {steps} steps");
}
