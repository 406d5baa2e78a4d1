//! `nameplate simulate`: what would become of many hostnames in years, on a store of its own that is thrown away.

use std::sync::Arc;

use anyhow::Context as _;
use np_control::{
    simulation::{self, Plan, Sabotage, plan::START},
    stores::Stores,
};
use np_store::{Durability, FileVault, Store, StoreOptions};
use time::Duration;

use crate::{cli::SimulateArgs, failure::Failure};

/// Runs a simulation and prints what came out.
pub(crate) async fn run(args: &SimulateArgs) -> Result<(), Failure> {
    let plan = plan(args)?;
    println!(
        "seed {}: {} hostnames for {} days ...",
        plan.seed,
        plan.hostnames,
        plan.length.whole_days()
    );
    let folder = tempfile::Builder::new().prefix("nameplate-simulate-").tempdir()?;
    let url = format!("sqlite:{}", folder.path().join("simulation.db").display());
    let options = StoreOptions { durability: Durability::Process, ..StoreOptions::default() };
    let store = Store::open(&url, &options).await.context("the simulation's database")?;
    let vault = FileVault::open_or_create(&folder.path().join("master.key"))
        .context("the simulation's master key")?;
    let report = simulation::run(&plan, Stores::of(Arc::new(store)), Arc::new(vault)).await;
    let report = report.context("the simulation")?;
    println!("{report}");
    if report.is_good() { Ok(()) } else { Err(Failure::Found) }
}

fn plan(args: &SimulateArgs) -> Result<Plan, Failure> {
    if args.hostnames == 0 || args.days == 0 || args.life_days < 2 {
        return Err(anyhow::anyhow!(
            "give at least 1 hostname, 1 day, and certificates that live 2 days"
        )
        .into());
    }
    let outage =
        (START + Duration::days(args.outage_day.into()), Duration::hours(args.outage_hours.into()));
    Ok(Plan {
        hostnames: args.hostnames,
        length: Duration::days(args.days.into()),
        outage,
        recall: args.recall_day.map(|day| START + Duration::days(day.into())),
        broken_percent: args.broken_percent,
        life: Duration::days(args.life_days.into()),
        sabotage: args.one_ca.then_some(Sabotage::NoFallback),
        ..Plan::whole(args.seed.unwrap_or_else(rand::random))
    })
}
