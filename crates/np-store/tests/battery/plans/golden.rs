//! The files of plans: `tests/plans/<database>/<statement>.txt`, and `lists/<filter>.txt` beside them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::shape::Shape;

/// Says that files are to be written, and not compared.
pub(crate) fn are_renewed() -> bool {
    std::env::var_os("NAMEPLATE_RENEW_PLANS").is_some()
}

/// How to write them.
const RENEW: &str = "`make plans` writes the plans anew: see that their change is what you want";

/// Where the plans of a database are.
pub(crate) fn folder(product: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plans").join(product)
}

/// Sees that there is a file for the statement.
pub(crate) fn expect(product: &str, shape: &Shape) {
    let path = folder(product).join(shape.file_name());
    if path.exists() {
        return;
    }
    assert!(are_renewed(), "no plan is kept of this statement; {RENEW}:\n{}", shape.text);
    write(&path, &head(shape));
}

/// The statement that a file is about.
pub(crate) fn statement(path: &Path) -> Shape {
    let file = fs::read_to_string(path).unwrap();
    let mut lines = file.lines();
    let kinds = lines.next().unwrap().strip_prefix("-- parameters:").unwrap().trim();
    let kinds = kinds.split(", ").filter(|kind| !kind.is_empty());
    let kinds = kinds.map(|kind| match kind {
        "bytes" => "bytes",
        "int" => "int",
        _ => "text",
    });
    Shape { text: lines.next().unwrap().to_owned(), kinds: kinds.collect() }
}

/// A statement's file with its plan.
pub(crate) fn with_plan(shape: &Shape, plan: &str) -> String {
    format!("{}\n{plan}\n", head(shape))
}

fn head(shape: &Shape) -> String {
    format!("-- parameters: {}\n{}\n", shape.kinds.join(", "), shape.text)
}

/// Sees that a file says just this.
pub(crate) fn compare(path: &Path, expected: &str) {
    if are_renewed() {
        write(path, expected);
        return;
    }
    let kept = fs::read_to_string(path).unwrap_or_default();
    assert_eq!(kept, expected, "{} differs; {RENEW}", path.display());
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}
