//! Streams a result of `input` rows of one kilobyte and more, and answers with how many came and
//! what they sum up to. `slow N` reads them while other statements run.

mod bindings;

use spin_sdk::pg::{Connection, Decode};

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
    let (interleave, count) = match input.strip_prefix("slow ") {
        Some(count) => (true, count.parse::<i64>()?),
        None => (false, input.parse::<i64>()?),
    };
    let statement = "SELECT n, repeat('x', 1000), n / (n - $2) \
                     FROM generate_series(1::int8, $1) AS n";
    let fails_at = if count % 10 == 7 { count } else { -1 };
    let parameters = vec![count.into(), fails_at.into()];
    let mut result = connection.query(statement, parameters).await?;
    let (mut rows, mut sum) = (0, 0);
    while let Some(row) = result.next().await {
        rows += 1;
        sum += i64::decode(&row[0])?;
        if interleave && rows % 100 == 0 {
            connection.execute("SELECT 1", vec![]).await?;
        }
    }
    match result.result().await {
        Ok(()) => Ok(format!("{rows} rows, sum {sum}")),
        Err(error) => Ok(format!("failed: {error}")),
    }
}
