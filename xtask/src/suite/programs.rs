//! Test programs, as cargo says that it has built them.

use super::packages::{Need, Package};
use crate::paths;
use anyhow::{Context as _, bail};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A built test program.
pub struct Program {
    /// `package` for the unit tests of a library, `package::target` for others.
    pub name: String,
    pub executable: PathBuf,
    /// The package's.
    pub folder: PathBuf,
    needs: Vec<Need>,
}

/// Those of one build.
pub struct Programs(Vec<Program>);

impl Program {
    /// Its name for a file.
    pub fn file_name(&self) -> String {
        self.name.replace("::", "-")
    }
}

/// What this `cargo build` builds of these packages.
pub fn built_by(cargo: &mut Command, packages: &[Package]) -> anyhow::Result<Programs> {
    let mut child = cargo
        .arg("--message-format=json-render-diagnostics")
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run cargo")?;
    let output = child.stdout.take().context("cargo's output is piped")?;
    let mut programs = Vec::new();
    for line in BufReader::new(output).lines() {
        let message: Value = serde_json::from_str(&line?).context("a message of cargo's")?;
        programs.extend(program(&message, packages));
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("building the tests failed ({status})");
    }
    Ok(Programs(programs))
}

/// The program of a message about a test target that has been built.
fn program(message: &Value, packages: &[Package]) -> Option<Program> {
    let is_test = message["profile"]["test"].as_bool()?;
    let executable = message["executable"].as_str().filter(|_| is_test)?;
    let id = message["package_id"].as_str()?;
    let package = packages.iter().find(|package| package.id == id)?;
    let target = message["target"]["name"].as_str()?;
    let kind = message["target"]["kind"][0].as_str()?;
    let name = match kind {
        "lib" | "cdylib" | "rlib" => package.name.clone(),
        _ => format!("{}::{target}", package.name),
    };
    // Unit tests of a library need at most a database.
    let needs = match kind {
        "test" => package.needs.clone(),
        _ => Vec::new(),
    };
    Some(Program {
        name,
        executable: executable.into(),
        folder: package.folder.clone(),
        needs,
    })
}

impl Programs {
    /// By how long they took the last time; before there was one, by what they need.
    pub fn longest_first(&self) -> Vec<&Program> {
        let times = recorded();
        let rank = |program: &Program| {
            let time = times.get(&program.name).copied();
            let longest = program.needs.iter().max().copied();
            (time.unwrap_or(u64::MAX), longest)
        };
        let mut programs: Vec<_> = self.0.iter().collect();
        programs.sort_by_key(|program| std::cmp::Reverse(rank(program)));
        programs
    }

    /// For the next run.
    pub fn remember(&self, times_ms: &BTreeMap<String, u64>) {
        let mut all = recorded();
        all.extend(times_ms.iter().map(|(name, ms)| (name.clone(), *ms)));
        if let Ok(text) = serde_json::to_string(&all) {
            // Without it the next run is in another order.
            _ = std::fs::write(file(), text);
        }
    }
}

fn recorded() -> BTreeMap<String, u64> {
    let text = std::fs::read_to_string(file()).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

fn file() -> PathBuf {
    paths::target().join("test-times.json")
}
