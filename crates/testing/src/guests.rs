//! Guests of `tests/guests`, built for wasm, and where their compiled code is kept.

use std::os::unix::fs::symlink;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::workspace;

/// The component that a package of `tests/guests` is built to.
///
/// # Panics
/// Saying how to build it, when it was not.
pub fn wasm(package: &str) -> PathBuf {
    let name = format!("{}.wasm", package.replace('-', "_"));
    let folders = match std::env::var_os("TEST_GUESTS_DIR") {
        Some(folder) => vec![PathBuf::from(folder)],
        None => ["debug", "guest"]
            .map(|profile| target().join("wasm32-wasip2").join(profile))
            .to_vec(),
    };
    let file = folders.iter().map(|folder| folder.join(&name));
    file.clone().find(|file| file.is_file()).unwrap_or_else(|| {
        panic!("build {name} with `cargo build --target wasm32-wasip2 -p {package}` (`cargo xtask test` does)")
    })
}

/// A host's state folder that all tests share: a guest is compiled once for all of them. For hosts that keep
/// nothing else there.
pub fn shared_state() -> PathBuf {
    let state = target().join("tmp/host");
    std::fs::create_dir_all(state.join("cache")).expect("a folder for compiled components");
    state
}

/// A state folder of one's own that finds compiled components where all tests do, as a second start finds
/// those of the first.
pub fn state_folder() -> TempDir {
    let state = tempfile::tempdir().expect("a folder for the state");
    let cache = shared_state().join("cache");
    symlink(cache, state.path().join("cache")).expect("the cache can be linked");
    state
}

/// Where cargo puts what it builds: test programs are in `target/<profile>/deps`.
fn target() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    let deps = program.parent().filter(|folder| folder.ends_with("deps"));
    match deps.and_then(|deps| deps.ancestors().nth(2)) {
        Some(target) => target.to_owned(),
        None => workspace().join("target"),
    }
}
