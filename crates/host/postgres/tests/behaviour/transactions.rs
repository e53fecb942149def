use host_postgres::Options;

use crate::harness::{Host, with_host};

const GUEST: &str = "postgres-transaction";
const NOTES: &str = "SELECT count(*) FROM notes";
const IN_TRANSACTION: &str = "state LIKE 'idle in transaction%'";

async fn with_notes(test: impl AsyncFnOnce(&Host)) {
    with_host(Options::default(), async |host| {
        let create = "CREATE TABLE notes (text text)";
        host.database.admin.batch_execute(create).await.unwrap();
        test(host).await;
    })
    .await;
}

#[tokio::test]
async fn a_transaction_left_open_is_rolled_back_when_the_guest_returns() {
    with_notes(async |host| {
        host.answer(GUEST, "return").await;
        host.database.backends_become(IN_TRANSACTION, 0).await;
        assert_eq!(host.database.count(NOTES).await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_transaction_left_open_is_rolled_back_when_the_guest_traps() {
    with_notes(async |host| {
        assert!(host.run(GUEST, "trap").await.is_err());
        host.database.backends_become(IN_TRANSACTION, 0).await;
        assert_eq!(host.database.count(NOTES).await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_failed_transaction_does_not_reach_the_next_request() {
    with_notes(async |host| {
        host.answer(GUEST, "fail").await;
        host.answer(GUEST, "insert").await;
        assert_eq!(host.database.count(NOTES).await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_transaction_is_rolled_back_and_its_statement_cancelled_when_the_store_is_dropped() {
    with_notes(async |host| {
        tokio::select! {
            ran = host.run(GUEST, "wait") => panic!("it did not wait: {ran:?}"),
            () = host.database.backends_become("query LIKE '%pg_sleep%' AND state = 'active'", 1) => {}
        }
        host.database.backends_become("state = 'active'", 0).await;
        host.database.backends_become(IN_TRANSACTION, 0).await;
        assert_eq!(host.database.count(NOTES).await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_transaction_keeps_its_connection_and_commits_all_of_it() {
    with_notes(async |host| {
        host.answer(GUEST, "commit").await;
        assert_eq!(host.database.count(NOTES).await, 1);
        host.database.backends_become("state <> 'idle'", 0).await;
    })
    .await;
}

#[tokio::test]
async fn acknowledged_inserts_survive_neighbours_that_leave_transactions_open() {
    with_notes(async |host| {
        let leave = async {
            for _ in 0..30 {
                let _ = host.run(GUEST, "trap").await;
                host.answer(GUEST, "return").await;
            }
        };
        let insert = async {
            for _ in 0..60 {
                host.answer(GUEST, "insert").await;
            }
        };
        tokio::join!(leave, insert);
        assert_eq!(host.database.count(NOTES).await, 60);
    })
    .await;
}
