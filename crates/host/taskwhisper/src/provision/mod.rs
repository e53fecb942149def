//! Makes what a local installation needs and no repository may hold: database roles with
//! passwords and the keys of access tokens, kept in `secrets.env` under the state folder.
//! Doing it again changes nothing.

mod keys;
mod roles;
mod secrets;

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::database::Address;
use secrets::Secrets;

/// Where the secrets are, below the state folder.
pub const FILE: &str = "secrets.env";

const DATABASE_URL: &str = "SPIN_VARIABLE_DATABASE_URL";
const AUTH_DATABASE_URL: &str = "SPIN_VARIABLE_AUTH_DATABASE_URL";
const EVENT_LOG_URL: &str = "SPIN_VARIABLE_EVENT_LOG_URL";
const DATABASE_HOST: &str = "SPIN_VARIABLE_DATABASE_HOST";
const JWT_SIGNING_KEY: &str = "SPIN_VARIABLE_JWT_SIGNING_KEY";
const JWT_PUBLIC_KEYS: &str = "SPIN_VARIABLE_JWT_PUBLIC_KEYS";

/// The variables that lead to the provisioned database, by name.
pub fn database_variables(secrets_file: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let secrets = Secrets::read(secrets_file)?;
    let names = [
        ("database_url", DATABASE_URL),
        ("auth_database_url", AUTH_DATABASE_URL),
        ("event_log_url", EVENT_LOG_URL),
        ("database_host", DATABASE_HOST),
    ];
    let found = names
        .into_iter()
        .filter_map(|(name, key)| Some((name.to_owned(), secrets.get(key)?.to_owned())));
    Ok(found.collect())
}

/// What was provisioned.
#[derive(Debug)]
pub struct Provisioned {
    /// The file with everything, readable by its owner only.
    pub secrets_file: PathBuf,
    /// Whether anything was made or changed.
    pub changed: bool,
}

/// Provision a migrated database. `rotate` gives the roles new passwords even if the old ones
/// are in use.
///
/// # Errors
/// When a role cannot be made or cannot sign in, or the file cannot be written.
pub async fn run(owner: &Address, state_dir: &Path, rotate: bool) -> anyhow::Result<Provisioned> {
    std::fs::create_dir_all(state_dir)
        .with_context(|| format!("cannot create the state folder {}", state_dir.display()))?;
    let path = state_dir.join(FILE);
    // Under the session's lock, so that of several processes one writes what the others read.
    let session = roles::Session::open(owner).await?;
    let mut secrets = Secrets::read(&path)?;
    let before = secrets.clone();
    let host = session.host_and_port().await?;
    for (key, group, suffix) in [
        (DATABASE_URL, "taskwhisper_app", "app"),
        (AUTH_DATABASE_URL, "taskwhisper_auth", "auth"),
        (EVENT_LOG_URL, "taskwhisper_host", "host"),
    ] {
        let role = session.role_name(suffix);
        let url = session
            .ensure_role(&role, group, secrets.get(key), &host, rotate)
            .await?;
        secrets.set(key, url);
        // At once: a password that only the database knows would be lost with this process.
        secrets.write(&path)?;
    }
    secrets.set(DATABASE_HOST, host);
    if secrets.get(JWT_SIGNING_KEY).is_none() || secrets.get(JWT_PUBLIC_KEYS).is_none() {
        let pair = keys::generate()?;
        secrets.set(JWT_SIGNING_KEY, pair.private_pem);
        secrets.set(JWT_PUBLIC_KEYS, pair.public_jwks);
    }
    let changed = secrets != before;
    secrets.write(&path)?;
    Ok(Provisioned {
        secrets_file: path,
        changed,
    })
}
