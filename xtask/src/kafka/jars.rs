//! Apache Kafka's jars, from Maven Central through `mvn`, which verifies what it downloads.

use crate::{paths, process};
use anyhow::{Context as _, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

const VERSION: &str = "4.1.0";

const POM: &str = r#"<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>taskwhisper</groupId>
  <artifactId>kafka</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>@VERSION@</version>
    </dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId>
      <artifactId>log4j-core</artifactId>
      <version>2.24.3</version>
    </dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId>
      <artifactId>log4j-slf4j-impl</artifactId>
      <version>2.24.3</version>
    </dependency>
  </dependencies>
</project>
"#;

/// The folder that has Kafka in `libs/*.jar`, fetching it at the first use.
pub fn home() -> anyhow::Result<PathBuf> {
    check_java()?;
    let home = paths::root().join("target/kafka").join(VERSION);
    if !home.join("libs").is_dir() {
        fetch(&home)?;
    }
    Ok(home)
}

/// The same, or in one line why Kafka cannot run here.
pub fn home_if_possible() -> Result<PathBuf, String> {
    home().map_err(|error| format!("{error:#}"))
}

fn fetch(home: &Path) -> anyhow::Result<()> {
    if !process::answers("mvn", "--version") {
        bail!(
            "Maven is missing: install it (Debian: apt-get install maven; macOS: brew install \
             maven), it fetches Apache Kafka; or name a broker of your own in KAFKA_BROKERS"
        );
    }
    eprintln!("Fetching Apache Kafka {VERSION} from Maven Central (once)");
    // Made whole beside its place, so that an interrupted fetch leaves nothing half made.
    let making = home.with_extension("making");
    if making.exists() {
        std::fs::remove_dir_all(&making)?;
    }
    std::fs::create_dir_all(&making)?;
    std::fs::write(making.join("pom.xml"), POM.replace("@VERSION@", VERSION))?;
    let mut mvn = Command::new("mvn");
    mvn.args(["--batch-mode", "--quiet", "-f"])
        .arg(making.join("pom.xml"))
        .args(["dependency:copy-dependencies", "-DincludeScope=runtime"])
        .arg(format!(
            "-DoutputDirectory={}",
            making.join("libs").display()
        ));
    process::step(&mut mvn).context("fetching Apache Kafka")?;
    if home.exists() {
        std::fs::remove_dir_all(home)?;
    }
    std::fs::rename(&making, home).with_context(|| format!("moving to {}", home.display()))
}

fn check_java() -> anyhow::Result<()> {
    match kafka_broker::find_java() {
        Ok(_) => Ok(()),
        Err(error) => bail!("{error}; or name a broker of your own in KAFKA_BROKERS"),
    }
}
