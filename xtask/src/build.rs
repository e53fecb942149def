//! Building: the host, the components and the web page. Cargo decides what changed.

use crate::{paths, process, web};
use anyhow::{Context as _, anyhow, bail};
use std::process::Command;

/// Which WebAssembly components to build.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Guests {
    /// The application's.
    Components,
    /// The tiny ones that tests run.
    Tests,
    /// Both.
    WithTests,
}

/// How everything is built.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// To be there soon: for `up` and tests.
    Dev,
    /// To be measured and deployed: optimised as a whole.
    Dist,
}

impl Profile {
    /// Of native programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Dist => "dist",
        }
    }

    /// Of components.
    pub fn of_guests(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Dist => "guest",
        }
    }

    /// Where cargo puts what it builds with the profile of this name.
    pub fn folder(name: &'static str) -> &'static str {
        match name {
            "dev" => "debug",
            other => other,
        }
    }
}

#[derive(clap::Args)]
pub struct Options {
    /// For deployment: optimise host and components as a whole, which takes several times as long
    #[arg(long)]
    dist: bool,
}

pub fn run(options: Options) -> anyhow::Result<()> {
    let profile = match options.dist {
        true => Profile::Dist,
        false => Profile::Dev,
    };
    all(profile, Guests::Components)
}

/// Everything `up` needs.
pub fn all(profile: Profile, guests: Guests) -> anyhow::Result<()> {
    everything(profile, &["--bin", "taskwhisper"], guests)
}

/// What tests run; `host` where nobody builds it with the tests.
pub fn for_tests(guests: Guests, host: bool) -> anyhow::Result<()> {
    check_target()?;
    if guests == Guests::Tests {
        return components(Profile::Dev, guests);
    }
    check_native_tools()?;
    let page = std::thread::spawn(web::build);
    if host {
        native(Profile::Dev, &["--bin", "taskwhisper"])?;
    }
    components(Profile::Dev, guests)?;
    page.join()
        .map_err(|_| anyhow!("building the page panicked"))?
}

/// Everything that is measured, and what measures it.
pub fn to_be_measured(guests: Guests) -> anyhow::Result<()> {
    let programs = ["--bin", "taskwhisper", "--bin", "bench"];
    everything(Profile::Dist, &programs, guests)?;
    // Else what the compiler has written goes to the disk while commits wait for it.
    rustix::fs::sync();
    Ok(())
}

fn everything(profile: Profile, targets: &[&str], guests: Guests) -> anyhow::Result<()> {
    check_target()?;
    check_native_tools()?;
    // The page is built meanwhile.
    let page = std::thread::spawn(web::build);
    native(profile, targets)?;
    components(profile, guests)?;
    page.join()
        .map_err(|_| anyhow!("building the page panicked"))?
}

/// Leave out the packages that are for wasm only. Components are not: their tests run natively.
pub fn exclude_guests(cargo: &mut Command) -> anyhow::Result<&mut Command> {
    for (_, package) in paths::packages_in("tests/guests")? {
        cargo.args(["--exclude", &package]);
    }
    Ok(cargo)
}

/// Native targets of the whole workspace. Always of the whole: cargo gives a dependency the features
/// that the chosen packages ask for, so another choice of packages would compile wasmtime again.
fn native(profile: Profile, targets: &[&str]) -> anyhow::Result<()> {
    let mut cargo = cargo();
    cargo.args(["build", "--locked", "--workspace"]);
    cargo.args(["--profile", profile.name()]);
    cargo.args(openssl());
    process::step(exclude_guests(&mut cargo)?.args(targets))
}

/// Build OpenSSL where the system has none to build with: that takes minutes.
pub fn openssl() -> &'static [&'static str] {
    let there = process::answers("pkg-config", "--version")
        && Command::new("pkg-config")
            .args(["--exists", "openssl >= 1.1.1"])
            .status()
            .is_ok_and(|status| status.success());
    if there {
        return &[];
    }
    eprintln!(
        "Building OpenSSL too. Its headers and pkg-config spare that (Debian: apt-get install \
         libssl-dev pkg-config; Fedora: dnf install openssl-devel pkgconf; macOS: brew install \
         openssl pkgconf)"
    );
    &["--features", "kafka-client/vendored-openssl"]
}

