//! The database's login roles: one for components, one for the component `auth`, one for the host,
//! members of the group roles that the migrations make.

use anyhow::{Context as _, bail};
use postgres_protocol::password::scram_sha_256;
use sha2::{Digest as _, Sha256};
use tokio_postgres::Client;

use super::keys;
use crate::database::Address;

/// The longest name Postgres keeps.
const MAX_NAME: usize = 63;
/// One process provisions a database at a time.
const LOCK: &str = "SELECT pg_advisory_lock(hashtextextended('taskwhisper provision', 0))";
/// A transaction left open holds back every reader of the event log.
const IDLE_IN_TRANSACTION: &str = "60s";

/// A connection of the owner's, holding the lock.
pub struct Session {
    owner: Address,
    client: Client,
    database: String,
}

impl Session {
    pub async fn open(owner: &Address) -> anyhow::Result<Self> {
        let client = connect(owner.as_str()).await?;
        client.batch_execute(LOCK).await?;
        let query = "SELECT current_database(), to_regclass('_sqlx_migrations') IS NOT NULL";
        let row = client.query_one(query, &[]).await?;
        let (database, is_migrated): (String, bool) = (row.try_get(0)?, row.try_get(1)?);
        if !is_migrated {
            bail!("the database {database} has no schema; run `taskwhisper migrate` first");
        }
        Ok(Self {
            owner: owner.clone(),
            client,
            database,
        })
    }

    /// `<database>_<suffix>`, shortened to what Postgres keeps without becoming ambiguous.
    pub fn role_name(&self, suffix: &str) -> String {
        role_name(&self.database, suffix)
    }

    /// Where components reach the server by TCP: allow-lists cannot name a Unix socket.
    pub async fn host_and_port(&self) -> anyhow::Result<String> {
        if let Some(host) = self.owner.host_and_port() {
            return Ok(host);
        }
        let row = self
            .client
            .query_one(
                "SELECT current_setting('listen_addresses'), current_setting('port')",
                &[],
            )
            .await?;
        let (addresses, port): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        let first = addresses.split(',').map(str::trim).find(|a| !a.is_empty());
        let host = match first {
            Some("*" | "0.0.0.0" | "localhost") => "127.0.0.1".to_owned(),
            Some("::") => "[::1]".to_owned(),
            Some(address) if address.contains(':') => format!("[{address}]"),
            Some(address) => address.to_owned(),
            None => bail!(
                "Postgres listens on its Unix socket only, and components reach it by TCP; set \
                 listen_addresses = 'localhost' and restart it"
            ),
        };
        Ok(format!("{host}:{port}"))
    }

    /// Make the role able to sign in with the password of `known`, or with a new one. Returns
    /// its URL.
    pub async fn ensure_role(
        &self,
        role: &str,
        group: &str,
        known: Option<&str>,
        host_and_port: &str,
        rotate: bool,
    ) -> anyhow::Result<String> {
        if let Some(password) = known.filter(|_| !rotate).and_then(password_of) {
            let url = self.url(role, &password, host_and_port);
            if connect(&url).await.is_ok() {
                self.grant(role, group).await?;
                return Ok(url);
            }
        }
        let password = keys::password()?;
        if self.exists(role).await? {
            if !rotate && self.is_in_use(role).await? {
                bail!(
                    "another installation is connected as role {role}, and its password is not in \
                     this state folder; use that installation's state folder, or give the roles \
                     new passwords with `taskwhisper provision --rotate`"
                );
            }
            self.set_password("ALTER ROLE %I LOGIN PASSWORD %L", role, &password)
                .await?;
            tracing::info!(role, "gave the database role a new password");
        } else {
            self.set_password("CREATE ROLE %I LOGIN PASSWORD %L", role, &password)
                .await?;
            tracing::info!(role, "made the database role");
        }
        self.grant(role, group).await?;
        let url = self.url(role, &password, host_and_port);
        connect(&url).await.with_context(|| {
            format!(
                "role {role} cannot sign in; pg_hba.conf must let it in by password from here \
                 (scram-sha-256)"
            )
        })?;
        Ok(url)
    }

