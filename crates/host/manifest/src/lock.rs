//! The lock file that `spin up` writes for its triggers, versions 0 and 1. Unknown fields are ignored, as
//! the format demands; `must_understand` and `host_requirements` are checked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use url::Url;

use crate::app::{App, Component, Mount, Trigger, VariableDeclaration};
use crate::draft::Draft;
use crate::error::{LoadError, Problems};
use crate::table::Table;

/// Reads the text of a lock file that lies in `folder`.
///
/// # Errors
/// Only when it is no lock file; whatever is wrong inside is noted in the draft.
pub(crate) fn read(text: &str, folder: &Path, subject: &str) -> Result<Draft, LoadError> {
    let document: Map<String, Value> = serde_json::from_str(text)
        .map_err(|error| LoadError::one(subject, format!("not valid JSON: {error}")))?;
    let mut problems = Problems::default();
    let mut root = Table::new("", document);
    match root.take("spin_lock_version") {
        Some(Value::Number(number)) if matches!(number.as_u64(), Some(0 | 1)) => {}
        None => {
            let reason = "not a Spin lock file: it has no `spin_lock_version`";
            return Err(LoadError::one(subject, reason));
        }
        Some(other) => {
            let reason = format!("lock file version {other} is not supported, only 0 and 1");
            return Err(LoadError::one(subject, reason));
        }
    }
    for part in root.strings("must_understand", &mut problems) {
        if !["host_requirements", "component_host_requirements"].contains(&part.as_str()) {
            problems.at(
                "must_understand",
                format!("this host does not know `{part}`"),
            );
        }
    }
    host_requirements(&mut root, &mut problems);
    let metadata = root.take("metadata").unwrap_or_default();
    let app = App {
        name: string_in(&metadata, "name"),
        base_dir: origin_folder(&metadata).unwrap_or_else(|| folder.to_owned()),
        variables: variables(&mut root, &mut problems),
        triggers: Vec::new(),
        components: BTreeMap::new(),
        trigger_settings: trigger_settings(metadata),
    };
    let mut draft = Draft::new(app);
    for (index, value) in root
        .array("components", &mut problems)
        .into_iter()
        .enumerate()
    {
        component(index, value, &mut draft);
    }
    for (index, value) in root
        .array("triggers", &mut problems)
        .into_iter()
        .enumerate()
    {
        trigger(index, value, &mut draft);
    }
    problems.append(std::mem::take(&mut draft.problems));
    draft.problems = problems;
    Ok(draft)
}

