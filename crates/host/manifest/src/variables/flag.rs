//! The `--variable` flag, with the forms that Spin takes.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// `name=value`, `name=@file` or `@file.json` / `@file.toml` with many of them. Shown without
/// its value.
#[derive(Clone, PartialEq, Eq)]
pub enum VariableFlag {
    /// `name=value`
    Value(String, String),
    /// `name=@file`: the content of the file, as it is.
    Content(String, PathBuf),
    /// `@file.json`: an object of strings.
    Json(PathBuf),
    /// `@file.toml`: a table of strings.
    Toml(PathBuf),
}

impl VariableFlag {
    pub(crate) fn values(&self) -> Result<BTreeMap<String, String>, String> {
        match self {
            Self::Value(name, value) => Ok(BTreeMap::from([(name.clone(), value.clone())])),
            Self::Content(name, path) => Ok(BTreeMap::from([(name.clone(), read(path)?)])),
            // The parsers' messages could quote the text, which holds secrets.
            Self::Json(path) => serde_json::from_str(&read(path)?)
                .map_err(|_| format!("{} is not a JSON object of strings", path.display())),
            Self::Toml(path) => toml::from_str(&read(path)?)
                .map_err(|_| format!("{} is not a TOML table of strings", path.display())),
        }
    }
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

impl FromStr for VariableFlag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix('@') {
            let path = PathBuf::from(path);
            return match path.extension().and_then(|extension| extension.to_str()) {
                Some("json") => Ok(Self::Json(path)),
                Some("toml") => Ok(Self::Toml(path)),
                _ => Err("a file of variables must end in .json or .toml".into()),
            };
        }
        let (name, value) = text
            .split_once('=')
            .ok_or("write name=value, name=@file or @file.json")?;
        Ok(match value.strip_prefix('@') {
            Some(path) => Self::Content(name.to_owned(), path.into()),
            None => Self::Value(name.to_owned(), value.to_owned()),
        })
    }
}

impl fmt::Debug for VariableFlag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(name, _) => write!(f, "{name}=…"),
            Self::Content(name, path) => write!(f, "{name}=@{}", path.display()),
            Self::Json(path) | Self::Toml(path) => write!(f, "@{}", path.display()),
        }
    }
}
