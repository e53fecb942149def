//! Finds out whether a path is a manifest or a lock file, and loads it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::app::App;
use crate::draft::Selection;
use crate::error::LoadError;
use crate::{lock, manifest};

impl App {
    /// Load `spin.toml` (or the folder it is in) or a lock file; a `file://` URL is fine too.
    ///
    /// # Errors
    /// Lists every violation at once.
    pub fn load(path: &Path) -> Result<Self, LoadError> {
        Self::load_selected(path, &Selection::default())
    }

    /// Load only what is to run: violations elsewhere in the application do not matter then.
    ///
    /// # Errors
    /// Lists every violation in the selected part at once.
    pub fn load_selected(path: &Path, selection: &Selection) -> Result<Self, LoadError> {
        let path = local_path(path)?;
        let subject = path.display().to_string();
        let text = fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))?;
        let absolute = std::path::absolute(&path).map_err(|error| unreadable(&path, &error))?;
        let folder = absolute.parent().unwrap_or(Path::new("/"));
        let draft = if text.trim_start().starts_with('{') {
            lock::read(&text, folder, &subject)
        } else {
            manifest::read(&text, folder, &subject)
        }?;
        draft.finish(&subject, selection)
    }
}

fn local_path(path: &Path) -> Result<PathBuf, LoadError> {
    let text = path.to_string_lossy();
    let path = if text.starts_with("file:") {
        lock::file_path(&text).map_err(|reason| LoadError::one(text.as_ref(), reason))?
    } else {
        path.to_owned()
    };
    Ok(if path.is_dir() {
        path.join("spin.toml")
    } else {
        path
    })
}

fn unreadable(path: &Path, error: &std::io::Error) -> LoadError {
    LoadError::one(
        path.display().to_string(),
        format!(
            "cannot read the application: {error}; name a spin.toml, the folder it is in, or a \
             lock file"
        ),
    )
}
