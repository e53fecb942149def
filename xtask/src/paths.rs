//! Where things are in the checkout.

use crate::build::Profile;
use std::path::PathBuf;

/// The folder of the workspace's Cargo.toml.
pub fn root() -> PathBuf {
    let manifest = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_owned()
}

/// Where cargo puts what it builds.
pub fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => std::env::current_dir().unwrap_or_default().join(dir),
        None => root().join("target"),
    }
}

/// A native binary of this workspace.
pub fn binary(profile: Profile, name: &str) -> PathBuf {
    target()
        .join(Profile::folder(profile.name()))
        .join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// Where cargo puts components.
pub fn guests(profile: Profile) -> PathBuf {
    let folder = Profile::folder(profile.of_guests());
    target().join("wasm32-wasip2").join(folder)
}

/// The folders of packages under a folder of the workspace, and the packages' names.
pub fn packages_in(folder: &str) -> anyhow::Result<Vec<(PathBuf, String)>> {
    let mut packages = Vec::new();
    for entry in std::fs::read_dir(root().join(folder))? {
        let dir = entry?.path();
        let Ok(manifest) = std::fs::read_to_string(dir.join("Cargo.toml")) else {
            continue;
        };
        let name = manifest
            .lines()
            .find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'))
            .map(str::to_owned);
        packages.extend(name.map(|name| (dir, name)));
    }
    packages.sort();
    Ok(packages)
}
