//! Variables of an application. Values are looked up on every read and never logged. The first provider
//! that has a value wins: `--variable`, the providers of the runtime configuration, `SPIN_VARIABLE_*`,
//! `.env` files, the default.

mod flag;
mod provider;
mod usage;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use crate::app::{App, Component, VariableDeclaration};
use crate::error::{LoadError, Problems};
use crate::hosts::AllowedHosts;
use crate::template::{Part, Template, check_variable_name};

pub use flag::VariableFlag;
pub(crate) use provider::read_env_file;
pub use provider::{Environment, Provider};

/// Where values come from besides the defaults.
#[derive(Default)]
pub struct VariableOptions {
    /// `--variable`: these win over everything else.
    pub overrides: Vec<VariableFlag>,
    /// Providers of the runtime configuration, in its order.
    pub providers: Vec<Provider>,
    /// Files with `SPIN_VARIABLE_<NAME>=value` lines; each must exist, earlier ones win.
    pub env_files: Vec<PathBuf>,
    /// Where `SPIN_VARIABLE_<NAME>` is looked up.
    pub environment: Environment,
}

/// Resolves variables and templates of one application.
pub struct Variables {
    declarations: BTreeMap<String, VariableDeclaration>,
    /// In the order in which they are asked.
    providers: Vec<Provider>,
}

/// Why a variable has no value. Messages never hold a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VariableError {
    /// The name cannot be that of a variable.
    #[error("{0}")]
    InvalidName(String),
    /// The component was not granted it, or the application does not declare it.
    #[error("{0}")]
    Undefined(String),
    /// No provider has a value, or one failed.
    #[error("{0}")]
    Provider(String),
}

impl Variables {
    /// # Errors
    /// Lists every override that is not declared and every file that cannot be read.
    pub fn new(app: &App, options: VariableOptions) -> Result<Self, LoadError> {
        let mut problems = Problems::default();
        let mut overrides = BTreeMap::new();
        for flag in &options.overrides {
            match flag.values() {
                Ok(values) => overrides.extend(values),
                Err(reason) => problems.at("--variable", reason),
            }
        }
        for name in overrides.keys() {
            if !app.variables.contains_key(name) {
                let reason = format!("the application declares no variable `{name}`");
                problems.at("--variable", reason);
            }
        }
        let mut from_files = BTreeMap::new();
        for path in options.env_files.iter().rev() {
            match read_env_file(path) {
                Ok(values) => from_files.extend(values),
                Err(reason) => problems.at(&path.display().to_string(), reason),
            }
        }
        let mut providers = vec![Provider::fixed(overrides)];
        providers.extend(options.providers);
        providers.push(Provider::env(None, options.environment, from_files));
        let variables = Self {
            declarations: app.variables.clone(),
            providers,
        };
        problems.finish("variables", variables)
    }

    /// The value of a variable that the component was granted.
    ///
    /// # Errors
    /// See [`VariableError`].
    pub async fn get(&self, component: &Component, name: &str) -> Result<String, VariableError> {
        check_variable_name(name).map_err(VariableError::InvalidName)?;
        let template = component.variables.get(name).ok_or_else(|| {
            VariableError::Undefined(format!(
                "component `{id}` has no variable `{name}`; add it to [component.{id}.variables]",
                id = component.id
            ))
        })?;
        self.render(template).await
    }

    /// The text with each `{{ name }}` replaced.
    ///
    /// # Errors
    /// The first variable that has no value.
    pub async fn render(&self, template: &str) -> Result<String, VariableError> {
        let template = Template::parse(template).map_err(VariableError::Provider)?;
        let mut text = String::new();
        for part in template.parts() {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Variable(name) => text.push_str(&self.resolve(name)?),
            }
        }
        Ok(text)
    }

    /// The value with the templates in all its strings replaced; keys stay as they are.
    ///
    /// # Errors
    /// The first variable that has no value.
    pub async fn render_json(&self, value: &Value) -> Result<Value, VariableError> {
        Ok(match value {
            Value::String(text) => Value::String(self.render(text).await?),
            Value::Array(items) => {
                let mut rendered = Vec::with_capacity(items.len());
                for item in items {
                    rendered.push(Box::pin(self.render_json(item)).await?);
                }
                Value::Array(rendered)
            }
            Value::Object(fields) => {
                let mut rendered = serde_json::Map::new();
                for (key, item) in fields {
                    rendered.insert(key.clone(), Box::pin(self.render_json(item)).await?);
                }
                Value::Object(rendered)
            }
            other => other.clone(),
        })
    }

    /// Names of variables that something uses and nothing gives a value, in order.
    pub async fn missing(&self, app: &App) -> Vec<String> {
        usage::users(app)
            .into_keys()
            .filter(|name| self.resolve(name).is_err())
            .collect()
    }

    /// Everything about values that would go wrong later: missing ones, failing providers,
    /// allow-lists that are malformed once resolved. Each says what to do.
    pub async fn problems(&self, app: &App) -> Vec<String> {
        let mut problems = Vec::new();
        for (name, users) in usage::users(app) {
            if let Err(error) = self.resolve(&name) {
                problems.push(format!("{error} (used by {})", usage::describe(&users)));
            }
        }
        for component in app.components.values() {
            let mut resolved = Vec::new();
            for host in &component.allowed_outbound_hosts {
                // Hosts with missing variables are reported above already.
                resolved.extend(self.render(host).await.ok());
            }
            if let Err(reasons) = AllowedHosts::parse(&resolved) {
                let place = format!("component.{}.allowed_outbound_hosts", component.id);
                let reasons = reasons.iter().map(|reason| self.redact(reason));
                problems.extend(reasons.map(|reason| format!("{place}: {reason}")));
            }
        }
        problems
    }

    /// The text with the values of secret variables taken out, for messages made by others.
    pub fn redact(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, declaration) in &self.declarations {
            if !declaration.secret {
                continue;
            }
            if let Ok(value) = self.resolve(name)
                && !value.is_empty()
            {
                let shown = format!("{{{{ {name} }}}}");
                text = text.replace(&value, &shown);
                text = text.replace(&value.escape_debug().to_string(), &shown);
            }
        }
        text
    }

    fn resolve(&self, name: &str) -> Result<String, VariableError> {
        let declaration = self.declarations.get(name).ok_or_else(|| {
            VariableError::Undefined(format!("the application declares no variable `{name}`"))
        })?;
        for provider in &self.providers {
            if let Some(value) = provider.get(name).map_err(VariableError::Provider)? {
                return Ok(value);
            }
        }
        declaration.default.clone().ok_or_else(|| {
            VariableError::Provider(format!(
                "variable `{name}` has no value: set {}, or pass --variable {name}=<value>",
                provider::env_name(None, name)
            ))
        })
    }
}
