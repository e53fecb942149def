//! `spin.toml`, manifest version 2.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value};

use crate::app::{App, Component, Trigger, VariableDeclaration};
use crate::draft::Draft;
use crate::error::{LoadError, Problems};
use crate::files;
use crate::table::{Table, expected};

/// Reads the text of a manifest.
///
/// # Errors
/// Only when it is not TOML; whatever is wrong inside is noted in the draft.
pub(crate) fn read(text: &str, base_dir: &Path, subject: &str) -> Result<Draft, LoadError> {
    let document: toml::Table = toml::from_str(text)
        .map_err(|error| LoadError::one(subject, format!("not valid TOML: {error}")))?;
    let mut problems = Problems::default();
    let mut root = Table::new("", object(document));

    check_version(&mut root, &mut problems);
    let variables = variables(&mut root, &mut problems);
    let (name, trigger_settings) = application(&mut root, &mut problems);
    let mut draft = Draft::new(App {
        name,
        base_dir: base_dir.to_owned(),
        variables,
        triggers: Vec::new(),
        components: Default::default(),
        trigger_settings,
    });
    for (place, id, value) in root.entries("component", &mut problems) {
        component(place, id, value, &mut draft);
    }
    for (place, kind, value) in root.entries("trigger", &mut problems) {
        match value {
            Value::Array(tables) => triggers(&place, &kind, tables, &mut draft),
            _ => problems.at(&place, format!("write it as [[trigger.{kind}]]")),
        }
    }
    root.finish(&mut problems);
    problems.append(std::mem::take(&mut draft.problems));
    draft.problems = problems;
    Ok(draft)
}

fn check_version(root: &mut Table, problems: &mut Problems) {
    let old = root.take("spin_version");
    match root.take("spin_manifest_version") {
        Some(Value::Number(number)) if number.as_u64() == Some(2) => {}
        None if old.is_none() => {
            problems.at("", "`spin_manifest_version = 2` is missing");
        }
        _ => problems.at(
            "spin_manifest_version",
            "only version 2 is supported; `spin doctor` upgrades an older manifest",
        ),
    }
}

fn variables(root: &mut Table, problems: &mut Problems) -> BTreeMap<String, VariableDeclaration> {
    let mut variables = BTreeMap::new();
    for (place, name, value) in root.entries("variables", problems) {
        let Some(mut table) = Table::from_value(place, value, problems) else {
            continue;
        };
        table.ignore(&["description"]);
        let declaration = VariableDeclaration {
            required: table.flag("required", problems),
            secret: table.flag("secret", problems),
            default: table.string("default", problems),
        };
        table.finish(problems);
        variables.insert(name, declaration);
    }
    variables
}

fn application(root: &mut Table, problems: &mut Problems) -> (String, BTreeMap<String, Value>) {
    let Some(value) = root.take("application") else {
        problems.at("", "the table [application] is missing");
        return Default::default();
    };
    let Some(mut table) = Table::from_value("application".into(), value, problems) else {
        return Default::default();
    };
    let name = table.required_string("name", problems).unwrap_or_default();
    let mut settings = BTreeMap::new();
    for (place, kind, value) in table.entries("trigger", problems) {
        if value.is_object() {
            settings.insert(kind, value);
        } else {
            problems.at(&place, expected("a table", &value));
        }
    }
    table.ignore(&["version", "description", "authors", "targets", "tool"]);
    table.finish(problems);
    (name, settings)
}

fn component(place: String, id: String, value: Value, draft: &mut Draft) {
    let mut problems = Problems::default();
    let Some(mut table) = Table::from_value(place, value, &mut problems) else {
        draft.problems.append(problems);
        return;
    };
    let base_dir = draft.app.base_dir.clone();
    let wasm = match table.take("source") {
        Some(Value::String(path)) => base_dir.join(path),
        None => {
            problems.at(&table.place("source"), "it is missing");
            Default::default()
        }
        Some(_) => {
            problems.at(
                &table.place("source"),
                "only a path to a .wasm file is supported; download the component and name its \
                 file, or let `spin up` resolve URLs and registries",
            );
            Default::default()
        }
    };
    let exclude = table.strings("exclude_files", &mut problems);
    let entries = table.array("files", &mut problems);
    let files_place = table.place("files");
    let component = Component {
        wasm,
        files: files::mounts(&base_dir, entries, &exclude, &files_place, &mut problems),
        environment: table.string_map("environment", &mut problems),
        variables: table.string_map("variables", &mut problems),
        allowed_outbound_hosts: table.strings("allowed_outbound_hosts", &mut problems),
        key_value_stores: table.strings("key_value_stores", &mut problems),
        id: id.clone(),
    };
    reject_unsupported(&mut table, &mut problems);
    table.ignore(&["description", "build", "tool", "targets", "profile"]);
    table.ignore(&["dependencies_inherit_configuration"]);
    table.finish(&mut problems);
    draft.add_component(component, problems);
}

