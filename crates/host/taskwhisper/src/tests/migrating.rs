//! What `taskwhisper migrate` does to a database.

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, Connection as _, SqlSafeStr as _};

use super::*;
use crate::database::migrate::{Part, State, Status, down, explain, status, up, up_to_date};
use crate::database::{Address, OlderSchema};

fn states(list: &[Status]) -> Vec<State> {
    list.iter().map(|one| one.state).collect()
}

#[tokio::test]
async fn the_schema_goes_up_and_down_step_by_step_and_up_again() {
    let Some(database) = new_database("migrate").await else {
        return;
    };
    let pending = status(&database).await.unwrap();
    assert!(
        states(&pending)
            .iter()
            .all(|state| *state == State::Pending)
    );
    let applied = up(&database).await.unwrap();
    assert_eq!(applied.len(), pending.len());
    assert!(up(&database).await.unwrap().is_empty());
    for version in applied.iter().rev() {
        assert_eq!(down(&database, 1).await.unwrap(), [*version]);
    }
    assert!(down(&database, 1).await.unwrap().is_empty());
    assert_eq!(up(&database).await.unwrap(), applied);
    assert_eq!(down(&database, 2).await.unwrap().len(), 2);
    let now = states(&status(&database).await.unwrap());
    let pending = now.iter().filter(|state| **state == State::Pending);
    assert_eq!(pending.count(), 2);
}

#[tokio::test]
async fn several_processes_may_migrate_at_the_same_time() {
    let Some(database) = new_database("migrate").await else {
        return;
    };
    let (one, two, three) = tokio::join!(up(&database), up(&database), up(&database));
    for result in [one, two, three] {
        result.unwrap();
    }
    let now = states(&status(&database).await.unwrap());
    assert!(now.iter().all(|state| *state == State::Applied));
}

/// Everything that migrating could change: tables, columns, functions, and the record of migrations.
async fn everything(database: &Address) -> String {
    let query = "SELECT concat_ws(E'\\n',
            (SELECT string_agg(m::text, E'\\n' ORDER BY m.version) FROM _sqlx_migrations m),
            (SELECT string_agg(attrelid::regclass || '.' || attname, ' ' ORDER BY attrelid, attnum)
             FROM pg_attribute WHERE attrelid >= 16384),
            (SELECT string_agg(oid::text || prosrc, ' ' ORDER BY oid) FROM pg_proc WHERE oid >= 16384))";
    let client = connect(database.as_str()).await;
    client.query_one(query, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn an_older_schema_is_left_as_it_is_with_advice_how_to_begin_anew() {
    let Some(database) = new_database("older").await else {
        return;
    };
    let applied = up(&database).await.unwrap();
    let client = connect(database.as_str()).await;
    // One migration of the older version read otherwise, one does not exist any more, one was yet to come.
    let newest = applied.last().unwrap();
    let older = format!(
        "UPDATE _sqlx_migrations SET checksum = '\\x00' WHERE version = {};
         UPDATE _sqlx_migrations SET version = {}, description = 'grant something'
         WHERE version = {newest}",
        applied[0],
        applied[0] + 1,
    );
    client.batch_execute(&older).await.unwrap();
    let before = everything(&database).await;
    for part in [Part::Everything, Part::EventLog] {
        let error = up_to_date(&database, part).await.unwrap_err();
        let older = error.downcast_ref::<OlderSchema>().expect("it is older");
        assert!(older.changed[0].starts_with(&applied[0].to_string()));
        assert!(older.gone[0].ends_with("grant something"));
        let advice = error.to_string();
        assert!(advice.contains("DROP DATABASE"), "{advice}");
    }
    assert_eq!(everything(&database).await, before);

    // A version that is yet to come is no reason to throw a database away.
    client
        .batch_execute(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             VALUES (99991231235959, 'from the future', true, '\\x00', 0)",
        )
        .await
        .unwrap();
    let error = up(&database).await.unwrap_err();
    assert!(error.downcast_ref::<OlderSchema>().is_none());
    assert!(error.to_string().contains("run the newer version"));
    let now = states(&status(&database).await.unwrap());
    assert_eq!(now.first(), Some(&State::Changed));
    assert_eq!(now.last(), Some(&State::Unknown));
}

/// The same database, owned by somebody who is no superuser and may make no roles.
async fn given_to_a_plain_owner(database: &Address) -> Address {
    let client = connect(database.as_str()).await;
    let row = client.query_one("SELECT current_database()", &[]).await;
    let name: String = row.unwrap().get(0);
    let owner = format!("owner_of_{name}");
    let give = format!(
        "CREATE ROLE \"{owner}\" LOGIN PASSWORD 'p'; ALTER DATABASE \"{name}\" OWNER TO \"{owner}\""
    );
    client.batch_execute(&give).await.unwrap();
    let mut url = url::Url::parse(database.as_str()).unwrap();
    url.set_username(&owner).unwrap();
    url.set_password(Some("p")).unwrap();
    Address::parse(url.as_str()).unwrap()
}

#[tokio::test]
async fn the_event_log_alone_is_made_by_a_plain_owner_and_the_rest_can_follow() {
    let (Some(other), Some(database)) = (new_database("full").await, new_database("log").await)
    else {
        return;
    };
    // From here on the server has the roles.
    up(&other).await.unwrap();
    let owner = given_to_a_plain_owner(&database).await;
    let of_log: Vec<_> = schema::event_log().map(|one| one.version).collect();
    assert_eq!(up_to_date(&owner, Part::EventLog).await.unwrap(), of_log);
    assert!(up_to_date(&owner, Part::EventLog).await.unwrap().is_empty());

    let client = connect(owner.as_str()).await;
    let query = "SELECT to_regclass('outbox') IS NOT NULL, to_regclass('tasks') IS NOT NULL";
    let row = client.query_one(query, &[]).await.unwrap();
    assert_eq!(
        (row.get(0), row.get(1)),
        (true, false),
        "tables of the log, and no others"
    );
    event_log::operate::Operator::connect(owner.as_str())
        .await
        .expect("it can be used as an event log");

    let rest = up(&owner).await.unwrap();
    assert_eq!(rest.len() + of_log.len(), schema::MIGRATIONS.len());
    assert!(up_to_date(&owner, Part::EventLog).await.unwrap().is_empty());
}

#[tokio::test]
async fn who_may_not_make_the_roles_reads_what_a_superuser_has_to_run() {
    let Some(database) = new_database("roles").await else {
        return;
    };
    let owner = given_to_a_plain_owner(&database).await;
    // Under names that no other test gives the server.
    let roles = schema::MIGRATIONS
        .iter()
        .find(|one| one.up.contains("CREATE ROLE"));
    let missing = format!("absent_{}_", std::process::id());
    let sql = roles
        .expect("roles are made")
        .up
        .replace("taskwhisper_", &missing);
    let migrator = Migrator::with_migrations(vec![Migration::new(
        1,
        "create roles".into(),
        MigrationType::Simple,
        AssertSqlSafe(sql).into_sql_str(),
        false,
    )]);
    let options = owner.sqlx_options();
    let mut connection = sqlx::PgConnection::connect_with(&options).await.unwrap();
    let error = migrator.run(&mut connection).await.unwrap_err();
    let error = format!("{:#}", explain(error));
    for part in [
        "is missing",
        "CREATEROLE",
        &format!("CREATE ROLE {missing}"),
    ] {
        assert!(error.contains(part), "{part}: {error}");
    }
}
