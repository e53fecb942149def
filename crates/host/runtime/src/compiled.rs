//! Compiled components on disk. They are mapped, not read: a start takes no time, code that no call
//! needs takes no memory, and processes share it.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::{Options, engine};

/// How long a file that no start used is kept.
const KEEP: Duration = Duration::from_secs(30 * 24 * 3600);

/// Compiles a component into the cache of an application whose [`Options`] are the same: for a process
/// that ends after it. Compiling takes memory that a process would hardly give back.
///
/// # Errors
/// When it is no component, or the cache cannot be written.
pub fn compile(wasm: &Path, options: &Options) -> anyhow::Result<()> {
    let engine = engine::build(options)?;
    let cache = Cache::open(&options.state_dir)?;
    let (bytes, file) = cache.find(&engine, wasm)?;
    cache.write(&compiled(&engine, wasm, &bytes)?, &file)
}

/// Where compiled components are kept.
pub(crate) struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// Makes the folder: what is in it is run, so only its owner may write there.
    pub fn open(state_dir: &Path) -> anyhow::Result<Self> {
        let folder = state_dir.join("cache");
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder
            .create(&folder)
            .with_context(|| format!("cannot create the compile cache {}", folder.display()))?;
        Ok(Self { folder })
    }

    /// The component; compiled if it is not in the cache, by `elsewhere` if that can do it.
    pub fn load(
        &self,
        engine: &Engine,
        wasm: &Path,
        elsewhere: impl FnOnce() -> anyhow::Result<bool>,
    ) -> anyhow::Result<Component> {
        let (bytes, file) = self.find(engine, wasm)?;
        if let Some(component) = open(engine, &file) {
            return Ok(component);
        }
        if elsewhere()?
            && let Some(component) = open(engine, &file)
        {
            return Ok(component);
        }
        let compiled = compiled(engine, wasm, &bytes)?;
        if let Err(error) = self.write(&compiled, &file) {
            tracing::warn!("{error:#}: the next start has to compile it again");
        }
        deserialize(engine, &compiled).map_err(anyhow::Error::from)
    }

    /// The component's bytes, and the file for what this engine makes of them.
    fn find(&self, engine: &Engine, wasm: &Path) -> anyhow::Result<(Vec<u8>, PathBuf)> {
        let bytes = fs::read(wasm).with_context(|| format!("cannot read {}", wasm.display()))?;
        let mut made_by = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut made_by);
        let name = format!(
            "{:x}-{:016x}.cwasm",
            Sha256::digest(&bytes),
            made_by.finish()
        );
        Ok((bytes, self.folder.join(name)))
    }

    /// All of it or nothing, also when the machine stops half-way.
    fn write(&self, compiled: &[u8], file: &Path) -> anyhow::Result<()> {
        let write = || {
            let mut new = tempfile::NamedTempFile::new_in(&self.folder)?;
            new.write_all(compiled)?;
            new.as_file().sync_all()?;
            new.persist(file)?;
            std::io::Result::Ok(())
        };
        write().with_context(|| format!("cannot write {}", file.display()))
    }

    /// Removes what no start has used for a month.
    pub fn tidy(&self) {
        let Ok(entries) = fs::read_dir(&self.folder) else {
            return;
        };
        let before = SystemTime::now() - KEEP;
        for entry in entries.flatten() {
            let used = entry.metadata().and_then(|metadata| metadata.modified());
            if used.is_ok_and(|used| used < before) {
                // Who else uses it has it open.
                _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// `None`: it is not there, or of no use.
fn open(engine: &Engine, file: &Path) -> Option<Component> {
    // Says when it was last of use. Without the right to write, it is of use all the same.
    if let Ok(file) = File::options().append(true).open(file) {
        _ = file.set_modified(SystemTime::now());
    }
    if !file.exists() {
        return None;
    }
    match map(engine, file) {
        Ok(component) => Some(component),
        Err(error) => {
            tracing::warn!("{} is of no use: {error:#}", file.display());
            None
        }
    }
}

fn compiled(engine: &Engine, wasm: &Path, bytes: &[u8]) -> anyhow::Result<Vec<u8>> {
    engine
        .precompile_component(bytes)
        .map_err(anyhow::Error::from)
        .with_context(|| format!("cannot compile {}", wasm.display()))
}

#[expect(unsafe_code, reason = "compiled code is trusted, however it is loaded")]
fn map(engine: &Engine, file: &Path) -> wasmtime::Result<Component> {
    // SAFETY: it is in a folder that is its owner's alone, where `Cache::write` puts what wasmtime
    // has compiled, whole, and never changes it.
    unsafe { Component::deserialize_file(engine, file) }
}

#[expect(unsafe_code, reason = "compiled code is trusted, however it is loaded")]
fn deserialize(engine: &Engine, compiled: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: wasmtime has just compiled it.
    unsafe { Component::deserialize(engine, compiled) }
}
