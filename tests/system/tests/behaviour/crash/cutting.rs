//! Every connection to Postgres cut at once, as when the server restarts.

use super::{Load, random_pause};

const CUTS: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn a_host_whose_database_connections_are_cut_goes_on_and_loses_nothing() {
    let Some(system) = crate::system().await else {
        return;
    };
    let api = system.api();
    let load = Load::start(&[api.clone()]).await;
    for _ in 0..CUTS {
        random_pause(100, 700).await;
        let cut = system
            .database
            .number(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                 WHERE datname = current_database() AND pid <> pg_backend_pid()",
                &[],
            )
            .await;
        assert!(cut > Some(0));
    }
    load.finish(&api, &system.database).await;
}
