//! Copies that were cut, overwritten or bent on disk: never served, never a panic.

use std::{fs, path::Path};

use super::*;

/// Enough for some pages of every table.
const ENTRIES: u8 = 200;

fn filled(dir: &Path) -> Replica {
    let replica = open(dir);
    let item = |n: u8| {
        let name = format!("app-{n}.customer.com");
        Item::hostname(Generation(n.into()), &entry(n, &name, &["value"]))
    };
    replica.apply(&batch(0, (1..=ENTRIES).map(item).collect())).unwrap();
    replica
}

fn data(dir: &Path) -> std::path::PathBuf {
    dir.join("data.mdb")
}

/// Changes the file behind the back of nobody: the copy must be closed.
fn rewrite(dir: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(data(dir)).unwrap();
    change(&mut bytes);
    fs::write(data(dir), bytes).unwrap();
}

/// Bends every occurrence of `needle`.
fn bend(bytes: &mut [u8], needle: &[u8]) {
    let found: Vec<_> =
        (0..bytes.len() - needle.len()).filter(|at| bytes[*at..].starts_with(needle)).collect();
    assert!(!found.is_empty());
    found.into_iter().for_each(|at| bytes[at] ^= 0x01);
}

#[test]
fn a_copy_cut_at_any_place_is_set_aside_and_begun_anew() {
    let whole = tempfile::tempdir().unwrap();
    drop(filled(whole.path()));
    let length = fs::metadata(data(whole.path())).unwrap().len() as usize;
    for cut in [1, 100, 4096, 5000, 8192, 12_288, length / 2, length - 4096, length - 1] {
        let dir = tempfile::tempdir().unwrap();
        fs::copy(data(whole.path()), data(dir.path())).unwrap();
        rewrite(dir.path(), |bytes| bytes.truncate(cut));
        let replica = open(dir.path());
        assert_eq!(replica.generation(), Generation(0), "cut at {cut}");
        assert!(dir.path().join("data.mdb.corrupt-1").exists(), "cut at {cut}");
        let app = Item::hostname(Generation(1), &entry(1, "app.customer.com", &[]));
        replica.apply(&batch(0, vec![app])).unwrap();
        assert_eq!(names(&replica, "app.customer.com"), [id(1)]);
    }
}

#[test]
fn a_file_of_something_else_is_set_aside_and_the_next_one_too() {
    let dir = tempfile::tempdir().unwrap();
    for n in 1..=2 {
        fs::write(data(dir.path()), b"not a database".repeat(1000)).unwrap();
        assert_eq!(open(dir.path()).generation(), Generation(0));
        assert!(dir.path().join(format!("data.mdb.corrupt-{n}")).exists());
    }
}

#[test]
fn a_bent_entry_is_reported_and_hides_no_other() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(dir.path()));
    rewrite(dir.path(), |bytes| bend(bytes, b"body of app-7.customer.com"));
    let replica = open(dir.path());
    assert!(!replica.wants_repair());
    let error = replica.hosts("app-7.customer.com").unwrap_err();
    assert!(matches!(error, ReadError::Corrupt { .. }), "{error}");
    assert!(replica.wants_repair());
    assert_eq!(names(&replica, "app-8.customer.com"), [id(8)]);
    let again = Item::hostname(Generation(201), &entry(7, "app-7.customer.com", &[]));
    replica.apply(&batch(ENTRIES.into(), vec![again])).unwrap();
    assert_eq!(names(&replica, "app-7.customer.com"), [id(7)]);
}

#[test]
fn a_full_copy_over_a_bent_one_makes_it_whole() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(dir.path()));
    rewrite(dir.path(), |bytes| bend(bytes, b"body of app-7.customer.com"));
    let replica = open(dir.path());
    let item = |n: u8| {
        let name = format!("app-{n}.customer.com");
        Item::hostname(Generation(n.into()), &entry(n, &name, &["value"]))
    };
    let whole = batch(0, (1..=ENTRIES).map(item).collect());
    replica.apply(&Batch { reset: true, ..whole }).unwrap();
    for n in 1..=ENTRIES {
        assert_eq!(names(&replica, &format!("app-{n}.customer.com")), [id(n)]);
    }
}

#[test]
fn a_hostname_leaves_even_when_its_index_record_is_bent() {
    let (_dir, replica) = replica();
    let app = entry(1, "app.customer.com", &["value"]);
    let items = vec![
        Item::hostname(Generation(1), &app),
        Item::hostname(Generation(2), &entry(2, "other.customer.com", &[])),
    ];
    replica.apply(&batch(0, items)).unwrap();
    let environment = &replica.0.environment;
    let mut txn = environment.write().unwrap();
    environment.hostnames.put(&mut txn, id(1).as_bytes(), b"bent").unwrap();
    environment.commit(txn).unwrap();
    let gone = Item::gone(Generation(3), FeedKey::Hostname(id(1)));
    replica.apply(&batch(2, vec![gone])).unwrap();
    assert_eq!(names(&replica, "app.customer.com"), []);
    let delegation = replica.delegation("app.customer.com.aaaa.dcv.platform.net").unwrap();
    assert_eq!(delegation, DelegationAnswer::NoSuchName);
    assert_eq!(names(&replica, "other.customer.com"), [id(2)]);
}
