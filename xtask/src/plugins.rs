//! `cargo xtask plugins`: our triggers as plugins of the real Spin. One binary, three names.

use crate::build::{self, Profile};
use crate::{paths, process};
use anyhow::{Context as _, bail};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};
use std::process::Command;

const KINDS: [(&str, &str); 3] = [
    ("kafka", "Run components on the records of topics"),
    ("cron", "Run components by the clock"),
    ("websocket", "Let components decide about WebSockets"),
];

#[derive(clap::Args)]
pub struct Options {
    /// Only pack: do not install into the `spin` on the PATH
    #[arg(long)]
    pack_only: bool,
}

pub fn run(options: Options) -> anyhow::Result<()> {
    if !options.pack_only && !spin_is_there() {
        bail!("`spin` is not on the PATH: install Spin 4, or use --pack-only");
    }
    build::all(Profile::Dev, build::Guests::Components)?;
    for manifest in pack()? {
        if !options.pack_only {
            process::step(&mut install(&manifest))?;
        }
        println!("{}", manifest.display());
    }
    println!(
        "\nTo serve the application with Spin itself, make its variables once and hand them over:\n\n  \
         target/debug/taskwhisper migrate up --database-url <URL of the owner>\n  \
         target/debug/taskwhisper provision --database-url <URL of the owner> --state-dir .taskwhisper\n  \
         set -a; . .taskwhisper/secrets.env; set +a\n  \
         spin up --listen 127.0.0.1:3000 --runtime-config-file runtime-config.toml\n"
    );
    Ok(())
}

/// Whether the real Spin can be run here.
pub fn spin_is_there() -> bool {
    process::answers("spin", "--version")
}

/// Install them for the `spin` on the PATH, in a data folder of their own.
pub fn install_into(data_dir: &Path) -> anyhow::Result<()> {
    for manifest in pack()? {
        process::step(install(&manifest).env("SPIN_DATA_DIR", data_dir))?;
    }
    Ok(())
}

fn install(manifest: &Path) -> Command {
    let mut spin = Command::new("spin");
    spin.args(["plugins", "install", "--yes", "--file"])
        .arg(manifest);
    spin
}

/// Pack the binary that was built; returns the plugins' manifests.
fn pack() -> anyhow::Result<Vec<PathBuf>> {
    let folder = paths::target().join("plugins");
    std::fs::create_dir_all(&folder)?;
    let program = folder.join("taskwhisper");
    std::fs::copy(paths::binary(Profile::Dev, "taskwhisper"), &program)
        .with_context(|| format!("copying to {}", program.display()))?;
    // Most of the binary is line tables, which the packages can do without.
    if process::answers("strip", "--version") {
        process::step(Command::new("strip").arg(&program))?;
    }
    let manifests = KINDS
        .iter()
        .map(|(kind, description)| pack_one(&folder, &program, kind, description))
        .collect::<anyhow::Result<_>>()?;
    std::fs::remove_file(&program)?;
    Ok(manifests)
}

/// One archive and its manifest; returns the manifest's path.
fn pack_one(
    folder: &Path,
    program: &Path,
    kind: &str,
    description: &str,
) -> anyhow::Result<PathBuf> {
    let name = format!("trigger-{kind}");
    let member = folder.join(&name);
    std::fs::rename(program, &member)?;
    let archive = folder.join(format!("{name}.tar.gz"));
    let mut tar = Command::new("tar");
    tar.arg("-C")
        .arg(folder)
        .arg("-czf")
        .arg(&archive)
        .arg(&name);
    let packed = process::step(&mut tar);
    std::fs::rename(&member, program)?;
    packed?;
    let digest = Sha256::digest(std::fs::read(&archive)?);
    let manifest = folder.join(format!("{name}.json"));
    let text = serde_json::to_string_pretty(&json!({
        "name": name,
        "description": description,
        "version": env!("CARGO_PKG_VERSION"),
        "spinCompatibility": ">=4.0",
        "license": "Apache-2.0",
        "packages": [{
            "os": if cfg!(target_os = "macos") { "macos" } else { "linux" },
            "arch": if cfg!(target_arch = "aarch64") { "aarch64" } else { "amd64" },
            "url": format!("file://{}", archive.display()),
            "sha256": format!("{digest:x}"),
        }],
    }))?;
    std::fs::write(&manifest, text)?;
    Ok(manifest)
}
