//! Building the web page: npm, only when something it is made of changed.

use crate::{paths, process};
use anyhow::{Context as _, bail};
use sha2::{Digest as _, Sha256};
use std::path::Path;
use std::process::Command;

/// Build web/dist if its sources are not those it was built from.
pub fn build() -> anyhow::Result<()> {
    let web = paths::root().join("web");
    let mut hasher = Sha256::new();
    digest(&web, &mut hasher)?;
    let fingerprint = format!("{:x}", hasher.finalize());
    // Beside what it describes: deleting web/dist is enough to build again.
    let mark = web.join("dist/.built-from");
    if std::fs::read_to_string(&mark).is_ok_and(|built| built == fingerprint) {
        return Ok(());
    }
    if !process::answers("npm", "--version") {
        bail!("npm is missing: install Node.js 20.19 or later (with npm) to build the web page");
    }
    eprintln!("Building the web page");
    let mut install = Command::new("npm");
    install
        .args(["ci", "--no-audit", "--no-fund"])
        .current_dir(&web);
    process::step(&mut install)?;
    let mut build = Command::new("npm");
    build.args(["run", "build"]).current_dir(&web);
    process::step(&mut build)?;
    std::fs::write(&mark, fingerprint).with_context(|| format!("writing {}", mark.display()))
}

/// Names and contents of everything but what is built or installed.
fn digest(folder: &Path, hasher: &mut Sha256) -> anyhow::Result<()> {
    let mut entries: Vec<_> = std::fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name();
        if name == "node_modules" || name == "dist" {
            continue;
        }
        hasher.update(name.as_encoded_bytes());
        if entry.file_type()?.is_dir() {
            digest(&entry.path(), hasher)?;
        } else {
            hasher.update(std::fs::read(entry.path())?);
        }
    }
    Ok(())
}
