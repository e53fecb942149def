use host_postgres::Options;

use crate::harness::with_host;

const GUEST: &str = "postgres-stream";

#[tokio::test]
async fn a_result_larger_than_any_buffer_is_streamed_row_by_row() {
    let options = Options {
        max_result_bytes: 100_000,
        ..Options::default()
    };
    with_host(options, async |host| {
        let answer = host.answer(GUEST, "50000").await;
        assert_eq!(answer, "50000 rows, sum 1250025000");
    })
    .await;
}

#[tokio::test]
async fn other_statements_of_the_connection_run_while_rows_are_read() {
    with_host(Options::default(), async |host| {
        assert_eq!(
            host.answer(GUEST, "slow 2000").await,
            "2000 rows, sum 2001000"
        );
    })
    .await;
}

#[tokio::test]
async fn an_error_after_many_rows_arrives_after_them() {
    with_host(Options::default(), async |host| {
        let answer = host.answer(GUEST, "5007").await;
        assert!(answer.starts_with("failed:"), "{answer}");
        assert!(answer.contains("division by zero"), "{answer}");
    })
    .await;
}

#[tokio::test]
async fn a_single_row_beyond_the_limit_is_an_error() {
    let options = Options {
        max_result_bytes: 500,
        ..Options::default()
    };
    with_host(options, async |host| {
        let answer = host.answer(GUEST, "3").await;
        assert!(answer.contains("larger than the limit of 500"), "{answer}");
    })
    .await;
}

#[tokio::test]
async fn a_buffered_result_beyond_the_limit_is_an_error_and_frees_its_connection() {
    let options = Options {
        max_result_bytes: 10,
        max_connections_per_component: 1,
        ..Options::default()
    };
    with_host(options, async |host| {
        for _ in 0..3 {
            let ran = host.run("postgres-hosts", "open").await;
            let error = ran.unwrap().unwrap_err();
            assert!(error.contains("limit of 10 bytes"), "{error}");
        }
    })
    .await;
}
