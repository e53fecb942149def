//! Connection strings: parsing, the defaults we add, and the list of hosts that a policy must
//! allow. Every place a connection could go to is in that list.

use std::fmt;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::Host;

use crate::error::Error;

const DEFAULT_PORT: u16 = 5432;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A dead peer is noticed within about this time, not after the kernel's two hours.
const DEAD_PEER: Duration = Duration::from_secs(30);

/// A parsed connection string with its targets.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    pub config: Config,
    pub targets: Vec<Target>,
}

/// One place a connection string can lead to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// A host name or IP address; IPv6 without brackets.
    Tcp { host: String, port: u16 },
    /// The directory of a Unix socket.
    Unix { directory: String },
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix { directory } => f.write_str(directory),
        }
    }
}

impl Address {
    /// Takes both forms, `postgres://user:password@host/db` and `host=... dbname=...`.
    pub fn parse(address: &str) -> Result<Self, Error> {
        let mut config: Config = accept_verify_modes(address)
            .parse()
            .map_err(|e: tokio_postgres::Error| Error::Address(crate::error::describe(&e)))?;
        let targets = targets(&config)?;
        if config.get_hosts().is_empty() {
            // TLS needs a name to verify: the address itself.
            for addr in config.get_hostaddrs().to_vec() {
                config.host(addr.to_string());
            }
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(DEAD_PEER);
        }
        if config.get_keepalives() && config.get_keepalives_interval().is_none() {
            config
                .keepalives_idle(DEAD_PEER)
                .keepalives_interval(DEAD_PEER / 3)
                .keepalives_retries(3);
        }
        Ok(Self { config, targets })
    }

    /// The targets for a message: `db1:5432, db2:5432`.
    pub fn describe(&self) -> String {
        let targets: Vec<_> = self.targets.iter().map(Target::to_string).collect();
        targets.join(", ")
    }

    /// How long setting up one connection may take in all: per target, then TLS and sign-in.
    pub fn connect_deadline(&self) -> Duration {
        let per_target = self
            .config
            .get_connect_timeout()
            .copied()
            .unwrap_or(CONNECT_TIMEOUT);
        per_target * (self.targets.len().max(1) as u32 + 1)
    }
}

/// `sslmode=require` already verifies certificate and host name here, as under Spin; libpq's
/// stricter names for that are taken as synonyms, the driver does not know them.
fn accept_verify_modes(address: &str) -> String {
    ["verify-full", "verify-ca"]
        .iter()
        .fold(address.to_owned(), |address, mode| {
            address.replace(&format!("sslmode={mode}"), "sslmode=require")
        })
}

/// With `hostaddr` the connection goes there and `host` is only the name to verify: both count.
fn targets(config: &Config) -> Result<Vec<Target>, Error> {
    let (hosts, addrs, ports) = (
        config.get_hosts(),
        config.get_hostaddrs(),
        config.get_ports(),
    );
    let count = hosts.len().max(addrs.len());
    if count == 0 {
        return Err(Error::Address("no host: add host=...".to_owned()));
    }
    if !hosts.is_empty() && !addrs.is_empty() && hosts.len() != addrs.len() {
        return Err(Error::Address(format!(
            "{} hosts but {} hostaddr entries: give as many of each",
            hosts.len(),
            addrs.len()
        )));
    }
    if ports.len() > 1 && ports.len() != count {
        return Err(Error::Address(format!(
            "{count} hosts but {} ports: give one port, or one for each host",
            ports.len()
        )));
    }
    let mut targets = Vec::with_capacity(count);
    for index in 0..count {
        let port = ports
            .get(index)
            .or(ports.first())
            .copied()
            .unwrap_or(DEFAULT_PORT);
        if let Some(addr) = addrs.get(index) {
            targets.push(Target::Tcp {
                host: addr.to_string(),
                port,
            });
        }
        match hosts.get(index) {
            Some(Host::Tcp(host)) => targets.push(Target::Tcp {
                host: unbracketed(host).to_owned(),
                port,
            }),
            #[cfg(unix)]
            Some(Host::Unix(directory)) => targets.push(Target::Unix {
                directory: directory.display().to_string(),
            }),
            None => {}
        }
    }
    Ok(targets)
}

fn unbracketed(host: &str) -> &str {
    host.strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets_of(address: &str) -> Vec<String> {
        let address = Address::parse(address).unwrap();
        address.targets.iter().map(Target::to_string).collect()
    }

    #[test]
    fn every_host_of_a_list_is_a_target_with_its_own_port() {
        assert_eq!(
            targets_of("postgres://u:p@a:1,b:2,c:3/db"),
            ["a:1", "b:2", "c:3"]
        );
        assert_eq!(targets_of("host=a,b port=7"), ["a:7", "b:7"]);
        assert_eq!(targets_of("host=a"), ["a:5432"]);
    }

    #[test]
    fn a_hostaddr_is_a_target_beside_the_name_it_hides_behind() {
        assert_eq!(
            targets_of("host=allowed hostaddr=10.0.0.9 port=5433"),
            ["10.0.0.9:5433", "allowed:5433"]
        );
        assert_eq!(targets_of("hostaddr=::1 user=x"), ["[::1]:5432"]);
        assert_eq!(
            targets_of("postgres://allowed/db?hostaddr=10.0.0.9"),
            ["10.0.0.9:5432", "allowed:5432"]
        );
    }

    #[test]
    fn hosts_of_the_url_and_of_its_query_are_both_targets() {
        assert_eq!(
            targets_of("postgres://a:1/db?host=b&port=2"),
            ["a:1", "b:2"]
        );
    }

    #[test]
    fn a_unix_socket_is_a_target_of_its_own_kind() {
        let address = Address::parse("postgres:///db?host=/var/run/postgresql").unwrap();
        assert_eq!(
            address.targets,
            [Target::Unix {
                directory: "/var/run/postgresql".to_owned()
            }]
        );
    }

    #[test]
    fn addresses_that_pair_hosts_and_ports_wrongly_are_refused() {
        for address in [
            "user=me",
            "host=a,b port=1,2,3",
            "host=a,b hostaddr=10.0.0.1",
        ] {
            assert!(
                matches!(Address::parse(address), Err(Error::Address(_))),
                "{address}"
            );
        }
    }

    #[test]
    fn verify_modes_of_libpq_are_accepted_and_an_unknown_mode_is_not() {
        assert!(Address::parse("postgres://a/db?sslmode=verify-full").is_ok());
        assert!(Address::parse("postgres://a/db?sslmode=sometimes").is_err());
    }

    #[test]
    fn an_error_never_repeats_the_password() {
        let error = Address::parse("postgres://me:hunter2@h/db?sslmode=maybe").unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
