//! Typed trigger configuration. It resolves templates, refuses unknown fields, and reports every mistake
//! of all triggers of one kind at once.

use serde::de::DeserializeOwned;

use crate::app::{App, Trigger};
use crate::error::{LoadError, Problems};
use crate::variables::Variables;

/// The configurations of all triggers of one kind. `T` sees the whole table of the trigger, so
/// it has a field `component: String`; derive it with `#[serde(deny_unknown_fields)]`.
///
/// # Errors
/// Lists the first mistake of each trigger.
pub async fn trigger_configs<T: DeserializeOwned>(
    app: &App,
    variables: &Variables,
    kind: &str,
) -> Result<Vec<(Trigger, T)>, LoadError> {
    let mut problems = Problems::default();
    let mut configs = Vec::new();
    for trigger in app.triggers_of(kind) {
        let place = format!("`{}` of component `{}`", trigger.id, trigger.component);
        match variables.render_json(&trigger.config).await {
            Err(error) => problems.at(&place, error),
            Ok(config) => match serde_json::from_value(config) {
                Ok(config) => configs.push((trigger.clone(), config)),
                Err(error) => problems.at(&place, variables.redact(&error.to_string())),
            },
        }
    }
    problems.finish(&format!("trigger.{kind}"), configs)
}

/// `[application.trigger.<kind>]`; `None` if the application has no such table.
///
/// # Errors
/// The first mistake in it.
pub async fn trigger_settings<T: DeserializeOwned>(
    app: &App,
    variables: &Variables,
    kind: &str,
) -> Result<Option<T>, LoadError> {
    let Some(settings) = app.trigger_settings.get(kind) else {
        return Ok(None);
    };
    let subject = format!("application.trigger.{kind}");
    let settings = variables
        .render_json(settings)
        .await
        .map_err(|error| LoadError::one(&subject, error.to_string()))?;
    serde_json::from_value(settings)
        .map(Some)
        .map_err(|error| LoadError::one(&subject, variables.redact(&error.to_string())))
}