    fn url(&self, role: &str, password: &str, host_and_port: &str) -> String {
        self.owner
            .for_role(role, password, host_and_port, &self.database)
    }

    async fn exists(&self, role: &str) -> anyhow::Result<bool> {
        let query = "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)";
        let row = self.client.query_one(query, &[&role]).await?;
        Ok(row.try_get(0)?)
    }

    async fn is_in_use(&self, role: &str) -> anyhow::Result<bool> {
        let query = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE usename = $1)";
        let row = self.client.query_one(query, &[&role]).await?;
        Ok(row.try_get(0)?)
    }

    /// The server gets a verifier, so that the password stands in none of its logs.
    async fn set_password(
        &self,
        statement: &str,
        role: &str,
        password: &str,
    ) -> anyhow::Result<()> {
        let verifier = scram_sha_256(password.as_bytes());
        self.execute(statement, &[role, &verifier])
            .await
            .with_context(|| {
                format!("cannot make role {role}; the database's owner needs CREATEROLE")
            })
    }

    async fn grant(&self, role: &str, group: &str) -> anyhow::Result<()> {
        let query = "SELECT pg_has_role($1::text, $2::text, 'MEMBER')";
        let row = self.client.query_one(query, &[&role, &group]).await?;
        if !row.try_get::<_, bool>(0)? {
            self.execute("GRANT %I TO %I", &[group, role]).await?;
        }
        self.execute(
            "GRANT CONNECT ON DATABASE %I TO %I",
            &[&self.database, role],
        )
        .await?;
        self.execute(
            "ALTER ROLE %I IN DATABASE %I SET idle_in_transaction_session_timeout = %L",
            &[role, &self.database, IDLE_IN_TRANSACTION],
        )
        .await
    }

    /// Statements that define things take no parameters, so the server quotes the names.
    async fn execute(&self, statement: &str, names: &[&str]) -> anyhow::Result<()> {
        let query = "SELECT format($1::text, VARIADIC $2::text[])";
        let row = self.client.query_one(query, &[&statement, &names]).await?;
        let sql: String = row.try_get(0)?;
        self.client.batch_execute(&sql).await?;
        Ok(())
    }
}

async fn connect(url: &str) -> anyhow::Result<Client> {
    let (client, connection) = host_postgres::connect(url).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "connection to Postgres ended");
        }
    });
    Ok(client)
}

fn password_of(url: &str) -> Option<String> {
    let config: tokio_postgres::Config = url.parse().ok()?;
    String::from_utf8(config.get_password()?.to_vec()).ok()
}

fn role_name(database: &str, suffix: &str) -> String {
    let name = format!("{database}_{suffix}");
    if name.len() <= MAX_NAME {
        return name;
    }
    let digest = Sha256::digest(database.as_bytes());
    let digest: String = digest.iter().take(4).map(|b| format!("{b:02x}")).collect();
    let mut kept = MAX_NAME - suffix.len() - digest.len() - 2;
    while !database.is_char_boundary(kept) {
        kept -= 1;
    }
    let (database, _) = database.split_at(kept);
    format!("{database}_{digest}_{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn role_names_fit_into_postgres_and_stay_apart() {
        assert_eq!(role_name("tasks", "app"), "tasks_app");
        let long = "ä".repeat(31);
        let (one, two) = (
            role_name(&long, "host"),
            role_name(&format!("{long}b"), "host"),
        );
        assert_ne!(one, two);
        for name in [one, two] {
            assert!(name.len() <= MAX_NAME && name.ends_with("_host"), "{name}");
        }
    }

    #[test]
    fn the_password_is_found_in_a_url() {
        assert_eq!(
            password_of("postgres://u:a%2Fb@h/d").as_deref(),
            Some("a/b")
        );
        assert_eq!(password_of("postgres://u@h/d"), None);
    }
}
