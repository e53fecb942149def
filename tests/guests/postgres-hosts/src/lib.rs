//! Opens the address by the call that `input` names, and runs a statement when that works.

mod bindings;

use spin_sdk::pg::wit::postgres::{Connection, ConnectionBuilder};

struct Run;

impl bindings::Guest for Run {
    async fn run(address: String, input: String) -> Result<String, String> {
        let opened = match input.as_str() {
            "open" => Connection::open(&address),
            "open-async" => Connection::open_async(address).await,
            "build" => ConnectionBuilder::new(&address).build(),
            "build-async" => ConnectionBuilder::new(&address).build_async().await,
            certificate => {
                let builder = ConnectionBuilder::new(&address);
                match builder.set_ca_root(certificate) {
                    Ok(()) => builder.build_async().await,
                    Err(error) => Err(error),
                }
            }
        };
        let connection = opened.map_err(|error| format!("{error:?}"))?;
        let rows = connection.query("SELECT 'reached'", &[]);
        rows.map(|set| format!("{:?}", set.rows))
            .map_err(|error| format!("{error:?}"))
    }
}
