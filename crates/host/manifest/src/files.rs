//! Files that components may read. Patterns of the manifest become mounts, and mounts become one folder
//! per component, as Spin lays them out.

use std::fs;
use std::io;
use std::path::{Component as Segment, Path, PathBuf};

use glob::Pattern;
use serde_json::Value;
use tempfile::TempDir;

use crate::app::{App, Component, Mount};
use crate::check::BUILD_HINT;
use crate::error::{LoadError, Problems};
use crate::table::{Table, expected};

/// `files` of a manifest: patterns and `{ source, destination }`.
pub(crate) fn mounts(
    base_dir: &Path,
    entries: Vec<Value>,
    exclude: &[String],
    place: &str,
    problems: &mut Problems,
) -> Vec<Mount> {
    let mut patterns = Vec::new();
    for text in exclude {
        match Pattern::new(text) {
            Ok(pattern) => patterns.push(pattern),
            Err(error) => problems.at(place, format!("exclude_files `{text}`: {error}")),
        }
    }
    let mut mounts = Vec::new();
    for entry in entries {
        let read = match entry {
            Value::String(pattern) => matching(base_dir, &pattern),
            Value::Object(fields) => {
                let mut table = Table::new(place, fields);
                let source = table.required_string("source", problems);
                let destination = table.required_string("destination", problems);
                table.finish(problems);
                match (source, destination) {
                    (Some(source), Some(destination)) => placed(base_dir, &source, &destination),
                    _ => continue,
                }
            }
            other => Err(expected("a pattern or { source, destination }", &other)),
        };
        match read {
            Ok(found) => mounts.extend(found),
            Err(reason) => problems.at(place, reason),
        }
    }
    match exclude_files(base_dir, mounts, &patterns) {
        Ok(mounts) => mounts,
        Err(reason) => {
            problems.at(place, reason);
            Vec::new()
        }
    }
}

/// A path or a glob pattern; what it matches keeps its path below the base folder.
fn matching(base_dir: &Path, pattern: &str) -> Result<Vec<Mount>, String> {
    if [".", ".."].contains(&pattern) || pattern.ends_with("/.") || pattern.ends_with("/..") {
        return Err(format!(
            "`{pattern}` is not a file pattern; use {{ source, destination }} to mount a folder"
        ));
    }
    let path = base_dir.join(pattern);
    if path.exists() {
        return Ok(vec![below_base(base_dir, path)?]);
    }
    if Pattern::escape(pattern) == pattern {
        return Err(format!("`{pattern}` does not exist; {BUILD_HINT}"));
    }
    let escaped = Pattern::escape(&base_dir.to_string_lossy());
    let files = glob_files(&Path::new(&escaped).join(pattern))?;
    files
        .into_iter()
        .map(|file| below_base(base_dir, file))
        .collect()
}

fn placed(base_dir: &Path, source: &str, destination: &str) -> Result<Vec<Mount>, String> {
    let host = base_dir.join(source);
    if !host.exists() {
        return Err(format!("`{source}` does not exist; {BUILD_HINT}"));
    }
    let destination = Path::new(destination);
    if destination
        .components()
        .any(|segment| segment == Segment::ParentDir)
    {
        return Err(format!(
            "the destination {} leaves the component's root",
            destination.display()
        ));
    }
    Ok(vec![Mount {
        host,
        guest: guest_path(destination)?,
    }])
}

fn below_base(base_dir: &Path, host: PathBuf) -> Result<Mount, String> {
    let outside = || {
        format!(
            "{} is outside the application's folder; files must be below it",
            host.display()
        )
    };
    let relative = host.strip_prefix(base_dir).map_err(|_| outside())?;
    if relative
        .components()
        .any(|segment| segment == Segment::ParentDir)
    {
        return Err(outside());
    }
    let guest = guest_path(relative)?;
    Ok(Mount { host, guest })
}

fn guest_path(path: &Path) -> Result<String, String> {
    let mut guest = String::new();
    for segment in path.components() {
        if let Segment::Normal(name) = segment {
            let name = name
                .to_str()
                .ok_or_else(|| format!("the name of {} is not UTF-8", path.display()))?;
            guest.push('/');
            guest.push_str(name);
        }
    }
    Ok(if guest.is_empty() { "/".into() } else { guest })
}

fn glob_files(pattern: &Path) -> Result<Vec<PathBuf>, String> {
    let text = pattern
        .to_str()
        .ok_or_else(|| format!("the pattern {} is not UTF-8", pattern.display()))?;
    let paths = glob::glob(text).map_err(|error| format!("`{text}`: {error}"))?;
    let mut files = Vec::new();
    for path in paths {
        let path = path.map_err(|error| error.to_string())?;
        if path.is_file() {
            files.push(path);
        }
    }
    Ok(files)
}

/// With patterns to exclude, folders become the list of the files that remain.
fn exclude_files(
    base_dir: &Path,
    mounts: Vec<Mount>,
    exclude: &[Pattern],
) -> Result<Vec<Mount>, String> {
    if exclude.is_empty() {
        return Ok(mounts);
    }
    let mut kept = Vec::new();
    for mount in mounts {
        let files = if mount.host.is_dir() {
            let escaped = Pattern::escape(&mount.host.to_string_lossy());
            glob_files(&Path::new(&escaped).join("**/*"))?
        } else {
            vec![mount.host.clone()]
        };
        for file in files {
            let below_base = file.strip_prefix(base_dir).unwrap_or(&file);
            if exclude
                .iter()
                .any(|pattern| pattern.matches_path(below_base))
            {
                continue;
            }
            let below_mount = file.strip_prefix(&mount.host).unwrap_or(Path::new(""));
            let guest = guest_path(&Path::new(&mount.guest).join(below_mount))?;
            kept.push(Mount { host: file, guest });
        }
    }
    Ok(kept)
}

impl App {
    /// Give each component at most one mount, a folder at `/`, as under Spin. Components that
    /// mount single files or several folders get a copy of them in a temporary folder, which
    /// lives as long as the returned value.
    ///
    /// # Errors
    /// When a file cannot be copied.
    pub fn stage_files(&mut self) -> Result<Option<TempDir>, LoadError> {
        let mut folder = None;
        for component in self.components.values_mut() {
            if is_one_root(&component.files) {
                continue;
            }
            if let Err(error) = stage(component, &mut folder) {
                return Err(LoadError::one(
                    format!("component.{}.files", component.id),
                    format!("cannot copy them: {error}"),
                ));
            }
        }
        Ok(folder)
    }
}

fn is_one_root(mounts: &[Mount]) -> bool {
    match mounts {
        [] => true,
        [one] => one.guest == "/" && one.host.is_dir(),
        _ => false,
    }
}

fn stage(component: &mut Component, folder: &mut Option<TempDir>) -> io::Result<()> {
    let folder = match folder {
        Some(folder) => folder,
        None => folder.insert(tempfile::Builder::new().prefix("spin-files-").tempdir()?),
    };
    let root = folder.path().join(&component.id);
    fs::create_dir_all(&root)?;
    for mount in &component.files {
        let target = root.join(mount.guest.trim_start_matches('/'));
        copy(&mount.host, &target)?;
    }
    component.files = vec![Mount {
        host: root,
        guest: "/".into(),
    }];
    Ok(())
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if from.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
        return Ok(());
    }
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::copy(from, to).map(drop)
}
