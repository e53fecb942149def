//! Spin applications as data: manifest and lock file, variables, allow-lists, runtime configuration. It
//! runs nothing and opens no connection.

mod app;
mod check;
mod draft;
mod error;
mod files;
mod hosts;
mod load;
mod lock;
mod manifest;
mod runtime_config;
mod table;
mod template;
mod triggers;
mod variables;

pub use app::{App, Component, Mount, TRIGGER_KINDS, Trigger, VariableDeclaration};
pub use draft::Selection;
pub use error::LoadError;
pub use hosts::AllowedHosts;
pub use runtime_config::RuntimeConfig;
pub use triggers::{trigger_configs, trigger_settings};
pub use variables::{
    Environment, Provider, VariableError, VariableFlag, VariableOptions, Variables,
};

#[cfg(test)]
mod tests;
