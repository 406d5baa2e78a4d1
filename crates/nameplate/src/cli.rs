//! The command line. What a command needs beyond its arguments is configuration.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::{compose::Beginning, config::value::Span};

const AFTER_HELP: &str = "\
Try `nameplate demo` first: it needs no configuration, no network and no rights.

Configuration is a file in TOML (nameplate.example.toml shows every key) and variables of the environment
(NAMEPLATE_SECTION__KEY), which win. Exit codes: 0 all is well, 1 something failed, 2 the configuration cannot be used, 3 a
`doctor` found a problem or a `simulate` a broken promise.";

/// Custom hostnames for SaaS, self-hosted: proves who controls a customer's hostname, obtains its certificate, renews it
/// and terminates TLS for it in front of your origin. Speaks the Cloudflare v4 API.
#[derive(Debug, Parser)]
#[command(name = "nameplate", version, after_help = AFTER_HELP, arg_required_else_help = true)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run everything in one process: API, reconcilers, edge, DNS
    Serve(ConfigArgs),
    /// Run the deciding side only: API, reconcilers, and the feed for nodes elsewhere
    Control(ConfigArgs),
    /// Run an edge only: TLS and HTTP, from the feed; needs no database
    Edge(NodeArgs),
    /// Run a name server only: the delegation domain, from the feed; needs no database
    Dns(NodeArgs),
    /// Say whether the configuration can be used, and whether the certificate authorities can be reached
    CheckConfig(ConfigArgs),
    /// Bring the database to this version's schema and end (`serve` and `control` do it by themselves)
    Migrate(ConfigArgs),
    /// Give the user who was made at the first start a new key for X-Auth-Key, and print it; the old one opens nothing more
    RollKey(ConfigArgs),
    /// Give the accounts at the certificate authorities that speak ACME, or at one of them, another key. May be interrupted and
    /// run again; processes that run go on with the new key by themselves
    RollCaKey(RollCaKeyArgs),
    /// Say why a hostname is not active, who must act and how; also of one that was not added yet. Without a hostname: whether
    /// this installation is well. Exit codes: 0 no problem, 3 problems, 1 it could not be found out
    Doctor(DoctorArgs),
    /// Replace every certificate, one CA's or one zone's within a time, and say how far it has come. May be interrupted: what was
    /// marked is carried out by the control processes
    Reissue(ReissueArgs),
    /// Run years of many hostnames on a clock of their own, with a CA that is away, broken DNS and crashes: no certificate may
    /// end that could have been renewed, and no limit of a CA be exceeded. Exit code 3 when one was
    Simulate(SimulateArgs),
    /// Keep a name, and all names below it, from everybody; without a name, list what is kept
    Block(BlockArgs),
    /// Take a name off the block list; hostnames that it kept away are looked at again within the hour, or at a PATCH
    Unblock(UnblockArgs),
    /// Allocate addresses to an account, whose customers' apex domains may point at them; without any, list what is allocated
    Allocate(AllocateArgs),
    /// Take addresses from an account
    Deallocate(AllocationArgs),
    /// Show all of it on this machine: three hostnames from an API call to a verified HTTPS answer
    Demo(DemoArgs),
}

/// Where the configuration is.
#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    /// The configuration file [default: nameplate.toml, if it is there]
    #[arg(short, long, value_name = "FILE", env = "NAMEPLATE_CONFIG")]
    pub(crate) config: Option<PathBuf>,
}

/// How a node starts.
#[derive(Debug, Args)]
pub(crate) struct NodeArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// Take over from the process that starts this one; it adds this by itself
    #[arg(long, hide = true)]
    takeover: bool,
}

impl NodeArgs {
    /// Where its sockets come from.
    pub(crate) fn beginning(&self) -> Beginning {
        if self.takeover { Beginning::Takeover } else { Beginning::Afresh }
    }
}

/// Whose account gets another key.
#[derive(Debug, Args)]
pub(crate) struct RollCaKeyArgs {
    /// The CA: lets_encrypt, google, ssl_com, digicert [default: all that are configured]
    #[arg(value_name = "CA")]
    pub(crate) authority: Option<String>,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

/// What is examined, and how.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// The hostname; none: this installation
    pub(crate) hostname: Option<String>,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// The zone that the hostname is in, or is to be added to, where there are several
    #[arg(long, value_name = "NAME")]
    pub(crate) zone: Option<String>,
    /// Ask the API there (http://HOST:PORT) instead of the database here; only for hostnames that were added
    #[arg(long, value_name = "URL", requires = "hostname")]
    pub(crate) api: Option<String>,
    /// The token to ask it with
    #[arg(long, env = "NAMEPLATE_TOKEN", hide_env_values = true, requires = "api")]
    pub(crate) token: Option<String>,
    /// Print JSON, as the API gives it
    #[arg(long)]
    pub(crate) json: bool,
}

