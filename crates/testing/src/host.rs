//! An application's components in this process, for the tests of triggers.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use host_postgres::Postgres;
use host_runtime::{Options, Runtime};
use manifest::{App, VariableFlag, VariableOptions, Variables};

/// What a trigger is made from.
pub struct Loaded {
    pub app: Arc<App>,
    pub variables: Arc<Variables>,
    pub runtime: Arc<Runtime>,
}

/// Loads the application of a manifest, whose components print into `log_dir`.
///
/// # Errors
/// What is wrong with the manifest, its variables or its components.
pub async fn load(
    manifest: &Path,
    variables: &[(&str, &str)],
    log_dir: Option<PathBuf>,
) -> anyhow::Result<Loaded> {
    let app = Arc::new(App::load(manifest)?);
    let values = variables
        .iter()
        .map(|(name, value)| VariableFlag::Value((*name).into(), (*value).into()));
    let options = VariableOptions {
        overrides: values.collect(),
        ..VariableOptions::default()
    };
    let variables = Arc::new(Variables::new(&app, options)?);
    let mut options = runtime_options(&crate::shared_state());
    options.log_dir = log_dir;
    let runtime = Runtime::load(app.clone(), variables.clone(), options).await?;
    Ok(Loaded {
        app,
        variables,
        runtime,
    })
}

/// A small host's options, with state in this folder.
pub fn runtime_options(state_dir: &Path) -> Options {
    let postgres = Postgres::new(host_postgres::Options::default());
    let mut options = Options::new(state_dir, postgres);
    // Memory for hundreds of instances is not set aside in each of many test programs.
    options.pooling = false;
    options
}
