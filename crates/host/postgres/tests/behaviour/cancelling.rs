use host_postgres::Options;

use crate::harness::with_host;

const GUEST: &str = "postgres-cancel";

#[tokio::test]
async fn a_statement_is_cancelled_when_the_guest_drops_the_call() {
    with_host(Options::default(), async |host| {
        host.answer(GUEST, "call").await;
        host.database.backends_become("state = 'active'", 0).await;
    })
    .await;
}

#[tokio::test]
async fn a_transaction_does_not_go_on_after_one_of_its_statements_was_cancelled() {
    with_host(Options::default(), async |host| {
        let ran = host.run(GUEST, "call-in-transaction").await;
        let error = ran.unwrap().unwrap_err();
        assert!(error.contains("open a new one"), "{error}");
        host.database
            .backends_become("state LIKE 'idle in%' OR state = 'active'", 0)
            .await;
    })
    .await;
}

#[tokio::test]
async fn a_statement_is_cancelled_when_the_guest_drops_its_rows() {
    with_host(Options::default(), async |host| {
        host.answer(GUEST, "rows").await;
        host.database.backends_become("state = 'active'", 0).await;
    })
    .await;
}

#[tokio::test]
async fn a_statement_is_cancelled_when_its_instance_ends() {
    with_host(Options::default(), async |host| {
        let sleeping = "query LIKE '%pg_sleep%' AND state = 'active'";
        tokio::select! {
            ran = host.run(GUEST, "wait") => panic!("it did not wait: {ran:?}"),
            () = host.database.backends_become(sleeping, 1) => {}
        }
        host.database.backends_become("state = 'active'", 0).await;
    })
    .await;
}

#[tokio::test]
async fn a_write_that_has_begun_to_answer_is_committed_though_its_rows_are_dropped() {
    with_host(Options::default(), async |host| {
        let create = "CREATE TABLE notes (text text)";
        host.database.admin.batch_execute(create).await.unwrap();
        host.answer(GUEST, "rows-of-a-write").await;
        host.database
            .becomes("SELECT count(*) FROM notes", 2000)
            .await;
    })
    .await;
}

#[tokio::test]
async fn connections_of_cancelled_statements_make_room_for_others() {
    let options = Options {
        max_connections_per_component: 2,
        ..Options::default()
    };
    with_host(options, async |host| {
        for _ in 0..6 {
            host.answer(GUEST, "call").await;
        }
        host.database.backends_become("state = 'active'", 0).await;
    })
    .await;
}
