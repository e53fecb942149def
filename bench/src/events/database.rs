//! An empty database for one measurement.

use anyhow::Context as _;
use tokio_postgres::Client;
use url::Url;

/// WAL files that a measurement may fill: each, of 16 MiB, lasts about eight seconds.
const WAL_FILES: usize = 16;

/// Stays on the server, whose data nobody keeps.
pub struct Database {
    pub url: String,
}

impl Database {
    pub async fn create(server_url: &str) -> anyhow::Result<Self> {
        let (client, connection) = host_postgres::connect(server_url).await?;
        tokio::spawn(connection);
        let name = format!("bench_{}", uuid::Uuid::new_v4().simple());
        client
            .batch_execute(&format!("CREATE DATABASE {name}"))
            .await
            .context("creating a database")?;
        if let Err(error) = recycle_wal(&client).await {
            eprintln!(
                "Every commit waits where the server makes a new WAL file, some 100 ms, and it could not be told \
                 to make them beforehand: {error}"
            );
        }
        let mut url = Url::parse(server_url).context("the server's URL")?;
        url.set_path(&name);
        Ok(Self { url: url.into() })
    }
}

/// Leaves the server with WAL files to write again, as one in use has after each checkpoint. A new server
/// has none: at the end of each file all commits wait for 16 MiB of zeros and their sync.
async fn recycle_wal(client: &Client) -> Result<(), tokio_postgres::Error> {
    for _ in 0..WAL_FILES {
        // One that has nothing in it is not left.
        client
            .execute("SELECT pg_logical_emit_message(false, 'bench', '')", &[])
            .await?;
        client.execute("SELECT pg_switch_wal()", &[]).await?;
    }
    client.batch_execute("CHECKPOINT").await
}
