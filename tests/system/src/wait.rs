//! Waiting for a condition, never for a fixed time.

use std::time::{Duration, Instant};

/// Asks again and again until there is an answer; panics, naming what was awaited, when the time is up.
pub async fn eventually<T>(
    what: &str,
    within: Duration,
    mut ask: impl AsyncFnMut() -> Option<T>,
) -> T {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(
            started.elapsed() < within,
            "{what}: not within {} s",
            within.as_secs_f32()
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
