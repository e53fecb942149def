use host_postgres::Options;

use crate::harness::with_host;

const GUEST: &str = "postgres-values";

#[tokio::test]
async fn every_kind_of_value_comes_back_as_it_was_sent() {
    with_host(Options::default(), async |host| {
        assert_eq!(host.answer(GUEST, "round-trips").await, "");
    })
    .await;
}

#[tokio::test]
async fn an_empty_result_keeps_its_columns() {
    with_host(Options::default(), async |host| {
        let answer = host
            .answer(GUEST, "SELECT 1 AS a, 'x' AS b WHERE false")
            .await;
        assert_eq!(answer, "a: DbDataType::Int32, b: DbDataType::Str | ");
    })
    .await;
}

#[tokio::test]
async fn a_timestamptz_is_read_as_utc() {
    with_host(Options::default(), async |host| {
        let sql = "SELECT '2026-11-21 01:02:03.5+02'::timestamptz AS t";
        let answer = host.answer(GUEST, sql).await;
        assert!(
            answer.contains("Datetime((2026, 11, 20, 23, 2, 3, 500000000))"),
            "{answer}"
        );
    })
    .await;
}

#[tokio::test]
async fn types_without_a_value_of_their_own_come_as_bytes() {
    with_host(Options::default(), async |host| {
        let create = "CREATE TYPE mood AS ENUM ('sad', 'ok')";
        host.database.admin.batch_execute(create).await.unwrap();
        let answer = host.answer(GUEST, "SELECT 'ok'::mood AS m").await;
        assert!(answer.contains("Other(\"mood\")"), "{answer}");
        assert!(answer.contains("Unsupported([111, 107])"), "{answer}");
    })
    .await;
}

#[tokio::test]
async fn a_value_that_cannot_be_expressed_is_an_error_naming_its_column() {
    with_host(Options::default(), async |host| {
        let ran = host.run(GUEST, "SELECT 'infinity'::date AS forever").await;
        let error = ran.unwrap().unwrap_err();
        assert!(
            error.contains("column \\\"forever\\\" of type date"),
            "{error}"
        );
    })
    .await;
}

#[tokio::test]
async fn an_error_of_postgres_arrives_with_its_code_and_fields() {
    with_host(Options::default(), async |host| {
        let create = "CREATE TABLE t (a int CONSTRAINT a_is_small CHECK (a < 10))";
        host.database.admin.batch_execute(create).await.unwrap();
        let ran = host.run(GUEST, "INSERT INTO t VALUES (11)").await;
        let error = ran.unwrap().unwrap_err();
        assert!(error.contains("23514"), "{error}");
        assert!(
            error.contains("(\"constraint\", \"a_is_small\")"),
            "{error}"
        );
    })
    .await;
}