fn string_in(value: &Value, key: &str) -> String {
    let text = value.get(key).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

/// The folder of the manifest the lock was made from, if it was a file.
fn origin_folder(metadata: &Value) -> Option<PathBuf> {
    let path = file_path(metadata.get("origin")?.as_str()?).ok()?;
    path.parent().map(Path::to_owned)
}

/// `metadata.triggers` by kind; locks of old versions have one kind in `metadata.trigger`.
fn trigger_settings(mut metadata: Value) -> BTreeMap<String, Value> {
    let mut settings = BTreeMap::new();
    if let Some(Value::Object(mut only)) = metadata.get_mut("trigger").map(Value::take)
        && let Some(Value::String(kind)) = only.remove("type")
    {
        settings.insert(kind, Value::Object(only));
    }
    if let Some(Value::Object(kinds)) = metadata.get_mut("triggers").map(Value::take) {
        settings.extend(kinds);
    }
    settings
}

fn host_requirements(table: &mut Table, problems: &mut Problems) {
    for (_, feature, value) in table.entries("host_requirements", problems) {
        if value.as_str() != Some("optional") {
            problems.at(
                &table.place("host_requirements"),
                format!("this host does not provide `{feature}`, which is required"),
            );
        }
    }
}

fn variables(root: &mut Table, problems: &mut Problems) -> BTreeMap<String, VariableDeclaration> {
    let mut variables = BTreeMap::new();
    for (place, name, value) in root.entries("variables", problems) {
        let Some(mut table) = Table::from_value(place, value, problems) else {
            continue;
        };
        let default = table.string("default", problems);
        let declaration = VariableDeclaration {
            required: default.is_none(),
            secret: table.flag("secret", problems),
            default,
        };
        variables.insert(name, declaration);
    }
    variables
}

fn component(index: usize, value: Value, draft: &mut Draft) {
    let mut problems = Problems::default();
    let here = format!("components[{index}]");
    let Some(mut table) = Table::from_value(here, value, &mut problems) else {
        draft.problems.append(problems);
        return;
    };
    let Some(id) = table.required_string("id", &mut problems) else {
        draft.problems.append(problems);
        return;
    };
    let place = format!("component.{id}");
    let mut table = Table::new(place.clone(), table.rest());
    let metadata = match table.take("metadata") {
        Some(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    let mut metadata = Table::new(place.clone(), metadata);
    for (key, reason) in [
        ("ai_models", "this host runs no AI models"),
        ("databases", "this host has no SQLite databases"),
    ] {
        if metadata.has(key) {
            problems.at(&metadata.place(key), reason);
        }
    }
    for (key, reason) in [
        ("dependencies", "this host does not compose components"),
        (
            "trigger_dependencies",
            "this host has no trigger middleware",
        ),
    ] {
        if table.has(key) {
            problems.at(&table.place(key), reason);
        }
    }
    host_requirements(&mut table, &mut problems);
    let source = table.take("source").unwrap_or_default();
    let component = Component {
        wasm: content(&source, &table.place("source"), &mut problems).unwrap_or_default(),
        files: mounts(&mut table, &mut problems),
        environment: table.string_map("env", &mut problems),
        variables: table.string_map("config", &mut problems),
        allowed_outbound_hosts: metadata.strings("allowed_outbound_hosts", &mut problems),
        key_value_stores: metadata.strings("key_value_stores", &mut problems),
        id,
    };
    draft.add_component(component, problems);
}

fn mounts(table: &mut Table, problems: &mut Problems) -> Vec<Mount> {
    let place = table.place("files");
    let mut mounts = Vec::new();
    for item in table.array("files", problems) {
        let Some(host) = content(&item, &place, problems) else {
            continue;
        };
        let path = string_in(&item, "path");
        let guest = format!("/{}", path.trim_matches('/'));
        if host.exists() {
            mounts.push(Mount { host, guest });
        } else {
            problems.at(&place, format!("{} does not exist", host.display()));
        }
    }
    mounts
}

/// The local file or folder of a content reference.
fn content(reference: &Value, place: &str, problems: &mut Problems) -> Option<PathBuf> {
    let Some(source) = reference.get("source").and_then(Value::as_str) else {
        problems.at(
            place,
            "it has no `source`: content inside the lock file or by digest is not supported",
        );
        return None;
    };
    match file_path(source) {
        Ok(path) => Some(path),
        Err(reason) => {
            problems.at(place, reason);
            None
        }
    }
}

/// The path of a `file://` URL.
pub(crate) fn file_path(url: &str) -> Result<PathBuf, String> {
    Url::parse(url)
        .ok()
        .filter(|url| url.scheme() == "file")
        .and_then(|url| url.to_file_path().ok())
        .ok_or_else(|| format!("`{url}` is not a file:// URL of this machine"))
}

fn trigger(index: usize, value: Value, draft: &mut Draft) {
    let mut problems = Problems::default();
    let here = format!("triggers[{index}]");
    let Some(mut table) = Table::from_value(here, value, &mut problems) else {
        draft.problems.append(problems);
        return;
    };
    let (Some(id), Some(kind)) = (
        table.required_string("id", &mut problems),
        table.required_string("trigger_type", &mut problems),
    ) else {
        draft.problems.append(problems);
        return;
    };
    if table.has("trigger_dependencies") {
        problems.at(
            &table.place("trigger_dependencies"),
            "this host has no trigger middleware",
        );
    }
    let config = table.take("trigger_config").unwrap_or_default();
    let component = string_in(&config, "component");
    if component.is_empty() && config.get("static_response").is_none() {
        problems.at(
            &table.place("trigger_config"),
            "it names no `component` to call",
        );
    }
    let trigger = Trigger {
        id,
        kind,
        component,
        config,
    };
    draft.add_trigger(trigger, problems);
}