fn reject_unsupported(table: &mut Table, problems: &mut Problems) {
    for (key, reason) in [
        ("ai_models", "this host runs no AI models"),
        ("sqlite_databases", "this host has no SQLite databases"),
        (
            "dependencies",
            "this host does not compose components; compose them when you build",
        ),
        (
            "allowed_http_hosts",
            "it is from Spin 1; use `allowed_outbound_hosts`",
        ),
    ] {
        if table.has(key) {
            problems.at(&table.place(key), reason);
        }
        table.ignore(&[key]);
    }
}

fn triggers(place: &str, kind: &str, tables: Vec<Value>, draft: &mut Draft) {
    for (index, value) in tables.into_iter().enumerate() {
        let mut problems = Problems::default();
        let here = format!("{place}[{index}]");
        let Some(mut table) = Table::from_value(here.clone(), value, &mut problems) else {
            draft.problems.append(problems);
            continue;
        };
        let given_id = table.string("id", &mut problems);
        for (key, reason) in [
            ("components", "a trigger calls one `component` here"),
            ("dependencies", "this host has no trigger middleware"),
        ] {
            if table.has(key) {
                problems.at(&table.place(key), reason);
            }
            table.ignore(&[key]);
        }
        let (called, inline) = match table.take("component") {
            Some(Value::String(id)) => (id, None),
            Some(Value::Object(fields)) => (String::new(), Some(fields)),
            None if table.has("static_response") => (String::new(), None),
            _ => {
                problems.at(&here, "it names no `component` to call");
                (String::new(), None)
            }
        };
        let id = given_id.unwrap_or_else(|| free_trigger_id(kind, &called, &draft.app));
        let called = match inline {
            None => called,
            Some(fields) => inline_component(&id, fields, draft),
        };
        let mut config = table.rest();
        if !called.is_empty() {
            config.insert("component".into(), called.clone().into());
        }
        let trigger = Trigger {
            id,
            kind: kind.to_owned(),
            component: called,
            config: config.into(),
        };
        draft.add_trigger(trigger, problems);
    }
}

/// A component written inside its trigger, named after it as Spin does.
fn inline_component(trigger_id: &str, fields: Map<String, Value>, draft: &mut Draft) -> String {
    let taken = |id: &String| draft.app.components.contains_key(id);
    let id = std::iter::once(format!("{trigger_id}-component"))
        .chain((1..).map(|n| format!("inline-component{n}")))
        .find(|id| !taken(id))
        .unwrap_or_default();
    component(
        format!("component.{id}"),
        id.clone(),
        Value::Object(fields),
        draft,
    );
    id
}

fn free_trigger_id(kind: &str, component: &str, app: &App) -> String {
    let taken = |id: &String| app.triggers.iter().any(|trigger| trigger.id == *id);
    let natural = (!component.is_empty()).then(|| format!("{component}-{kind}-trigger"));
    natural
        .into_iter()
        .chain((1..).map(|n| format!("{kind}-trigger{n}")))
        .find(|id| !taken(id))
        .unwrap_or_default()
}

/// A TOML table as the JSON object that everything else reads.
pub(crate) fn object(table: toml::Table) -> Map<String, Value> {
    table.into_iter().map(|(key, v)| (key, json(v))).collect()
}

/// Dates become text; TOML has no other type that JSON lacks.
fn json(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(flag) => flag.into(),
        toml::Value::Datetime(instant) => instant.to_string().into(),
        toml::Value::Array(items) => items.into_iter().map(json).collect(),
        toml::Value::Table(table) => Value::Object(object(table)),
    }
}
