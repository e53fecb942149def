//! Packages of the workspace, and what their tests stand on.

use crate::{build, paths};
use anyhow::{Context as _, bail};
use serde_json::Value;
use std::path::PathBuf;

/// What the tests of a package need besides the package, as `[package.metadata.tests] need` says. In the order
/// of how long those tests take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// A Postgres server.
    Postgres,
    /// The components of `tests/guests`.
    Guests,
    /// A Kafka broker.
    Kafka,
    /// Everything that `up` runs.
    Application,
}

/// A package of this workspace that is tested natively.
pub struct Package {
    pub name: String,
    /// As cargo calls it.
    pub id: String,
    pub folder: PathBuf,
    pub needs: Vec<Need>,
    /// Options of cargo's that choose each of its targets: `--lib`, `--test` and a name, and so on.
    pub targets: Vec<(String, Option<String>)>,
}

/// All that have tests that can run natively; the guests of tests have none.
pub fn all() -> anyhow::Result<Vec<Package>> {
    let output = build::cargo()
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(paths::root())
        .output()?;
    let metadata: Value = serde_json::from_slice(&output.stdout).context("cargo metadata")?;
    let packages = metadata["packages"].as_array();
    let packages = packages.context("cargo metadata lists no packages")?;
    let guests = paths::root().join("tests/guests");
    let packages = packages.iter().map(package);
    let packages = packages.collect::<anyhow::Result<Vec<_>>>()?.into_iter();
    Ok(packages
        .filter(|package| !package.folder.starts_with(&guests))
        .collect())
}

fn package(value: &Value) -> anyhow::Result<Package> {
    let text = |name: &str| {
        let text = value[name].as_str();
        text.map(str::to_owned)
            .with_context(|| format!("cargo metadata: a package has no {name}"))
    };
    let mut folder = PathBuf::from(text("manifest_path")?);
    folder.pop();
    let name = text("name")?;
    let needs = value["metadata"]["tests"]["need"].as_array();
    let needs = needs.into_iter().flatten().map(|need| match need.as_str() {
        Some("postgres") => Ok(Need::Postgres),
        Some("guests") => Ok(Need::Guests),
        Some("kafka") => Ok(Need::Kafka),
        Some("application") => Ok(Need::Application),
        _ => bail!("{name}: its tests cannot need {need}"),
    });
    let targets = value["targets"].as_array().into_iter().flatten();
    let targets = targets.filter_map(|target| match target["kind"][0].as_str()? {
        kind @ ("test" | "bin" | "example") => {
            let name = target["name"].as_str()?.to_owned();
            Some((format!("--{kind}"), Some(name)))
        }
        "custom-build" => None,
        _ => Some(("--lib".to_owned(), None)),
    });
    Ok(Package {
        id: text("id")?,
        targets: targets.collect(),
        needs: needs.collect::<anyhow::Result<_>>()?,
        folder,
        name,
    })
}
