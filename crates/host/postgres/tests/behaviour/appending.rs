use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use host_postgres::Options;

use crate::harness::{Host, with_host};

const SETTINGS: &str = "postgres-settings";

/// With a table `log`, and a count of the announcements.
async fn with_log(more: &str, test: impl AsyncFnOnce(&Host, &dyn Fn() -> usize)) {
    let announced = Arc::new(AtomicUsize::new(0));
    let counter = announced.clone();
    let options = Options {
        append_table: Some("log".to_owned()),
        on_append: Some(Arc::new(move || {
            counter.fetch_add(1, Ordering::SeqCst);
        })),
        ..Options::default()
    };
    with_host(options, async |host| {
        let create = format!("CREATE TABLE log (a int); {more}");
        host.database.admin.batch_execute(&create).await.unwrap();
        test(host, &|| announced.load(Ordering::SeqCst)).await;
    })
    .await;
}

#[tokio::test]
async fn appending_is_announced_once_committed_and_only_then() {
    with_log("", async |host, count| {
        let append = "WITH x AS (INSERT INTO log VALUES (1) RETURNING a) SELECT 'y' FROM x";
        host.answer(SETTINGS, append).await;
        assert_eq!(count(), 1);

        host.answer(SETTINGS, "BEGIN\nINSERT INTO log VALUES (1)")
            .await;
        host.database.backends_become("state <> 'idle'", 0).await;
        assert_eq!(count(), 1, "rolled back");

        host.answer(SETTINGS, "BEGIN\nINSERT INTO log VALUES (1)\nCOMMIT")
            .await;
        assert_eq!(count(), 2);
        let failed = host.run(SETTINGS, "INSERT INTO log VALUES (1/0)").await;
        assert!(failed.unwrap().is_err());
        assert_eq!(count(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_statement_that_only_reads_or_mentions_the_log_announces_nothing() {
    with_log("", async |host, count| {
        for read in [
            "SELECT 'unrelated'",
            "SELECT count(*)::text FROM log",
            "SELECT 'INSERT INTO log VALUES (1)'",
            "WITH x AS (DELETE FROM log RETURNING a) SELECT 'y' FROM x",
        ] {
            _ = host.run(SETTINGS, read).await.unwrap();
        }
        assert_eq!(count(), 0);
    })
    .await;
}

#[tokio::test]
async fn an_insert_inside_a_function_is_announced_however_deep() {
    let functions = "
        CREATE FUNCTION inner_one() RETURNS text LANGUAGE plpgsql
            AS $$ BEGIN INSERT INTO log VALUES (1); RETURN 'x'; END $$;
        CREATE FUNCTION outer_one() RETURNS text LANGUAGE sql AS $$ SELECT inner_one() $$;
        CREATE FUNCTION standard_one() RETURNS text LANGUAGE sql
            BEGIN ATOMIC INSERT INTO public.log VALUES (1) RETURNING 'x'; END;
        CREATE FUNCTION reading_one() RETURNS text LANGUAGE sql
            AS $$ SELECT count(*)::text FROM log $$;";
    with_log(functions, async |host, count| {
        for (function, announced) in [
            ("inner_one", 1),
            ("outer_one", 2),
            ("standard_one", 3),
            ("reading_one", 3),
        ] {
            host.answer(SETTINGS, &format!("SELECT {function}()")).await;
            assert_eq!(count(), announced, "{function}");
        }
    })
    .await;
}
