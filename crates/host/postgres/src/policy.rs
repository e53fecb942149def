//! The allow-list: every place a connection string can lead to must be allowed, whichever call it
//! came by.

use std::sync::Arc;

use crate::address::Target;
use crate::bindings::wit::Error;
use crate::failure::connection_failed;
use crate::pool::Pool;

/// Whether a component may connect to a host (name or IP address) and port.
pub type AllowsHost = Arc<dyn Fn(&str, u16) -> bool + Send + Sync>;

pub(crate) fn check(pool: &Pool, allows: &AllowsHost) -> Result<(), Error> {
    for target in &pool.address.targets {
        match target {
            Target::Tcp { host, port } if allows(host, *port) => {}
            Target::Tcp { .. } => {
                return Err(connection_failed(format!(
                    "{target} is not allowed: add \"postgres://{target}\" to \
                     allowed_outbound_hosts of component {:?}",
                    pool.component
                )));
            }
            Target::Unix { directory } => {
                let allowed = &pool.options.unix_socket_directories;
                if !allowed.contains(directory) {
                    return Err(connection_failed(format!(
                        "the Unix socket in {directory} is not allowed and \
                         allowed_outbound_hosts cannot allow one: use a TCP address in component \
                         {:?}",
                        pool.component
                    )));
                }
            }
        }
    }
    Ok(())
}
