//! The owner's address of the database, and the addresses of other roles derived from it.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

const DEFAULT_PORT: u16 = 5432;

/// A parsed owner's address. Not `Debug`: it holds a password.
#[derive(Clone)]
pub struct Address {
    text: String,
    config: Config,
    host: Host,
    port: u16,
}

impl Address {
    /// Takes `postgres://user:password@host:port/database?sslmode=…`, with a Unix socket's folder
    /// as `?host=/run/postgresql`, and the `host=… dbname=…` form.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        // The driver knows `require` only, which verifies certificates here in any case.
        let driver_text = ["verify-full", "verify-ca"]
            .iter()
            .fold(text.to_owned(), |text, mode| {
                text.replace(&format!("sslmode={mode}"), "sslmode=require")
            });
        let config: Config = driver_text
            .parse()
            .context("the database URL is malformed; write postgres://user:password@host/name")?;
        let host = match config.get_hosts() {
            [host] => host.clone(),
            [] => bail!(
                "the database URL names no host; write postgres://user:password@host/name, or \
                 postgres:///name?host=/run/postgresql for a Unix socket"
            ),
            _ => bail!("the database URL names several hosts; give the one that takes writes"),
        };
        let port = config.get_ports().first().copied().unwrap_or(DEFAULT_PORT);
        Ok(Self {
            text: text.to_owned(),
            config,
            host,
            port,
        })
    }

    /// As it was given, for a driver.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// `host:port`, or `None` for a Unix socket, which no allow-list can name.
    pub fn host_and_port(&self) -> Option<String> {
        match &self.host {
            Host::Tcp(host) if host.contains(':') && !host.starts_with('[') => {
                Some(format!("[{host}]:{}", self.port))
            }
            Host::Tcp(host) => Some(format!("{host}:{}", self.port)),
            #[cfg(unix)]
            Host::Unix(_) => None,
        }
    }

    /// The address of another role of the same database, reached at this `host:port`.
    pub fn for_role(
        &self,
        role: &str,
        password: &str,
        host_and_port: &str,
        database: &str,
    ) -> String {
        let mode = match (self.config.get_ssl_mode(), &self.host) {
            // What held for a Unix socket says nothing about TCP.
            #[cfg(unix)]
            (_, Host::Unix(_)) => "",
            (SslMode::Disable, _) => "?sslmode=disable",
            (SslMode::Require, _) => "?sslmode=require",
            _ => "",
        };
        format!(
            "postgres://{}:{}@{host_and_port}/{}{mode}",
            encode(role),
            encode(password),
            encode(database)
        )
    }

    /// The same address for sqlx.
    pub fn sqlx_options(&self) -> PgConnectOptions {
        let mut options = PgConnectOptions::new_without_pgpass()
            .port(self.port)
            .application_name("taskwhisper migrate")
            .ssl_mode(match self.config.get_ssl_mode() {
                SslMode::Disable => PgSslMode::Disable,
                SslMode::Require => PgSslMode::VerifyFull,
                _ => PgSslMode::Prefer,
            });
        options = match &self.host {
            Host::Tcp(host) => options.host(host),
            #[cfg(unix)]
            Host::Unix(folder) => options.socket(PathBuf::from(folder)),
        };
        if let Some(user) = self.config.get_user() {
            options = options.username(user);
        }
        if let Some(password) = self.config.get_password() {
            options = options.password(&String::from_utf8_lossy(password));
        }
        // Without a name both drivers take the user's.
        if let Some(database) = self.config.get_dbname() {
            options = options.database(database);
        }
        options
    }
}

/// Percent-encoding of everything that could mean something in a URL.
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(byte.into());
        } else {
            _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn derived(owner: &str) -> String {
        let address = Address::parse(owner).unwrap();
        let host = address.host_and_port().unwrap_or("127.0.0.1:1".into());
        address.for_role("app", "p", &host, "db")
    }

    #[test]
    fn another_roles_address_keeps_host_port_and_tls() {
        for (owner, expected) in [
            ("postgres://o:x@h/db", "postgres://app:p@h:5432/db"),
            ("postgresql://h:6000/db", "postgres://app:p@h:6000/db"),
            (
                "postgres://o:p%40%2F@h/db?sslmode=verify-full&application_name=x",
                "postgres://app:p@h:5432/db?sslmode=require",
            ),
            (
                "postgres://o@[::1]:7/db?sslmode=disable",
                "postgres://app:p@[::1]:7/db?sslmode=disable",
            ),
            ("host=h port=8 user=o dbname=db", "postgres://app:p@h:8/db"),
            (
                "postgres:///db?host=/run/postgresql&sslmode=disable",
                "postgres://app:p@127.0.0.1:1/db",
            ),
            (
                "postgres://o@%2Frun%2Fpostgresql/db",
                "postgres://app:p@127.0.0.1:1/db",
            ),
        ] {
            assert_eq!(derived(owner), expected, "{owner}");
            derived(owner).parse::<Config>().unwrap();
        }
    }

    #[test]
    fn names_with_special_characters_are_encoded() {
        let address = Address::parse("postgres://h/x").unwrap();
        let url = address.for_role("my db_app", "p", "h:1", "my/db?");
        assert_eq!(url, "postgres://my%20db_app:p@h:1/my%2Fdb%3F");
        let config: Config = url.parse().unwrap();
        assert_eq!(config.get_user(), Some("my db_app"));
        assert_eq!(config.get_dbname(), Some("my/db?"));
    }

    #[test]
    fn sqlx_gets_the_same_target() {
        let options = Address::parse("postgres://o:x@h:9/db")
            .unwrap()
            .sqlx_options();
        assert_eq!((options.get_host(), options.get_port()), ("h", 9));
        assert_eq!(options.get_username(), "o");
        assert_eq!(options.get_database(), Some("db"));
        let options = Address::parse("postgres:///db?host=/run/pg&port=7")
            .unwrap()
            .sqlx_options();
        assert_eq!(options.get_socket(), Some(&PathBuf::from("/run/pg")));
        assert_eq!(options.get_port(), 7);
    }

    #[test]
    fn addresses_without_one_host_are_refused_without_showing_the_password() {
        for bad in [
            "postgres://o:hunter2@a,b/db",
            "dbname=db password=hunter2",
            "postgres://o:hunter2@h/db?sslmode=maybe",
            "nonsense hunter2",
        ] {
            let Err(error) = Address::parse(bad) else {
                panic!("{bad} is accepted");
            };
            assert!(!format!("{error:#}").contains("hunter2"), "{error:#}");
        }
    }
}
