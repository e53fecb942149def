//! The file of secrets: `NAME='value'` lines that a shell, Spin and this program all read.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context as _, bail};

const HEADER: &str = "# Made by `taskwhisper provision`. Keep it secret; never commit it.\n";

/// Secrets by name. Not `Debug`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets(BTreeMap<String, String>);

impl Secrets {
    /// What the file holds; nothing if there is none.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let unreadable = || format!("cannot read {}", path.display());
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => return Err(error).with_context(unreadable),
        };
        if metadata.permissions().mode() & 0o077 != 0 {
            bail!(
                "other users may read {path}; run `chmod 600 {path}`, and make new secrets if \
                 somebody may have seen them",
                path = path.display()
            );
        }
        let mut secrets = BTreeMap::new();
        for line in dotenvy::from_path_iter(path).with_context(unreadable)? {
            // The parser's message would quote the line.
            let Ok((name, value)) = line else {
                bail!("{} is damaged: not NAME='value' lines", path.display());
            };
            secrets.insert(name, value);
        }
        Ok(Self(secrets))
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub fn set(&mut self, name: &str, value: String) {
        self.0.insert(name.to_owned(), value);
    }

    /// Replaces the file in one step, readable by its owner only from the first byte on.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        let mut text = String::from(HEADER);
        for (name, value) in &self.0 {
            if value.contains('\'') {
                bail!("the value of {name} holds a quote and cannot be kept in a file");
            }
            text.push_str(&format!("{name}='{value}'\n"));
        }
        let folder = path.parent().unwrap_or(Path::new("."));
        let write = || -> std::io::Result<()> {
            // Temporary files are made with mode 0600.
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            file.write_all(text.as_bytes())?;
            file.as_file().sync_all()?;
            file.persist(path)?;
            fs::File::open(folder)?.sync_all()
        };
        write().with_context(|| format!("cannot write {}", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_and_only_by_the_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets.env");
        assert!(Secrets::read(&path).unwrap() == Secrets::default());
        let mut secrets = Secrets::default();
        secrets.set("PEM", "-----BEGIN-----\nab+/=\n-----END-----\n".into());
        secrets.set("JSON", "{\"keys\":[{\"x\":\"$HOME \\\\ #\"}]}".into());
        secrets.set("URL", "postgres://a%20b:p@h:1/d?sslmode=require".into());
        secrets.write(&path).unwrap();
        assert!(Secrets::read(&path).unwrap() == secrets);
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        secrets.write(&path).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets.env");
        fs::write(&path, "A='1'\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let Err(error) = Secrets::read(&path) else {
            panic!("must be refused");
        };
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }

    #[test]
    fn a_damaged_file_is_refused_without_quoting_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets.env");
        fs::write(&path, "hunter2 hunter2\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let Err(error) = Secrets::read(&path) else {
            panic!("must be refused");
        };
        assert!(!format!("{error:#}").contains("hunter2"), "{error:#}");
    }
}
