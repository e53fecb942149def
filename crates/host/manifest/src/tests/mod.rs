//! Behaviour of loading, by example.

mod files;
mod hosts;
mod lock;
mod manifest;
mod runtime_config;
mod triggers;
mod variables;

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::{App, Environment, LoadError, Selection, VariableOptions, Variables};

/// A folder with an application in it.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A folder with `spin.toml` and an empty `a.wasm`.
    fn with_manifest(text: &str) -> Self {
        let folder = Self::new();
        folder.write("spin.toml", text);
        folder.write("a.wasm", "");
        folder
    }

    fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn load(&self) -> Result<App, LoadError> {
        App::load(self.0.path())
    }

    fn load_only(&self, kinds: &[&str], components: &[&str]) -> Result<App, LoadError> {
        let some = |names: &[&str]| {
            (!names.is_empty()).then(|| names.iter().map(|&n| n.to_owned()).collect())
        };
        let selection = Selection {
            kinds: some(kinds),
            components: some(components),
        };
        App::load_selected(self.0.path(), &selection)
    }

    fn problems(&self) -> Vec<String> {
        self.load().unwrap_err().problems
    }
}

/// A manifest with one http trigger and component `a`, and these lines at its end.
fn manifest(more: &str) -> String {
    format!(
        "spin_manifest_version = 2\n[application]\nname = \"demo\"\n\
         [[trigger.http]]\nroute = \"/...\"\ncomponent = \"a\"\n\
         [component.a]\nsource = \"a.wasm\"\n{more}"
    )
}

fn app(more: &str) -> App {
    let folder = Folder::with_manifest(&manifest(more));
    folder.load().unwrap()
}

fn variables(app: &App, environment: &[(&str, &str)]) -> Variables {
    let options = VariableOptions {
        environment: Environment::fixed(environment.iter().copied()),
        ..Default::default()
    };
    Variables::new(app, options).unwrap()
}

#[track_caller]
fn assert_mentions(problems: &[String], parts: &[&str]) {
    for part in parts {
        let found = problems.iter().any(|problem| problem.contains(part));
        assert!(found, "no problem mentions {part:?}: {problems:#?}");
    }
}
