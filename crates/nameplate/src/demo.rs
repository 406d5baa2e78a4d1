//! `nameplate demo`: the whole platform on loopback, and three customers' hostnames from an API call to an HTTPS answer.
//!
//! Nothing is played: the API, the store, the reconcilers, the name server and the edge are those of `nameplate serve`, and
//! the certificate authority in this program looks for every proof before it signs. Only the customers' name server is
//! ours (their records are put into zones of our own server) and so is the origin. [`world`] puts it together, [`story`]
//! is what happens, [`narrator`] how it is told.

mod api;
mod narrator;
mod origin;
mod story;
mod visitor;
mod world;

use std::time::Duration;

use anyhow::Context as _;

use self::{narrator::Narrator, story::Story, world::World};
use crate::{
    cli::DemoArgs,
    config::log::{Log, LogFormat},
    failure::Failure,
    logging,
    signals::Signals,
};

/// How long all three hostnames together may take.
const DEADLINE: Duration = Duration::from_secs(60);

/// Shows it, and then stays up unless it is to end.
pub(crate) async fn run(args: &DemoArgs) -> Result<(), Failure> {
    let level = if args.verbose { "info" } else { "error" };
    let log = Log { format: LogFormat::Text, level: level.to_owned() };
    logging::start(&log).map_err(|why| anyhow::anyhow!(why.message))?;
    let mut signals = Signals::listen()?;
    let narrator = Narrator;
    let world = World::start().await?;
    let told = tokio::select! {
        told = tokio::time::timeout(DEADLINE, tell(&world, &narrator)) => {
            told.unwrap_or_else(|_| Err(anyhow::anyhow!("not finished within {DEADLINE:?}")))
        }
        asked = signals.heard() => Err(anyhow::anyhow!("ended by {asked}")),
    };
    if told.is_ok() && !args.exit {
        narrator.stay(&world);
        signals.heard().await;
    }
    world.stop().await;
    told.context("the demonstration failed").map_err(Failure::from)
}

async fn tell(world: &World, narrator: &Narrator) -> anyhow::Result<()> {
    narrator.opening(world);
    let story = Story::begin(world, narrator).await?;
    for (number, customer) in story::CUSTOMERS.iter().enumerate() {
        story.tell(number + 1, customer).await.with_context(|| customer.hostname)?;
    }
    narrator.ending(story::CUSTOMERS.len());
    Ok(())
}
