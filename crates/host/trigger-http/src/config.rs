//! `[[trigger.http]]` and `[application.trigger.http]` of the manifest.

use std::collections::BTreeMap;

use serde::Deserialize;

/// One `[[trigger.http]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TriggerConfig {
    /// The component that answers, unless there is a `static_response`.
    pub component: Option<String>,
    pub route: Route,
    #[serde(default)]
    pub executor: Option<Executor>,
    #[serde(default)]
    pub static_response: Option<StaticResponse>,
}

/// Which paths a trigger answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Route {
    /// `/exact`, `/with/:segment`, `/below/...`
    Pattern(String),
    /// `{ private = true }`: none; only other components of the application reach it.
    Private(Private),
}

/// The table form of a [`Route`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Private {
    pub private: bool,
}

/// How a component is called.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "type")]
pub enum Executor {
    /// Its `wasi:http` export.
    #[serde(alias = "spin")]
    Http,
    /// The CGI-like interface, which this host does not have.
    Wagi,
}

/// An answer that needs no component.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StaticResponse {
    #[serde(default = "ok")]
    pub status_code: u16,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    #[serde(default)]
    pub body: String,
}

fn ok() -> u16 {
    200
}

/// `[application.trigger.http]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TriggerSettings {
    /// Prefix of every route.
    #[serde(default)]
    pub base: Option<String>,
}
