//! Who owns the cluster. PostgreSQL refuses to run as root, so root hands it to another user.

use anyhow::Context as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

/// The user PostgreSQL runs as: ourselves, or another one when we are root.
#[derive(Clone, Copy)]
pub struct Owner {
    other: Option<(u32, u32)>,
}

impl Owner {
    /// `postgres` where there is such a user, `nobody` elsewhere.
    pub fn choose() -> Self {
        let other = rustix::process::geteuid().is_root().then(|| {
            user("postgres")
                .or_else(|| user("nobody"))
                .unwrap_or((65534, 65534))
        });
        Self { other }
    }

    /// Run this command as the owner.
    pub fn run(self, command: &mut Command) -> &mut Command {
        match self.other {
            Some((uid, gid)) => command.uid(uid).gid(gid),
            None => command,
        }
    }

    /// Give a folder to the owner.
    pub fn give(self, path: &Path) -> anyhow::Result<()> {
        let Some((uid, gid)) = self.other else {
            return Ok(());
        };
        std::os::unix::fs::chown(path, Some(uid), Some(gid))
            .with_context(|| format!("giving {} to PostgreSQL's user", path.display()))
    }

    /// Whether the owner can get to a path: every folder above it lets strangers through.
    pub fn reaches(self, path: &Path) -> bool {
        let Some((uid, _)) = self.other else {
            return true;
        };
        path.ancestors()
            .skip(1)
            .filter(|ancestor| !ancestor.as_os_str().is_empty())
            .all(|ancestor| {
                std::fs::metadata(ancestor)
                    .is_ok_and(|meta| meta.uid() == uid || meta.permissions().mode() & 0o001 != 0)
            })
    }
}

/// A user's ids from the machine's list of users.
fn user(name: &str) -> Option<(u32, u32)> {
    let users = std::fs::read_to_string("/etc/passwd").ok()?;
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next()? == name).then_some(())?;
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some((uid, gid))
    })
}
