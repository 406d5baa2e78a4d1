//! Certificates a second from Pebble, validated by TXT: from hostnames that were just added to certificates that the nodes have.

use std::{sync::Arc, time::Instant};

use np_control::{
    adapters::acme::{AcmeAuthority, AcmeSettings},
    reconcile::{
        driver::{self, Pace},
        issuance::Issuance,
    },
};
use np_domain::certificate::AuthorityName;
use np_testkit::pebble::{Options as PebbleOptions, Pebble};
use tokio_util::sync::CancellationToken;

use crate::{Options, nodes::Nodes, world::Ground};

/// Measures, and prints a line.
pub(crate) async fn measure(options: &Options) -> anyhow::Result<()> {
    let ground = Ground::start(options).await?;
    let pebble = Pebble::start(PebbleOptions::new(ground.dns.address())).await?;
    let settings = AcmeSettings {
        root_pem: Some(pebble.tls_root_pem()?),
        ..AcmeSettings::new(AuthorityName::LetsEncrypt, pebble.directory_url())
    };
    let authority = AcmeAuthority::new(settings, ground.store.clone(), ground.vault.clone())?;
    let world = ground.world(vec![Arc::new(authority)], options)?;
    let nodes = Nodes::new(ground.store.clone(), ground.dns.clone(), ground.bells.clone());
    let (stop, started) = (CancellationToken::new(), Instant::now());
    ground.add(options.hostnames, true, |_| {}).await?;
    let added = started.elapsed().as_secs_f64();
    let mut served = nodes.follow(stop.clone())?;
    let pace = Pace {
        bell: ground.bells.issuance.clone(),
        period: world.settings.period,
        in_flight_max: options.in_flight,
    };
    let begun = Instant::now();
    let running = tokio::spawn(driver::run(Arc::new(Issuance(world)), pace, stop.clone()));
    let wanted = options.hostnames;
    served.wait_for(|count| *count >= wanted).await?;
    let took = begun.elapsed().as_secs_f64();
    stop.cancel();
    running.await?;
    println!(
        "{wanted} certificates, {} at a time, in {took:.2} s: {:.1}/s (adding them took {added:.2} s)",
        options.in_flight,
        wanted as f64 / took
    );
    Ok(())
}