/// Components, put where spin.toml looks for them.
fn components(profile: Profile, guests: Guests) -> anyhow::Result<()> {
    let mut cargo = cargo();
    cargo.args(["build", "--locked"]);
    process::step(for_guests(&mut cargo, profile, guests)?)?;

    if guests == Guests::Tests {
        return Ok(());
    }
    // spin.toml names files in the checkout, wherever cargo builds.
    let destination = paths::root().join("target/components");
    std::fs::create_dir_all(&destination)?;
    for (_, package) in paths::packages_in("components")? {
        let file = format!("{}.wasm", package.replace('-', "_"));
        let from = paths::guests(profile).join(&file);
        let to = destination.join(&file);
        if !same_time(&from, &to) {
            std::fs::copy(&from, &to).with_context(|| format!("copying {}", from.display()))?;
            let modified = std::fs::metadata(&from)?.modified()?;
            std::fs::File::options()
                .write(true)
                .open(&to)?
                .set_modified(modified)?;
        }
    }
    Ok(())
}

/// The packages that are for wasm, their profile and their target.
pub fn for_guests(
    cargo: &mut Command,
    profile: Profile,
    guests: Guests,
) -> anyhow::Result<&mut Command> {
    cargo.args([
        "--profile",
        profile.of_guests(),
        "--target",
        "wasm32-wasip2",
    ]);
    let folders: &[&str] = match guests {
        Guests::Components => &["components"],
        Guests::Tests => &["tests/guests"],
        Guests::WithTests => &["components", "tests/guests"],
    };
    for folder in folders {
        for (_, package) in paths::packages_in(folder)? {
            cargo.args(["--package", &package]);
        }
    }
    Ok(cargo)
}

/// An unchanged component keeps its file, so a running host is not disturbed by a rebuild.
fn same_time(a: &std::path::Path, b: &std::path::Path) -> bool {
    let modified = |path| std::fs::metadata(path).and_then(|meta| meta.modified());
    matches!((modified(a), modified(b)), (Ok(a), Ok(b)) if a == b)
}

/// The wasm target, installed through rustup when it is missing.
fn check_target() -> anyhow::Result<()> {
    let sysroot = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", "wasm32-wasip2"])
        .current_dir(paths::root())
        .output()
        .context("cannot run rustc: install Rust with rustup")?;
    let libdir = String::from_utf8_lossy(&sysroot.stdout).trim().to_owned();
    if std::path::Path::new(&libdir).is_dir() {
        return Ok(());
    }
    eprintln!("Adding the Rust target wasm32-wasip2");
    let mut rustup = Command::new("rustup");
    rustup
        .args(["target", "add", "wasm32-wasip2"])
        .current_dir(paths::root());
    process::step(&mut rustup).context(
        "the Rust target wasm32-wasip2 is missing: install Rust with rustup, or your \
         distribution's standard library for wasm32-wasip2",
    )
}

/// What the Kafka client's C library is built with. Cargo's own message about them is a page long.
fn check_native_tools() -> anyhow::Result<()> {
    let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
    let tools = [compiler.as_str(), "cmake", "make", "perl"];
    let missing: Vec<_> = tools
        .into_iter()
        .filter(|tool| !process::answers(tool, "--version"))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    bail!(
        "missing: {}; the Kafka client is built with them. Install them (Debian: apt-get install \
         build-essential cmake perl; Fedora: dnf install gcc-c++ make cmake perl; macOS: \
         xcode-select --install && brew install cmake)",
        missing.join(", ")
    )
}

pub fn cargo() -> Command {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(paths::root());
    // `cargo run` describes this package to us in the environment. Build scripts look at such
    // variables, and would run again after each change between `cargo` and `cargo xtask`.
    for (name, _) in std::env::vars_os() {
        let told = ["CARGO_PKG_", "CARGO_MANIFEST_"];
        if told
            .iter()
            .any(|start| name.as_encoded_bytes().starts_with(start.as_bytes()))
        {
            cargo.env_remove(name);
        }
    }
    cargo
}
