//! What is left of a copy by a process that is killed while it writes, or that has no room to write.
//!
//! The other process is this test program again, told by the environment to write. Each batch sets every name to its number, so
//! that a batch that was torn shows as two numbers.

#![allow(clippy::unwrap_used, reason = "what cannot be arranged is a failed test")]

use std::{
    env,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use np_domain::{
    entry::{Delegation, Entry, Generation},
    id::{HostnameId, ZoneId},
    text::Explanation,
};
use np_feed::{
    Replica,
    message::{Batch, FORMAT, FeedId, Item},
    replica::{ApplyError, ReplicaOptions},
};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use rustix::process::{Resource, Rlimit, setrlimit};

/// Tells the other process where the copy is.
const FOLDER: &str = "NAMEPLATE_TEST_COPY";
/// Tells it what to do: `write` or `fill`.
const ORDER: &str = "NAMEPLATE_TEST_ORDER";
/// How often a writer is killed.
const KILLS: usize = 12;
/// Names in the copy.
const NAMES: u8 = 60;
/// How far a file may grow where there is no room, in KiB: enough for some batches and not for many.
const ROOM_KIB: u32 = 1024;
/// A value of the ballast.
const VALUE_BYTES: usize = 100;
/// The most batches that are tried until there is no room.
const BATCHES_MAX: u64 = 200;

fn open(folder: &Path) -> Replica {
    Replica::open(folder, &ReplicaOptions::default()).unwrap()
}

fn name(n: u8) -> String {
    format!("app-{n}.customer.com")
}

fn entry(n: u8, number: u64, ballast: usize) -> Entry {
    let weight =
        std::iter::repeat_n(Explanation::new("x".repeat(VALUE_BYTES)), ballast / VALUE_BYTES);
    let delegation = Delegation {
        name: format!("{}.aaaa.dcv.platform.net", name(n)).parse().unwrap(),
        txt: std::iter::once(Explanation::new(number.to_string())).chain(weight).collect(),
    };
    Entry {
        hostname: HostnameId::from_bytes([n; 16]),
        zone: ZoneId::from_bytes([9; 16]),
        name: name(n).parse().unwrap(),
        tokens: Vec::new(),
        delegation: Some(delegation),
        routing: None,
    }
}

/// A batch that sets every name to `number`. Every fifth one is a full copy.
fn batch(replica: &Replica, number: u64, ballast: usize) -> Batch {
    let reset = number.is_multiple_of(5);
    let at = if reset { 0 } else { replica.generation().0 };
    let generation = |n: u8| Generation(at + u64::from(n));
    let items =
        (1..=NAMES).map(|n| Item::hostname(generation(n), &entry(n, number, ballast))).collect();
    let (from, to) = (Generation(at), generation(NAMES));
    let feed = FeedId([7; 16]);
    Batch { format: FORMAT, feed, from, to, head: to, reset, items, ticket_keys: None }
}

/// The number that all names have; 0 for an empty copy.
fn number(replica: &Replica) -> u64 {
    let number = |n: u8| {
        let found = replica.hosts(&name(n)).unwrap();
        let txt = &found.first()?.entry.delegation.as_ref()?.txt;
        txt.first()?.as_str().parse::<u64>().ok()
    };
    let all: Vec<_> = (1..=NAMES).map(number).collect();
    assert!(all.iter().all(|one| *one == all[0]), "a batch was torn: {all:?}");
    all[0].unwrap_or_default()
}

/// The other process. A test of its own name, which does nothing in a run of all tests.
#[test]
fn the_other_process() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let replica = open(Path::new(&folder));
    match env::var(ORDER).unwrap().as_str() {
        "write" => loop {
            let next = number(&replica) + 1;
            replica.apply(&batch(&replica, next, 500)).unwrap();
            println!("written {next}");
        },
        _ => fill(&replica),
    }
}

/// Writes until there is no room, looks whether all is well, and goes on once there is.
fn fill(replica: &Replica) {
    let mut last = 0;
    let refused = (1..BATCHES_MAX).find_map(|next| {
        let ballast = 40 * usize::try_from(next).unwrap();
        match replica.apply(&batch(replica, next, ballast.min(60_000))) {
            Ok(_) => {
                last = next;
                None
            }
            Err(error) => Some(error),
        }
    });
    let refused = refused.expect("there is no room for so many batches");
    assert!(matches!(refused, ApplyError::Database(_)), "{refused}");
    assert!(last > 0, "{refused}");
    assert_eq!(number(replica), last, "what was served before is served on");
    replica.apply(&batch(replica, last + 1, 60_000)).unwrap_err();
    assert_eq!(number(replica), last);
    setrlimit(Resource::Fsize, Rlimit { current: None, maximum: None }).unwrap();
    replica.apply(&batch(replica, last + 2, 60_000)).unwrap();
    assert_eq!(number(replica), last + 2);
    println!("room again");
}

fn other(order: &str, folder: &Path, mut command: Command) -> Child {
    command.env(FOLDER, folder).env(ORDER, order).stdout(Stdio::piped()).spawn().unwrap()
}

/// The command line of the other process.
fn arguments() -> [String; 4] {
    let program = env::current_exe().unwrap().to_str().unwrap().to_owned();
    [program, "the_other_process".into(), "--exact".into(), "--nocapture".into()]
}

#[test]
fn a_writer_killed_at_any_moment_leaves_whole_batches_and_no_lock() {
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let folder = tempfile::tempdir().unwrap();
    // Open all the time, as in a process that is being replaced by the one that writes.
    let reader = open(folder.path());
    let mut last = 0;
    for _ in 0..KILLS {
        let [program, arguments @ ..] = arguments();
        let mut command = Command::new(program);
        command.args(arguments);
        let mut writer = other("write", folder.path(), command);
        let mut lines = BufReader::new(writer.stdout.take().unwrap()).lines();
        let mut written = 0;
        while written < rng.random_range(1..15) {
            let line = lines.next().expect("it writes").unwrap();
            written += u32::from(line.starts_with("written "));
        }
        // It is in the middle of whatever it does now.
        for _ in 0..rng.random_range(0..200_000) {
            std::hint::black_box(());
        }
        writer.kill().unwrap();
        writer.wait().unwrap();
        let seen = number(&reader);
        assert!(seen > last, "seed {seed}: {seen} after {last}");
        // The lock that the dead process may have held keeps nobody waiting.
        reader.apply(&batch(&reader, seen + 1, 500)).unwrap();
        last = number(&reader);
        assert_eq!(last, seen + 1, "seed {seed}");
    }
    drop(reader);
    assert_eq!(number(&open(folder.path())), last, "seed {seed}");
}

#[test]
fn a_copy_without_room_serves_what_it_has_and_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    // A shell sets the limit, and has its excess be an error in place of a signal.
    let mut command = Command::new("bash");
    let script = format!("trap '' XFSZ; ulimit -S -f {ROOM_KIB}; exec \"$@\"");
    command.args(["-c", &script, "bash"]).args(arguments());
    let done = other("fill", folder.path(), command).wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success() && said.contains("room again"), "{said}");
    let aside = folder.path().join("data.mdb.corrupt-1");
    assert!(number(&open(folder.path())) > 0 && !aside.exists());
}
