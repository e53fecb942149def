//! Inserts into `notes` within a transaction that it leaves open, then does what `input` says.

mod bindings;

use spin_sdk::pg::Connection;

struct Run;

impl bindings::Guest for Run {
    async fn run(address: String, input: String) -> Result<String, String> {
        work(address, &input)
            .await
            .map_err(|error| format!("{error:?}"))
    }
}

async fn work(address: String, input: &str) -> anyhow::Result<String> {
    let connection = Connection::open(address).await?;
    if input == "insert" {
        insert(&connection).await?;
        return backend(&connection).await;
    }
    connection.execute("BEGIN", vec![]).await?;
    insert(&connection).await?;
    match input {
        "trap" => std::process::abort(),
        "commit" => {
            connection.execute("COMMIT", vec![]).await?;
        }
        "wait" => {
            connection.execute("SELECT pg_sleep(3600)", vec![]).await?;
        }
        "fail" => {
            let failed = connection.execute("SELECT 1/0", vec![]).await;
            anyhow::ensure!(failed.is_err(), "a division by zero went through");
        }
        _ => {}
    }
    backend(&connection).await
}

async fn insert(connection: &Connection) -> anyhow::Result<()> {
    connection
        .execute("INSERT INTO notes VALUES ('left')", vec![])
        .await?;
    Ok(())
}

/// The server's process behind the connection; within a transaction it cannot change.
async fn backend(connection: &Connection) -> anyhow::Result<String> {
    let result = connection
        .query("SELECT pg_backend_pid()::text", vec![])
        .await;
    let Ok(result) = result else {
        return Ok("the transaction has failed".to_owned());
    };
    let rows = result.collect().await?;
    Ok(format!("{:?}", rows.first().map(|row| row[0].clone())))
}
