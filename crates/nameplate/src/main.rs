//! The executable: reads the command line and the configuration, and puts the roles together.
//!
//! A package of its own because only it knows everybody: which database stands behind the ports, which CA behind a name,
//! who listens where. Reading order: [`cli`], [`config`], [`compose`] (one file per role), [`demo`].
#![forbid(unsafe_code)]

mod check_config;
mod cli;
mod compose;
mod config;
mod demo;
mod doctor;
mod failure;
mod http_server;
mod logging;
mod reissue;
mod service_manager;
mod signals;
mod simulate;

use std::process::ExitCode;

use clap::Parser as _;

use crate::{
    cli::{Cli, Command, ConfigArgs},
    compose::{Beginning, Launch, Role, handover::successor::Program, rules},
    config::Loaded,
    failure::Failure,
};

/// A request is dozens of small allocations on one thread: with the C library's they are a sixth of its cost
/// (docs/decisions/0006). It also serves the C libraries in here.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("nameplate: {failure}");
            failure.exit_code()
        }
    }
}

fn run(command: Command) -> Result<(), Failure> {
    let role = |args: &ConfigArgs, role, beginning| {
        let program = Program::of_this_process()?;
        let loaded = load(args)?;
        block_on(compose::run(loaded, role, Launch { program, beginning }))
    };
    match command {
        Command::Serve(args) => role(&args, Role::All, Beginning::Afresh),
        Command::Control(args) => role(&args, Role::Control, Beginning::Afresh),
        Command::Edge(args) => role(&args.config, Role::Edge, args.beginning()),
        Command::Dns(args) => role(&args.config, Role::Dns, args.beginning()),
        Command::CheckConfig(args) => {
            let loaded = load(&args)?;
            block_on(check_config::run(&loaded))
        }
        Command::Migrate(args) => {
            let loaded = load(&args)?;
            block_on(compose::migrate(&loaded))
        }
        Command::RollKey(args) => {
            let loaded = load(&args)?;
            block_on(compose::roll_key(&loaded))
        }
        Command::RollCaKey(args) => {
            let loaded = load(&args.config)?;
            let only = args.authority.as_deref().map(reissue::authority).transpose()?;
            block_on(compose::authorities::roll_account_keys(&loaded, only))
        }
        Command::Doctor(args) => block_on(doctor::run(args)),
        Command::Reissue(args) => {
            let loaded = load(&args.config)?;
            block_on(reissue::run(&loaded, &args))
        }
        Command::Simulate(args) => block_on(simulate::run(&args)),
        Command::Block(args) => {
            let loaded = load(&args.config)?;
            block_on(rules::block(&loaded, args.name.as_deref(), &args.reason))
        }
        Command::Unblock(args) => {
            let loaded = load(&args.config)?;
            block_on(rules::unblock(&loaded, &args.name))
        }
        Command::Allocate(args) => {
            let loaded = load(&args.config)?;
            let wanted = args.account.as_deref().zip(args.range.as_deref());
            block_on(rules::allocate(&loaded, wanted))
        }
        Command::Deallocate(args) => {
            let loaded = load(&args.config)?;
            block_on(rules::deallocate(&loaded, (&args.account, &args.range)))
        }
        Command::Demo(args) => block_on(demo::run(&args)),
    }
}

/// Reads the configuration, and logs as it says from then on.
pub(crate) fn load(args: &ConfigArgs) -> Result<Loaded, Failure> {
    // Variables that are no UTF-8 cannot be ours.
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let loaded = Loaded::read(args.config.as_deref(), environment)?;
    logging::start(&loaded.config.log).map_err(|why| loaded.blame("log", why))?;
    Ok(loaded)
}

fn block_on(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}
