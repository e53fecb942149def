//! `runtime-config.toml`: what the operator decides, as opposed to the author of the application.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::error::{LoadError, Problems};
use crate::manifest::object;
use crate::table::Table;
use crate::variables::{Environment, Provider, read_env_file};

/// The operator's configuration.
#[derive(Default)]
pub struct RuntimeConfig {
    /// `[[variables_provider]]`, in order.
    pub providers: Vec<Provider>,
    /// Where state is kept.
    pub state_dir: Option<PathBuf>,
    /// Where components' output goes.
    pub log_dir: Option<PathBuf>,
    /// Bytes of memory an instance may use.
    pub max_instance_memory: Option<u64>,
    /// What was ignored, for the log.
    pub warnings: Vec<String>,
}

impl RuntimeConfig {
    /// Read the file. An empty folder in its place counts as no file, with a warning: that is
    /// what Kubernetes makes of an optional secret that does not exist.
    ///
    /// # Errors
    /// Lists every mistake at once.
    pub fn read(path: &Path, environment: &Environment) -> Result<Self, LoadError> {
        let subject = path.display().to_string();
        if is_empty_folder(path) {
            let warning = format!(
                "{subject} is an empty folder, so there is no runtime configuration; in \
                 Kubernetes this means that the secret it is mounted from does not exist"
            );
            return Ok(Self {
                warnings: vec![warning],
                ..Self::default()
            });
        }
        let text = fs::read_to_string(path)
            .map_err(|error| LoadError::one(&subject, format!("cannot read it: {error}")))?;
        Self::parse(&text, &subject, environment)
    }

    fn parse(text: &str, subject: &str, environment: &Environment) -> Result<Self, LoadError> {
        // The parser's full message would quote the line, which may hold a secret.
        let document: toml::Table = toml::from_str(text).map_err(|error: toml::de::Error| {
            LoadError::one(subject, format!("not valid TOML: {}", error.message()))
        })?;
        let mut problems = Problems::default();
        let mut root = Table::new("", object(document));
        let mut config = Self::default();
        // `config_provider` is the name in Spin 1, and what the SpinKube operator still writes.
        for key in ["variables_provider", "config_provider"] {
            for (index, value) in root.array(key, &mut problems).into_iter().enumerate() {
                let place = format!("{key}[{index}]");
                config
                    .providers
                    .extend(provider(place, value, environment, &mut problems));
            }
        }
        let folder = |text: String| (!text.is_empty()).then(|| PathBuf::from(text));
        config.state_dir = root.string("state_dir", &mut problems).and_then(folder);
        config.log_dir = root.string("log_dir", &mut problems).and_then(folder);
        config.max_instance_memory = match root.take("max_instance_memory") {
            None => None,
            Some(value) => value.as_u64().or_else(|| {
                problems.at("max_instance_memory", "expected a number of bytes");
                None
            }),
        };
        for (place, _, value) in root.entries("key_value_store", &mut problems) {
            check_key_value_store(place, value, &mut problems);
        }
        config.warnings = root
            .rest()
            .keys()
            .map(|key| format!("{subject}: `{key}` means nothing to this host, ignored"))
            .collect();
        problems.finish(subject, config)
    }
}

fn is_empty_folder(path: &Path) -> bool {
    fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none())
}

fn provider(
    place: String,
    value: Value,
    environment: &Environment,
    problems: &mut Problems,
) -> Option<Provider> {
    let mut table = Table::from_value(place.clone(), value, problems)?;
    let kind = table.required_string("type", problems)?;
    let provider = match kind.as_str() {
        "static" => Provider::fixed(table.string_map("values", problems)),
        "env" => {
            let prefix = table.string("prefix", problems);
            let from_files = match table.string("dotenv_path", problems) {
                None => Ok(BTreeMap::new()),
                Some(path) => read_env_file(Path::new(&path)),
            };
            let from_files = from_files.unwrap_or_else(|reason| {
                problems.at(&table.place("dotenv_path"), reason);
                BTreeMap::new()
            });
            Provider::env(prefix, environment.clone(), from_files)
        }
        other => {
            problems.at(
                &place,
                format!(
                    "providers of type `{other}` are not supported, only `static` and `env`; \
                     have the secret put into environment variables SPIN_VARIABLE_<NAME>"
                ),
            );
            return None;
        }
    };
    table.finish(problems);
    Some(provider)
}

/// All stores live in the state folder, so there is nothing to set; only to refuse.
fn check_key_value_store(place: String, value: Value, problems: &mut Problems) {
    let Some(mut table) = Table::from_value(place, value, problems) else {
        return;
    };
    match table.required_string("type", problems).as_deref() {
        None => {}
        Some("spin") => {
            if table.take("path").is_some() {
                problems.at(
                    &table.place("path"),
                    "it is not supported; all stores are kept in the state folder",
                );
            }
            table.finish(problems);
        }
        Some(kind) => problems.at(
            &table.place("type"),
            format!("stores of type `{kind}` are not supported, only `spin`"),
        ),
    }
}
