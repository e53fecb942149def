//! Waiting for a condition, never for a fixed time.

use std::panic::Location;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// How long anything may take before a test fails instead of hanging: far longer than it takes on a busy
/// machine. `TEST_PATIENCE_S` sets it for a slower one.
static PATIENCE: LazyLock<Duration> = LazyLock::new(|| {
    let seconds = std::env::var("TEST_PATIENCE_S").ok();
    let seconds = seconds.and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(seconds.unwrap_or(180))
});

/// Between two looks at a condition.
const PAUSE: Duration = Duration::from_millis(10);

/// Asks again and again until there is an answer.
///
/// # Panics
/// Naming what was awaited, when there is none for minutes.
#[track_caller]
pub fn eventually<T>(
    what: &str,
    mut ask: impl AsyncFnMut() -> Option<T>,
) -> impl Future<Output = T> {
    let caller = Location::caller();
    async move {
        let started = Instant::now();
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            let waited = started.elapsed();
            assert!(
                waited < *PATIENCE,
                "{caller}: {what}: not in {} s",
                waited.as_secs()
            );
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Waits for a future that ends by itself.
///
/// # Panics
/// Naming the caller, when it does not end for minutes.
#[track_caller]
pub fn within<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let caller = Location::caller();
    async move {
        match tokio::time::timeout(*PATIENCE, future).await {
            Ok(output) => output,
            Err(_) => panic!("{caller}: still waiting after {} s", PATIENCE.as_secs()),
        }
    }
}
