//! Where `scripts/install-test-deps` puts what it installs itself, beside the packages of the system.

use std::path::{Path, PathBuf};

/// Names the folder with the Python SDK, when it is not at `sdk-venv` in the build folder. The others stand beside it.
const VARIABLE: &str = "NAMEPLATE_SDK_VENV";

/// The folders that may hold SDKs' folders.
pub(crate) fn sdk_homes() -> Vec<PathBuf> {
    match std::env::var_os(VARIABLE) {
        Some(folder) => Path::new(&folder).parent().map(Path::to_path_buf).into_iter().collect(),
        None => build_folders(),
    }
}

/// The build folders that there may be.
pub(crate) fn build_folders() -> Vec<PathBuf> {
    // Relative to the root of the workspace, which is not where cargo runs a test.
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let build = std::env::var_os("CARGO_TARGET_DIR").map(|folder| workspace.join(folder));
    build.into_iter().chain([workspace.join("target")]).collect()
}
