//! The package table of ARCHITECTURE.md, held by a test: which of our packages may use which, what each must not reach through
//! anybody, that every file says what is true in it, and where `unsafe` may stand.
//!
//! The table is a security boundary too: edges and DNS nodes have no way to a database or to ACME account keys, because the
//! code for it is not in them. What only tests use (`[dev-dependencies]`) is outside of it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// One row of the table.
struct Row {
    package: &'static str,
    /// Which of our packages it may use.
    may_use: &'static [&'static str],
    /// Which packages must not be in it, however they would get there. `pingora` stands for the whole family.
    must_not_reach: &'static [&'static str],
}

const TABLE: &[Row] = &[
    Row {
        package: "np-domain",
        may_use: &[],
        must_not_reach: &[
            "axum",
            "boring",
            "chrono",
            "getrandom",
            "hyper",
            "mio",
            "pingora",
            "rand",
            "rand_core",
            "reqwest",
            "rustls",
            "serde",
            "serde_core",
            "serde_json",
            "socket2",
            "sqlx",
            "tokio",
            "tracing",
        ],
    },
    Row {
        package: "np-feed",
        may_use: &["np-domain"],
        must_not_reach: &[
            "anyhow",
            "axum",
            "boring",
            "instant-acme",
            "pingora",
            "pingora-core",
            "sqlx",
            "sqlx-core",
        ],
    },
    Row {
        package: "np-store",
        may_use: &["np-domain"],
        must_not_reach: &["axum", "boring", "heed", "instant-acme", "pingora", "pingora-core"],
    },
    Row {
        package: "np-control",
        may_use: &["np-domain", "np-feed"],
        must_not_reach: &["boring", "boring-sys", "pingora", "pingora-core", "sqlx", "sqlx-core"],
    },
    Row {
        package: "np-dns",
        may_use: &["np-domain", "np-feed"],
        must_not_reach: &[
            "axum",
            "boring",
            "instant-acme",
            "pingora",
            "pingora-core",
            "sqlx",
            "sqlx-core",
        ],
    },
    Row {
        package: "np-edge",
        may_use: &["np-domain", "np-feed"],
        must_not_reach: &["axum", "instant-acme", "sqlx", "sqlx-core"],
    },
    Row {
        package: "nameplate",
        may_use: &["np-control", "np-dns", "np-domain", "np-edge", "np-feed", "np-store"],
        must_not_reach: &["np-testkit"],
    },
    Row {
        package: "np-testkit",
        may_use: &["np-domain"],
        must_not_reach: &["boring", "boring-sys", "pingora", "pingora-core"],
    },
];

/// Where `unsafe` may stand: what BoringSSL's callbacks need, and the opening of LMDB's mapped file.
const MAY_BE_UNSAFE: [&str; 2] =
    ["crates/np-edge/src/tls", "crates/np-feed/src/replica/environment.rs"];

/// `anyhow` says "something failed"; a library's caller must be able to tell what. (Dependencies of ours may use it.)
const MAY_NAME_ANYHOW: [&str; 2] = ["nameplate", "np-testkit"];

#[test]
fn every_package_of_the_workspace_has_a_row_in_the_table() {
    let ours: BTreeSet<String> = members().iter().map(name_of).collect();
    let rows: BTreeSet<String> = TABLE.iter().map(|row| row.package.to_owned()).collect();
    assert_eq!(ours, rows);
}

#[test]
fn packages_use_only_those_of_ours_that_the_table_allows() {
    let members = members();
    let ours: BTreeSet<String> = members.iter().map(name_of).collect();
    let strays: Vec<String> = TABLE
        .iter()
        .flat_map(|row| {
            let used = direct_dependencies(&members, row.package);
            let strays = used
                .into_iter()
                .filter(|name| ours.contains(name) && !row.may_use.contains(&name.as_str()));
            strays.map(|name| format!("{} -> {name}", row.package)).collect::<Vec<_>>()
        })
        .collect();
    assert!(strays.is_empty(), "not allowed by the table: {strays:?}");
}

#[test]
fn packages_do_not_reach_what_the_table_forbids() {
    let strays: Vec<String> = TABLE
        .iter()
        .flat_map(|row| {
            let reached = reachable(row.package);
            let strays = row.must_not_reach.iter().filter(move |name| reached.contains(**name));
            strays.map(|name| format!("{} reaches {name}", row.package)).collect::<Vec<_>>()
        })
        .collect();
    assert!(
        strays.is_empty(),
        "{strays:?}; `cargo tree -p PACKAGE -e normal -i CRATE` shows the way"
    );
}