/// What is replaced.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("scope").required(true).multiple(true).args(["all", "authority", "zone"])))]
pub(crate) struct ReissueArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// Everything
    #[arg(long, conflicts_with_all = ["authority", "zone"])]
    pub(crate) all: bool,
    /// What this CA has issued: lets_encrypt, google, ssl_com, digicert
    #[arg(long, value_name = "CA")]
    pub(crate) authority: Option<String>,
    /// What this zone has
    #[arg(long, value_name = "NAME")]
    pub(crate) zone: Option<String>,
    /// Within which time
    #[arg(long, default_value = "24h")]
    pub(crate) within: Span,
    /// Revoke what was replaced, once its replacement is served
    #[arg(long)]
    pub(crate) revoke: bool,
    /// Only say what would be done, and how fast it would have to be
    #[arg(long)]
    pub(crate) plan: bool,
    /// Replace what was issued before this moment, as an earlier run printed it [default: now]
    #[arg(long, value_name = "MOMENT")]
    pub(crate) since: Option<String>,
    /// How many orders an hour the CA takes, to say when all will be done
    #[arg(long, value_name = "N")]
    pub(crate) orders_per_hour: Option<u32>,
}

/// What is simulated.
#[derive(Debug, Args)]
pub(crate) struct SimulateArgs {
    /// How many hostnames
    #[arg(long, default_value_t = 10_000)]
    pub(crate) hostnames: u32,
    /// For how many days
    #[arg(long, default_value_t = 1095)]
    pub(crate) days: u32,
    /// What everything is drawn from [default: a number that is drawn, and printed]
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// On which day the main CA goes away
    #[arg(long, default_value_t = 400)]
    pub(crate) outage_day: u32,
    /// For how many hours
    #[arg(long, default_value_t = 72)]
    pub(crate) outage_hours: u32,
    /// On which day the CAs want everything renewed at once that they have issued, as after a mistake of theirs; they are then asked
    /// twice a day when to renew, which makes the simulation slower
    #[arg(long)]
    pub(crate) recall_day: Option<u32>,
    /// Of how many hostnames in a hundred DNS breaks and heals
    #[arg(long, default_value_t = 5)]
    pub(crate) broken_percent: u32,
    /// How many days certificates live
    #[arg(long, default_value_t = 90)]
    pub(crate) life_days: u32,
    /// Do without a second CA
    #[arg(long)]
    pub(crate) one_ca: bool,
}

/// A name to block.
#[derive(Debug, Args)]
pub(crate) struct BlockArgs {
    /// The name
    pub(crate) name: Option<String>,
    /// Why, for whoever asks for it
    #[arg(long, default_value = "blocked by the operator of this platform")]
    pub(crate) reason: String,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

/// A name to take off the list.
#[derive(Debug, Args)]
pub(crate) struct UnblockArgs {
    /// The name
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

/// Addresses to allocate.
#[derive(Debug, Args)]
pub(crate) struct AllocateArgs {
    /// The account's id, as GET /client/v4/accounts shows it
    #[arg(requires = "range")]
    pub(crate) account: Option<String>,
    /// The addresses, such as 192.0.2.0/24
    pub(crate) range: Option<String>,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

/// Addresses of an account.
#[derive(Debug, Args)]
pub(crate) struct AllocationArgs {
    /// The account's id
    pub(crate) account: String,
    /// The addresses, as they are listed
    pub(crate) range: String,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

/// How the demo runs.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// End after the demonstration instead of staying up; the exit code says whether every step succeeded
    #[arg(long)]
    pub(crate) exit: bool,
    /// Show the log of what happens inside, on standard error
    #[arg(short, long)]
    pub(crate) verbose: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn commands_are_told_apart() {
        let parse = |line: &str| Cli::try_parse_from(line.split(' ')).map(|cli| cli.command);
        assert!(matches!(
            parse("nameplate demo --exit"),
            Ok(Command::Demo(DemoArgs { exit: true, .. }))
        ));
        let Ok(Command::Serve(args)) = parse("nameplate serve --config a.toml") else {
            panic!("serve takes a file")
        };
        assert_eq!(args.config, Some("a.toml".into()));
        assert!(parse("nameplate serve --cofnig a.toml").is_err());
    }
}
