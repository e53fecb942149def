//! `cargo xtask plugins`: our triggers as plugins of the real Spin. One binary, three names.

use crate::{build, paths, process};
use anyhow::{Context as _, bail};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::path::Path;
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
    if !options.pack_only && !process::answers("spin", "--version") {
        bail!("`spin` is not on the PATH: install Spin 4, or use --pack-only");
    }
    build::all(build::Guests::Components)?;
    let folder = paths::target().join("plugins");
    std::fs::create_dir_all(&folder)?;
    for (kind, description) in KINDS {
        let manifest = pack(&folder, kind, description)?;
        if !options.pack_only {
            let mut spin = Command::new("spin");
            spin.args(["plugins", "install", "--yes", "--file"])
                .arg(&manifest);
            process::step(&mut spin)?;
        }
        println!("trigger-{kind}: {}", manifest.display());
    }
    println!(
        "\nTo serve the application with Spin itself, make its variables once and hand them over:\n\n  \
         target/release/taskwhisper migrate up --database-url <URL of the owner>\n  \
         target/release/taskwhisper provision --database-url <URL of the owner> --state-dir .taskwhisper\n  \
         set -a; . .taskwhisper/secrets.env; set +a; spin up --listen 127.0.0.1:3000\n"
    );
    Ok(())
}

/// One archive and its manifest; returns the manifest's path.
fn pack(folder: &Path, kind: &str, description: &str) -> anyhow::Result<std::path::PathBuf> {
    let name = format!("trigger-{kind}");
    let program = folder.join(&name);
    std::fs::copy(paths::binary("taskwhisper"), &program)
        .with_context(|| format!("copying to {}", program.display()))?;
    let archive = folder.join(format!("{name}.tar.gz"));
    let mut tar = Command::new("tar");
    tar.arg("-C")
        .arg(folder)
        .arg("-czf")
        .arg(&archive)
        .arg(&name);
    process::step(&mut tar)?;
    std::fs::remove_file(&program)?;
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
