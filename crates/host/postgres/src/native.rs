//! Connections for the host's own use (event log, migrations): the same TLS rules as for guests,
//! no allow-list.

use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Socket};

use crate::address::Address;
use crate::error::{Error, describe};
use crate::tls::{Tls, TlsStream};

/// The half of a connection that does the work: await it in a spawned job, or call
/// `poll_message` in a loop to get notifications. It resolves when the client is dropped.
pub type Connection = tokio_postgres::Connection<Socket, TlsStream>;

const POOL_WAIT: Duration = Duration::from_secs(10);

/// Opens one connection. The returned [`Connection`] must be driven for the client to work.
pub async fn connect(url: &str) -> Result<(Client, Connection), Error> {
    let address = Address::parse(url)?;
    let tls = Tls::new(address.config.get_ssl_mode(), None)?;
    connect_to(&address, tls).await
}

pub(crate) async fn connect_to(address: &Address, tls: Tls) -> Result<(Client, Connection), Error> {
    let target = address.describe();
    let deadline = address.connect_deadline();
    match tokio::time::timeout(deadline, address.config.connect(tls)).await {
        Ok(Ok(connected)) => Ok(connected),
        Ok(Err(error)) => {
            let reason = describe(&error);
            Err(match error.code() {
                Some(&SqlState::TOO_MANY_CONNECTIONS) => Error::Full { target, reason },
                _ => Error::Connect { target, reason },
            })
        }
        Err(_) => {
            let reason = format!("no answer within {} s", deadline.as_secs());
            Err(Error::Connect { target, reason })
        }
    }
}

/// A pool of at most `max` connections, opened when first needed; a wait for one is bounded.
pub fn pool(url: &str, max: usize) -> Result<Pool, Error> {
    let address = Address::parse(url)?;
    let tls = Tls::new(address.config.get_ssl_mode(), None)?;
    let deadline = address.connect_deadline();
    let recycling_method = RecyclingMethod::Fast;
    let manager = Manager::from_config(address.config, tls, ManagerConfig { recycling_method });
    Pool::builder(manager)
        .max_size(max)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(POOL_WAIT))
        .create_timeout(Some(deadline))
        .build()
        .map_err(|e| Error::Pool(e.to_string()))
}
