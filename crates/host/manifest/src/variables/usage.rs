//! Which parts of an application need which variables.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::app::App;
use crate::template::Template;

/// How many users a message names.
const NAMED: usize = 3;

/// Users by variable: triggers, and components that run.
pub(super) fn users(app: &App) -> BTreeMap<String, BTreeSet<String>> {
    let mut users = BTreeMap::new();
    for (kind, settings) in &app.trigger_settings {
        // Nobody should have to give values for triggers that do not run.
        if app.triggers_of(kind).next().is_none() {
            continue;
        }
        in_json(settings, &format!("application.trigger.{kind}"), &mut users);
    }
    for trigger in &app.triggers {
        let user = format!("trigger.{} `{}`", trigger.kind, trigger.id);
        in_json(&trigger.config, &user, &mut users);
    }
    for (id, component) in &app.components {
        let user = format!("component.{id}");
        let hosts = &component.allowed_outbound_hosts;
        for text in component.variables.values().chain(hosts) {
            in_text(text, &user, &mut users);
        }
    }
    users
}

/// `a, b, c and 4 more`.
pub(super) fn describe(users: &BTreeSet<String>) -> String {
    let named: Vec<_> = users.iter().take(NAMED).map(String::as_str).collect();
    match users.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

fn in_json(value: &Value, user: &str, users: &mut BTreeMap<String, BTreeSet<String>>) {
    match value {
        Value::String(text) => in_text(text, user, users),
        Value::Array(items) => items.iter().for_each(|item| in_json(item, user, users)),
        Value::Object(fields) => fields.values().for_each(|item| in_json(item, user, users)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn in_text(text: &str, user: &str, users: &mut BTreeMap<String, BTreeSet<String>>) {
    // A malformed template was reported when the application was loaded.
    let Ok(template) = Template::parse(text) else {
        return;
    };
    for name in template.variables() {
        users
            .entry(name.to_owned())
            .or_default()
            .insert(user.to_owned());
    }
}
