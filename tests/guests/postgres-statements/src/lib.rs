//! Repeats a statement while its table changes, on connections that have it prepared.

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
    if let Some(count) = input.strip_prefix("repeat ") {
        for _ in 0..count.parse::<usize>()? {
            connection
                .query("SELECT 1", vec![])
                .await?
                .collect()
                .await?;
        }
        return Ok(String::new());
    }
    let result = connection.query(input, vec![]).await?;
    let names: Vec<_> = result.columns().iter().map(|c| c.name.clone()).collect();
    let rows = result.collect().await?;
    Ok(format!("{} x {}", names.join(","), rows.len()))
}
