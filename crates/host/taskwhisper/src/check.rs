//! Everything about values and trigger settings that can be known before anything starts, in
//! one list.

use anyhow::bail;
use manifest::{App, Variables};

use crate::event_logs;

/// # Errors
/// Lists all problems.
pub async fn all(app: &App, variables: &Variables) -> anyhow::Result<()> {
    let mut problems = variables.problems(app).await;
    if problems.is_empty() {
        // With values missing, these would only say the same again.
        let checks = [
            configs::<trigger_http::TriggerConfig>(app, variables, "http").await,
            configs::<trigger_kafka::TriggerConfig>(app, variables, "kafka").await,
            configs::<trigger_cron::TriggerConfig>(app, variables, "cron").await,
            configs::<trigger_websocket::TriggerConfig>(app, variables, "websocket").await,
        ];
        problems.extend(checks.into_iter().flatten());
        problems.extend(event_logs::problems(app, variables).await);
    }
    match problems.as_slice() {
        [] => Ok(()),
        [only] => bail!("{only}"),
        several => bail!(
            "{} problems with the configuration:\n  - {}",
            several.len(),
            several.join("\n  - ")
        ),
    }
}

async fn configs<T: serde::de::DeserializeOwned>(
    app: &App,
    variables: &Variables,
    kind: &str,
) -> Vec<String> {
    match manifest::trigger_configs::<T>(app, variables, kind).await {
        Ok(_) => Vec::new(),
        Err(error) => {
            let place = |problem| format!("trigger.{kind} {problem}");
            error.problems.into_iter().map(place).collect()
        }
    }
}
