//! Runs the statements of `input`, one per line, on one connection; answers with the text of the
//! last one's first value.

mod bindings;

use spin_sdk::pg::{Connection, DbValue};

struct Run;

impl bindings::Guest for Run {
    async fn run(address: String, input: String) -> Result<String, String> {
        work(address, &input)
            .await
            .map_err(|error| format!("{error:?}"))
    }
}

async fn work(address: String, statements: &str) -> anyhow::Result<String> {
    let connection = Connection::open(address).await?;
    let mut answer = String::new();
    for statement in statements.lines() {
        let rows = connection.query(statement, vec![]).await?.collect().await?;
        answer = match rows.first().map(|row| &row[0]) {
            Some(DbValue::Str(text)) => text.clone(),
            Some(other) => format!("{other:?}"),
            None => String::new(),
        };
    }
    Ok(answer)
}
