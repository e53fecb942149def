//! The checks that manifests and lock files share.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::app::{App, Component, Trigger, VariableDeclaration, unknown_component};
use crate::error::Problems;
use crate::hosts;
use crate::template::{Part, Template, check_component_id, check_variable_name};

/// What helps when a file of this repository is missing.
pub(crate) const BUILD_HINT: &str = "build it first (in TaskWhisper: `cargo xtask build`)";

pub(crate) fn variable(name: &str, declaration: &VariableDeclaration, problems: &mut Problems) {
    let place = format!("variables.{name}");
    if let Err(reason) = check_variable_name(name) {
        problems.at("variables", reason);
    }
    match (declaration.required, declaration.default.is_some()) {
        (true, true) => problems.at(
            &place,
            "it is `required` and has a `default`; only one can be",
        ),
        (false, false) => problems.at(
            &place,
            "it has no value to fall back to; write `required = true` or give it a `default`",
        ),
        _ => {}
    }
}

pub(crate) fn trigger(trigger: &Trigger, app: &App, problems: &mut Problems) {
    let place = format!("trigger.{} `{}`", trigger.kind, trigger.id);
    let id = &trigger.component;
    if !id.is_empty() && !app.components.contains_key(id) {
        problems.at(&place, unknown_component(id, app.components.keys()));
    }
    templates_in(&trigger.config, &place, app, problems);
}

pub(crate) fn component(component: &Component, app: &App, problems: &mut Problems) {
    let place = format!("component.{}", component.id);
    if let Err(reason) = check_component_id(&component.id) {
        problems.at("component", reason);
    }
    // A component whose source could not be read has an empty path and its own problem.
    if !component.wasm.as_os_str().is_empty() && !component.wasm.is_file() {
        let path = component.wasm.display();
        problems.at(&place, format!("{path} does not exist; {BUILD_HINT}"));
    }
    for (name, value) in &component.variables {
        let place = format!("{place}.variables.{name}");
        if let Err(reason) = check_variable_name(name) {
            problems.at(&place, reason);
        }
        template(value, &place, app, problems);
    }
    for host in &component.allowed_outbound_hosts {
        let place = format!("{place}.allowed_outbound_hosts");
        if template(host, &place, app, problems)
            && let Some(host) = with_defaults(host, app)
            && !host.is_empty()
            && let Err(reason) = hosts::check_literal(&host)
        {
            problems.at(&place, reason);
        }
    }
}

/// Check each string of a trigger's configuration.
pub(crate) fn templates_in(value: &Value, place: &str, app: &App, problems: &mut Problems) {
    match value {
        Value::String(text) => drop(template(text, place, app, problems)),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                templates_in(item, &format!("{place}[{index}]"), app, problems);
            }
        }
        Value::Object(fields) => {
            for (key, item) in fields {
                templates_in(item, &format!("{place}.{key}"), app, problems);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Whether the template is well formed and names declared variables only.
fn template(text: &str, place: &str, app: &App, problems: &mut Problems) -> bool {
    let template = match Template::parse(text) {
        Ok(template) => template,
        Err(reason) => {
            problems.at(place, reason);
            return false;
        }
    };
    let undeclared: BTreeSet<_> = template
        .variables()
        .filter(|name| !app.variables.contains_key(*name))
        .collect();
    for name in &undeclared {
        problems.at(
            place,
            format!("variable `{name}` is not declared; add it to [variables]"),
        );
    }
    undeclared.is_empty()
}

/// The text if it has no variables without a default; only then can it be checked now.
fn with_defaults(text: &str, app: &App) -> Option<String> {
    let template = Template::parse(text).ok()?;
    let mut resolved = String::new();
    for part in template.parts() {
        resolved.push_str(match part {
            Part::Literal(literal) => literal,
            Part::Variable(name) => app.variables.get(name)?.default.as_deref()?,
        });
    }
    let optional_endpoint = !template.is_literal() && resolved.ends_with("://");
    (!optional_endpoint).then_some(resolved)
}
