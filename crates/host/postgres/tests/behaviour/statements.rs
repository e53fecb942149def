use host_postgres::Options;

use crate::harness::{Host, with_host};

const GUEST: &str = "postgres-statements";

async fn with_table(test: impl AsyncFnOnce(&Host)) {
    with_host(Options::default(), async |host| {
        let create = "CREATE TABLE t (a int); INSERT INTO t VALUES (1)";
        host.database.admin.batch_execute(create).await.unwrap();
        test(host).await;
    })
    .await;
}

#[tokio::test]
async fn a_prepared_statement_follows_changes_of_its_table() {
    with_table(async |host| {
        assert_eq!(host.answer(GUEST, "SELECT * FROM t").await, "a x 1");
        let change = "ALTER TABLE t ADD COLUMN b text; ALTER TABLE t ALTER COLUMN a TYPE bigint";
        host.database.admin.batch_execute(change).await.unwrap();
        assert_eq!(host.answer(GUEST, "SELECT * FROM t").await, "a,b x 1");
        assert_eq!(host.answer(GUEST, "SELECT * FROM t").await, "a,b x 1");
    })
    .await;
}

#[tokio::test]
async fn a_prepared_statement_that_the_server_forgot_is_prepared_anew() {
    with_table(async |host| {
        assert_eq!(host.answer(GUEST, "SELECT a FROM t").await, "a x 1");
        // Forgets them behind the driver's back, through a function that looks harmless.
        let forget = "CREATE FUNCTION forget() RETURNS int LANGUAGE plpgsql \
                      AS $$ BEGIN EXECUTE 'DEALLOCATE ALL'; RETURN 1; END $$";
        host.database.admin.batch_execute(forget).await.unwrap();
        host.answer(GUEST, "SELECT forget()").await;
        assert_eq!(host.answer(GUEST, "SELECT a FROM t").await, "a x 1");
    })
    .await;
}

#[tokio::test]
async fn repeating_a_statement_prepares_it_once() {
    with_table(async |host| {
        host.answer(GUEST, "repeat 50").await;
        let prepared = "SELECT * FROM pg_prepared_statements WHERE statement = 'SELECT 1'";
        let answer = host.answer(GUEST, prepared).await;
        assert!(answer.ends_with("x 1"), "{answer}");
    })
    .await;
}

#[tokio::test]
async fn statements_kept_on_a_connection_are_bounded() {
    let options = Options {
        max_statements_per_connection: 5,
        ..Options::default()
    };
    with_host(options, async |host| {
        for number in 0..20 {
            host.answer(GUEST, &format!("SELECT {number}")).await;
        }
        let prepared = "SELECT * FROM pg_prepared_statements";
        let answer = host.answer(GUEST, prepared).await;
        assert!(answer.ends_with("x 5"), "{answer}");
    })
    .await;
}
