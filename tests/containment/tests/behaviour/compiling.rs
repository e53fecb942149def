//! The compile cache: nothing is compiled twice, and what is damaged is no harm.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use containment::{Guest, load_with, options};
use tempfile::TempDir;

/// Loads a guest; how often another process was asked to compile. It never does.
async fn load(state: &Path) -> usize {
    let asked = Arc::new(AtomicUsize::new(0));
    let mut options = options(state);
    let count = asked.clone();
    options.compiler = Some(Arc::new(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        Ok(false)
    }));
    let (runtime, _) = load_with(options, vec![Guest::new("hello")]).await.unwrap();
    assert!(runtime.component("hello").is_ok());
    asked.load(Ordering::Relaxed)
}

fn cached(state: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(state.join("cache")).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[tokio::test]
async fn what_was_compiled_once_is_loaded() {
    let state = TempDir::new().unwrap();
    assert_eq!(load(state.path()).await, 1);
    assert_eq!(load(state.path()).await, 0);
}

#[tokio::test]
async fn what_another_process_compiled_is_loaded() {
    let state = TempDir::new().unwrap();
    host_runtime::compile(Guest::new("hello").wasm(), &options(state.path())).unwrap();
    assert_eq!(load(state.path()).await, 0);
}

#[tokio::test]
async fn what_is_damaged_is_compiled_again() {
    let state = TempDir::new().unwrap();
    load(state.path()).await;
    for damaged in [&b""[..], b"\x7fELF", &[0; 4096]] {
        let [file] = &cached(state.path())[..] else {
            panic!("one component, one file");
        };
        fs::write(file, damaged).unwrap();
        assert_eq!(load(state.path()).await, 1);
        assert_eq!(load(state.path()).await, 0);
    }
}

#[tokio::test]
async fn what_no_start_has_used_for_long_is_removed() {
    let state = TempDir::new().unwrap();
    load(state.path()).await;
    let (used, unused) = (
        cached(state.path()).remove(0),
        state.path().join("cache/old"),
    );
    fs::write(&unused, "").unwrap();
    let long_ago = SystemTime::now() - Duration::from_secs(40 * 24 * 3600);
    for path in [&used, &unused] {
        let file = fs::File::options().append(true).open(path).unwrap();
        file.set_modified(long_ago).unwrap();
    }
    load(state.path()).await;
    assert_eq!(cached(state.path()), [used]);
}
