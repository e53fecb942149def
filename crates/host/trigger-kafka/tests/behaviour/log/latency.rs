//! How soon a handler starts after the commit.

use std::time::Duration;

use super::harness::{succeed, with};

#[tokio::test(flavor = "multi_thread")]
async fn a_wake_up_starts_the_handler_without_any_poll() {
    with(async |world| {
        let never = Duration::from_secs(3600);
        let options = event_log::Options {
            poll_busy: never,
            poll_idle: never,
            ..event_log::Options::default()
        };
        let host = world.host_with("host", "", options).await;
        for _ in 0..20 {
            let id = world.append("a", succeed()).await;
            host.log.wake();
            host.until_handled(id).await;
        }
        host.stop().await;
    })
    .await;
}
