//! Finds Java on this machine.

use std::path::PathBuf;
use std::process::Command;

use crate::Error;

/// The oldest Java that runs Kafka 4.
const OLDEST: u32 = 17;

/// The `java` to use: `JAVA_HOME`'s, else the one on the PATH; version 17 or later.
///
/// # Errors
/// When there is none, or it is too old.
pub fn find_java() -> Result<PathBuf, Error> {
    let java = std::env::var_os("JAVA_HOME")
        .map(|home| PathBuf::from(home).join("bin/java"))
        .filter(|java| java.is_file())
        .unwrap_or_else(|| PathBuf::from("java"));
    let output = Command::new(&java)
        .arg("-version")
        .output()
        .map_err(|error| Error::Java(format!("cannot run `{}`: {error}", java.display())))?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    match java_version(&text) {
        Some(version) if version >= OLDEST => Ok(java),
        Some(version) => Err(Error::Java(format!(
            "`{}` is Java {version}",
            java.display()
        ))),
        None => Err(Error::Java(format!(
            "cannot read a version from `{} -version`",
            java.display()
        ))),
    }
}

/// The major version that `java -version` printed.
pub fn java_version(text: &str) -> Option<u32> {
    let quoted = text.split('"').nth(1)?;
    let mut parts = quoted.split(|c: char| !c.is_ascii_digit());
    match parts.next()?.parse().ok()? {
        // Java 8 and before called themselves 1.8.
        1 => parts.next()?.parse().ok(),
        major => Some(major),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_in_their_old_and_new_form() {
        for (text, version) in [
            ("openjdk version \"17.0.15\" 2025-04-15", Some(17)),
            ("openjdk version \"21\" 2023-09-19", Some(21)),
            ("java version \"1.8.0_391\"", Some(8)),
            ("openjdk version \"25-ea\" 2025-09-16", Some(25)),
            ("no such program", None),
        ] {
            assert_eq!(java_version(text), version, "{text}");
        }
    }
}
