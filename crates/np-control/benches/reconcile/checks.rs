//! Checks of ownership a second: every hostname has a CNAME to somebody else and no token, so that each check asks for
//! everything, finds nothing, and is written down with its reasons.

use std::{sync::Arc, time::Instant};

use np_control::reconcile::{
    driver::{self, Pace, Reconcile},
    ownership::Ownership,
};
use np_domain::{
    certificate::{AuthorityName, Order},
    custom_hostname::HostnameRecord,
    ports::{Authority, AuthorityError, OrderStatus, OrderTerms, StoreError},
};
use np_testkit::dns::RecordType;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{Options, world::Ground};

/// Measures, and prints a line.
pub(crate) async fn measure(options: &Options) -> anyhow::Result<()> {
    let ground = Ground::start(options).await?;
    let point_elsewhere = |name: &str| ground.dns.set(name, RecordType::CNAME, &["shop.other.net"]);
    ground.add(options.hostnames, false, point_elsewhere).await?;
    let world = ground.world(vec![Arc::new(Nobody)], options)?;
    let (done, mut count) = watch::channel(0);
    let counted = Arc::new(Counted { inner: Ownership(world.clone()), done });
    let pace = Pace {
        bell: ground.bells.ownership.clone(),
        period: world.settings.period,
        in_flight_max: options.in_flight,
    };
    let (stop, started) = (CancellationToken::new(), Instant::now());
    let running = tokio::spawn(driver::run(counted, pace, stop.clone()));
    let wanted = options.hostnames;
    count.wait_for(|count| *count >= wanted).await?;
    let took = started.elapsed().as_secs_f64();
    stop.cancel();
    running.await?;
    println!(
        "{wanted} checks of ownership, {} at a time, in {took:.2} s: {:.0}/s",
        options.in_flight,
        wanted as f64 / took
    );
    Ok(())
}

/// The reconciler, with a count of what it has done.
struct Counted {
    inner: Ownership,
    done: watch::Sender<usize>,
}

#[async_trait::async_trait]
impl Reconcile for Counted {
    type Item = HostnameRecord;
    const NAME: &'static str = "ownership";

    async fn claim(&self, limit: u32) -> Result<Vec<HostnameRecord>, StoreError> {
        self.inner.claim(limit).await
    }

    async fn work(&self, item: HostnameRecord, stop: &CancellationToken) {
        self.inner.work(item, stop).await;
        self.done.send_modify(|count| *count += 1);
    }
}

/// No certificate is asked for here.
struct Nobody;

#[async_trait::async_trait]
impl Authority for Nobody {
    fn name(&self) -> AuthorityName {
        AuthorityName::LetsEncrypt
    }

    async fn place(&self, _: &OrderTerms) -> Result<Order, AuthorityError> {
        Err(AuthorityError::OrderGone)
    }

    async fn tell(&self, _: &Order) -> Result<(), AuthorityError> {
        Err(AuthorityError::OrderGone)
    }

    async fn poll(&self, _: &Order) -> Result<OrderStatus, AuthorityError> {
        Err(AuthorityError::OrderGone)
    }

    async fn finalize(&self, _: &Order, _: &[u8]) -> Result<OrderStatus, AuthorityError> {
        Err(AuthorityError::OrderGone)
    }

    async fn fetch(&self, _: &Order) -> Result<Vec<Box<[u8]>>, AuthorityError> {
        Err(AuthorityError::OrderGone)
    }
}