#[test]
fn only_the_executable_and_the_testkit_name_anyhow() {
    let members = members();
    let strays: Vec<&str> = TABLE
        .iter()
        .map(|row| row.package)
        .filter(|package| !MAY_NAME_ANYHOW.contains(package))
        .filter(|package| direct_dependencies(&members, package).contains("anyhow"))
        .collect();
    assert!(strays.is_empty(), "{strays:?} should return errors of their own");
}

#[test]
fn every_source_file_opens_by_saying_what_is_true_in_it() {
    let silent: Vec<PathBuf> = sources("src")
        .into_iter()
        .filter(|(_, text)| !text.starts_with("//!"))
        .map(|(path, _)| path)
        .collect();
    assert!(silent.is_empty(), "no `//!` on the first line: {silent:?}");
}

#[test]
fn unsafe_code_stands_only_where_a_c_library_needs_it() {
    let strays: Vec<PathBuf> = sources("src")
        .into_iter()
        .filter(|(path, text)| !may_be_unsafe(path) && text.lines().any(has_unsafe_code))
        .map(|(path, _)| path)
        .collect();
    assert!(strays.is_empty(), "`unsafe` outside {MAY_BE_UNSAFE:?}: {strays:?}");
}

#[test]
fn packages_without_a_place_for_unsafe_code_forbid_it() {
    let open: Vec<PathBuf> = sources("src")
        .into_iter()
        .filter(|(path, _)| path.ends_with("src/lib.rs") || path.ends_with("src/main.rs"))
        .filter(|(path, text)| !has_unsafe_place(path) && !text.contains("#![forbid(unsafe_code)]"))
        .map(|(path, _)| path)
        .collect();
    assert!(open.is_empty(), "no `#![forbid(unsafe_code)]`: {open:?}");
}

fn may_be_unsafe(file: &Path) -> bool {
    MAY_BE_UNSAFE.iter().any(|place| file.starts_with(place))
}

/// Whether the package of that root file has one of the places.
fn has_unsafe_place(root_file: &Path) -> bool {
    let source = root_file.parent().expect("a root file lies in `src`");
    MAY_BE_UNSAFE.iter().any(|place| Path::new(place).starts_with(source))
}

/// Whether the line holds the keyword `unsafe` outside of a comment and of `unsafe_code`, the lint's name.
fn has_unsafe_code(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    // `unsafe-inline` is a word of HTTP.
    code.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '-').any(|word| word == "unsafe")
}

/// Every Rust file of our packages under the folder named `part`, with its path from the root of the workspace.
fn sources(part: &str) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    for row in TABLE {
        rust_files(&root().join("crates").join(row.package).join(part), &mut files);
    }
    assert!(files.len() >= TABLE.len(), "found only {files:?}");
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        (path.strip_prefix(root()).unwrap().to_owned(), text)
    };
    files.into_iter().map(read).collect()
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The packages of the workspace, as `cargo metadata` describes them.
fn members() -> Vec<Value> {
    let metadata: Value =
        serde_json::from_str(&cargo(&["metadata", "--no-deps", "--format-version", "1"])).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

fn name_of(package: &Value) -> String {
    package["name"].as_str().unwrap().to_owned()
}

/// What the package names in `[dependencies]`.
fn direct_dependencies(members: &[Value], package: &str) -> BTreeSet<String> {
    let package = members.iter().find(|candidate| candidate["name"] == package).unwrap();
    let dependencies = package["dependencies"].as_array().unwrap().iter();
    dependencies.filter(|dependency| dependency["kind"].is_null()).map(name_of).collect()
}

/// What is linked into the package. From `cargo tree`, because the graph of `cargo metadata` has the features that all packages
/// of the workspace want together, and so would blame one package for what another one brings.
fn reachable(package: &str) -> BTreeSet<String> {
    let tree = cargo(&[
        "tree",
        "--package",
        package,
        "--edges",
        "normal,no-proc-macro",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ]);
    let names: BTreeSet<String> =
        tree.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect();
    assert!(names.contains(package), "`cargo tree` printed:\n{tree}");
    names
}

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .arg("--locked")
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "cargo {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}
