//! Starts statements and loses interest in them, at the point `input` names.

mod bindings;

use std::future::Future;
use std::pin::pin;
use std::task::Poll;

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
    match input {
        "call" => {
            let sleeping = connection.query("SELECT pg_sleep(3600)", vec![]);
            anyhow::ensure!(started(sleeping).await, "pg_sleep returned at once");
        }
        "call-in-transaction" => {
            connection.execute("BEGIN", vec![]).await?;
            let sleeping = connection.query("SELECT pg_sleep(3600)", vec![]);
            anyhow::ensure!(started(sleeping).await, "pg_sleep returned at once");
            connection.execute("COMMIT", vec![]).await?;
        }
        "rows" => {
            let series = "SELECT repeat('x', 1000) FROM generate_series(1, 100000000)";
            let mut result = connection.query(series, vec![]).await?;
            anyhow::ensure!(result.next().await.is_some(), "no row");
        }
        "rows-of-a-write" => {
            let insert = "INSERT INTO notes SELECT repeat('x', 1000) \
                          FROM generate_series(1, 2000) RETURNING *";
            let mut result = connection.query(insert, vec![]).await?;
            anyhow::ensure!(result.next().await.is_some(), "no row");
        }
        _ => {
            connection.execute("SELECT pg_sleep(3600)", vec![]).await?;
        }
    }
    Ok("lost interest".to_owned())
}

/// Polls once and drops. True: it had something to wait for.
async fn started<F: Future>(future: F) -> bool {
    let mut future = pin!(future);
    std::future::poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_pending())).await
}
