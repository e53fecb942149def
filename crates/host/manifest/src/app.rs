//! What the host knows of an application after it is loaded and checked.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use crate::error::LoadError;

/// Trigger kinds this host runs.
pub const TRIGGER_KINDS: [&str; 4] = ["http", "kafka", "cron", "websocket"];

/// A checked application. Templates (`{{ name }}`) in it name declared variables only, but are
/// not resolved yet.
#[derive(Debug, Clone)]
pub struct App {
    /// The application's name.
    pub name: String,
    /// What relative paths in the manifest start from.
    pub base_dir: PathBuf,
    /// Declared variables.
    pub variables: BTreeMap<String, VariableDeclaration>,
    /// All triggers, in the manifest's order within a kind.
    pub triggers: Vec<Trigger>,
    /// Components by id.
    pub components: BTreeMap<String, Component>,
    /// `[application.trigger.<kind>]`, by kind; also of kinds without triggers.
    pub trigger_settings: BTreeMap<String, Value>,
}

/// A variable of the application. Either it is required or it has a default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VariableDeclaration {
    /// The value when no provider has one.
    pub default: Option<String>,
    /// Whether a provider must have a value.
    pub required: bool,
    /// Whether the value must never be shown.
    pub secret: bool,
}

/// One `[[trigger.<kind>]]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Trigger {
    /// Unique within the application.
    pub id: String,
    /// For example `http`.
    pub kind: String,
    /// Id of the component it calls; empty for an http trigger with a `static_response`.
    pub component: String,
    /// The whole table as an object, with `component`, templates unresolved.
    pub config: Value,
}

/// One `[component.<id>]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Component {
    /// Unique within the application; kebab-case.
    pub id: String,
    /// The component's binary.
    pub wasm: PathBuf,
    /// Files and folders it may read.
    pub files: Vec<Mount>,
    /// Its environment variables.
    pub environment: BTreeMap<String, String>,
    /// The variables it may read, as templates.
    pub variables: BTreeMap<String, String>,
    /// Where it may connect to, as templates; see [`AllowedHosts`](crate::AllowedHosts).
    pub allowed_outbound_hosts: Vec<String>,
    /// Labels of the key-value stores it may open.
    pub key_value_stores: Vec<String>,
}

/// A file or folder of the machine as a component sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// On the machine, absolute.
    pub host: PathBuf,
    /// In the component, absolute.
    pub guest: String,
}

impl App {
    /// The triggers of one kind.
    pub fn triggers_of(&self, kind: &str) -> impl Iterator<Item = &Trigger> {
        self.triggers
            .iter()
            .filter(move |trigger| trigger.kind == kind)
    }

    /// Keep these components and the triggers that call them, drop all others.
    ///
    /// # Errors
    /// Names every id the application does not have.
    pub fn retain_components(&mut self, ids: &[String]) -> Result<(), LoadError> {
        let problems: Vec<_> = ids
            .iter()
            .filter(|id| !self.components.contains_key(*id))
            .map(|id| unknown_component(id, self.components.keys()))
            .collect();
        if !problems.is_empty() {
            return Err(LoadError {
                subject: "components to run".into(),
                problems,
            });
        }
        self.components.retain(|id, _| ids.contains(id));
        self.triggers
            .retain(|trigger| ids.contains(&trigger.component));
        Ok(())
    }
}

pub(crate) fn unknown_component<'a>(id: &str, known: impl Iterator<Item = &'a String>) -> String {
    let known: Vec<_> = known.map(String::as_str).collect();
    format!(
        "the application has no component `{id}`; it has {}",
        match known.as_slice() {
            [] => "none".to_owned(),
            known => known.join(", "),
        }
    )
}
