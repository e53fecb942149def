//! An empty database for one measurement.

use anyhow::Context as _;
use url::Url;

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
        let mut url = Url::parse(server_url).context("the server's URL")?;
        url.set_path(&name);
        Ok(Self { url: url.into() })
    }
}
