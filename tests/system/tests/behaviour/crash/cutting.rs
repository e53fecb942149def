//! Every connection to Postgres cut at once, as when the server restarts.

use system_tests::eventually;

use super::{Load, Random, times};

#[tokio::test(flavor = "multi_thread")]
async fn a_host_whose_database_connections_are_cut_goes_on_and_loses_nothing() {
    let Some(system) = crate::system().await else {
        return;
    };
    let api = system.api();
    let load = Load::start(std::slice::from_ref(&api)).await;
    let mut random = Random::new();
    for _ in 0..times() {
        random.pause(100, 700).await;
        // Each cut hits something: after the last one the host may still be on its way back.
        eventually("connections to cut", async || {
            let cut = system
                .database
                .number(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                     WHERE datname = current_database() AND pid <> pg_backend_pid()",
                    &[],
                )
                .await;
            cut.filter(|count| *count > 0)
        })
        .await;
    }
    load.finish(&api, &system.database).await;
}
