//! Sources of values: fixed values, environment variables, `.env` files.

use std::collections::BTreeMap;
use std::env;
use std::path::Path;
use std::sync::Arc;

/// Prefix of the environment variables that hold values.
const DEFAULT_PREFIX: &str = "SPIN_VARIABLE";

type Lookup = dyn Fn(&str) -> Result<Option<String>, String> + Send + Sync;

/// Environment variables: those of this process, or fixed ones.
#[derive(Clone)]
pub struct Environment(Arc<Lookup>);

impl Environment {
    /// This process's variables, read anew each time.
    pub fn process() -> Self {
        Self::from_fn(|name| match env::var(name) {
            Ok(value) => Ok(Some(value)),
            Err(env::VarError::NotPresent) => Ok(None),
            Err(env::VarError::NotUnicode(_)) => Err(format!("{name} is not valid UTF-8")),
        })
    }

    /// These variables and no others.
    pub fn fixed<N: Into<String>, V: Into<String>>(
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let variables: BTreeMap<String, String> = variables
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        Self::from_fn(move |name| Ok(variables.get(name).cloned()))
    }

    /// Whatever the function finds; an error stops the search for a value.
    pub fn from_fn(
        lookup: impl Fn(&str) -> Result<Option<String>, String> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(lookup))
    }
}

impl Default for Environment {
    fn default() -> Self {
        Self::process()
    }
}

/// One source of values.
#[derive(Clone)]
pub struct Provider(Kind);

#[derive(Clone)]
enum Kind {
    Fixed(BTreeMap<String, String>),
    Env {
        prefix: Option<String>,
        environment: Environment,
        /// By environment variable's name; asked after the environment.
        from_files: BTreeMap<String, String>,
    },
}

impl Provider {
    /// Values by variable's name.
    pub fn fixed(values: BTreeMap<String, String>) -> Self {
        Self(Kind::Fixed(values))
    }

    /// `<PREFIX>_<NAME>` in the environment, then in what was read from files. Without a prefix:
    /// `SPIN_VARIABLE`.
    pub fn env(
        prefix: Option<String>,
        environment: Environment,
        from_files: BTreeMap<String, String>,
    ) -> Self {
        Self(Kind::Env {
            prefix,
            environment,
            from_files,
        })
    }

    pub(crate) fn get(&self, name: &str) -> Result<Option<String>, String> {
        match &self.0 {
            Kind::Fixed(values) => Ok(values.get(name).cloned()),
            Kind::Env {
                prefix,
                environment,
                from_files,
            } => {
                let name = env_name(prefix.as_deref(), name);
                let found = (environment.0)(&name)?;
                Ok(found.or_else(|| from_files.get(&name).cloned()))
            }
        }
    }
}

/// The environment variable that holds a variable's value.
pub(crate) fn env_name(prefix: Option<&str>, name: &str) -> String {
    let prefix = prefix.unwrap_or(DEFAULT_PREFIX);
    format!("{prefix}_{}", name.to_ascii_uppercase())
}

/// The lines of a `.env` file; the file's values are not put into this process's environment.
pub(crate) fn read_env_file(path: &Path) -> Result<BTreeMap<String, String>, String> {
    let lines = dotenvy::from_path_iter(path).map_err(|error| format!("cannot read: {error}"))?;
    let mut values = BTreeMap::new();
    for (index, line) in lines.enumerate() {
        // dotenvy's message quotes the line, which may hold a secret.
        let (name, value) = line.map_err(|_| format!("entry {} is not NAME=value", index + 1))?;
        values.entry(name).or_insert(value);
    }
    Ok(values)
}
