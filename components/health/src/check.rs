//! What the application cannot work without. The cause of a failure goes to the log only.

use std::pin::pin;
use std::time::{Duration, Instant};

use futures::future::{Either, select};
use serde::Serialize;
use spin_sdk::time;

/// Slower is as bad as not at all: requests would wait for it, too.
const TIME_LIMIT: Duration = Duration::from_secs(2);

/// One dependency and how it is.
#[derive(Serialize)]
pub struct Check {
    name: &'static str,
    status: &'static str,
    duration_ms: u64,
    detail: Option<&'static str>,
}

impl Check {
    pub fn is_ok(&self) -> bool {
        self.detail.is_none()
    }
}

/// Whether Postgres answers a statement in time.
pub async fn postgres() -> Check {
    let start = Instant::now();
    let detail = match select(pin!(select_one()), pin!(time::sleep(TIME_LIMIT))).await {
        Either::Left((Ok(()), _)) => None,
        Either::Left((Err(error), _)) => {
            eprintln!("postgres is not ready: {error:#}");
            Some("it cannot be used; the log says why")
        }
        Either::Right(_) => Some("it did not answer within 2 seconds"),
    };
    Check {
        name: "postgres",
        status: if detail.is_none() { "ok" } else { "failed" },
        duration_ms: start.elapsed().as_millis() as u64,
        detail,
    }
}

async fn select_one() -> anyhow::Result<()> {
    let database = store::connect().await?;
    store::Database::query(&database, "SELECT 1", Vec::new()).await?;
    Ok(())
}
