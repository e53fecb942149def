//! Filters in a real Postgres: SQL and the domain let the same tasks through.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/listed.rs"]
mod listed;
mod support;

use chrono::{DateTime, Utc};
use domain::filter::{Condition, Filter, Place};
use listed::{Listed, Random, insert};
use spin_sdk::pg::DbValue;
use std::collections::BTreeSet;
use store::Database;
use store::database::Row;
use store::tasks::filter;
use support::{TestDatabase, database};
use uuid::Uuid;

const ZONE: chrono_tz::Tz = chrono_tz::Tz::Europe__Berlin;

fn text(row: &Row, column: usize) -> String {
    match row.get(column) {
        Some(DbValue::Str(text)) => text.clone(),
        other => panic!("{other:?}"),
    }
}

async fn found(
    db: &TestDatabase,
    user_id: Uuid,
    filter: &Filter,
    now: DateTime<Utc>,
) -> BTreeSet<Uuid> {
    meeting(db, user_id, &filter.resolve(now, ZONE)).await
}

async fn meeting(db: &TestDatabase, user_id: Uuid, condition: &Condition) -> BTreeSet<Uuid> {
    let mut parameters = vec![user_id.to_string().into()];
    let wanted = filter::condition(condition, &mut parameters);
    let statement =
        format!("SELECT t.id::text FROM tasks t WHERE t.user_id = $1::text::uuid AND {wanted}");
    let rows = db.app.query(&statement, parameters).await;
    let rows = rows.unwrap_or_else(|error| panic!("{condition:?}: {error:?}\n{statement}"));
    rows.iter()
        .map(|row| text(row, 0).parse().unwrap())
        .collect()
}

fn expected(tasks: &[Listed], filter: &Filter, now: DateTime<Utc>) -> BTreeSet<Uuid> {
    tasks
        .iter()
        .filter(|task| filter.matches(&task.candidate(&task.texts()), now, ZONE))
        .map(|task| task.id)
        .collect()
}

/// Each lets some of the tasks through, but not all.
const TERMS: &[&str] = &[
    "today",
    "tomorrow",
    "overdue",
    "next 7 days",
    "no date",
    "due: -1d",
    "due before: tomorrow",
    "due after: friday",
    "created: yesterday",
    "created before: -2d",
    "created after: +1d",
    "updated: today",
    "updated before: monday",
    "updated after: -3d",
    "completed",
    "completed: -1d",
    "completed before: today",
    "completed after: -1w",
    "pending",
    "p1",
    "p2",
    "p3",
    "p4",
    "#home",
    "@CAFE",
    "#\"R&D\"",
    "#\"two words\"",
    "#ss",
    "no tag",
    "+work",
    "+\"zwei worter\"",
    "+CAFÉ",
    "no project",
    "recurring",
    "by assistant",
    "search: cafe",
    "search: milk anrufen",
    "\"café milk\"",
    "\"arzt\"",
    "\"100%\"",
    "\"a_b\"",
    "\"\\\\\"",
    "\"'t\"",
    "\"测\"",
    "\"strasse\"",
    "\"ПРИВЕТ\"",
    "\"éclair\"",
    "\"\\\"quoted\\\"\"",
];

fn random_filter(random: &mut Random, depth: usize) -> String {
    if depth == 0 || random.below(4) == 0 {
        return random.pick(TERMS).to_owned();
    }
    let mut inner = || random_filter(random, depth - 1);
    let (one, other) = (inner(), inner());
    match random.below(3) {
        0 => format!("({one} & {other})"),
        1 => format!("({one} | {other})"),
        _ => format!("!({one})"),
    }
}

#[tokio::test]
async fn sql_and_the_domain_let_the_same_tasks_through() {
    let Some(db) = database().await else { return };
    let random = &mut Random(11);
    let (ada, bob) = (db.user("UTC").await.user_id, db.user("UTC").await.user_id);
    let tasks = insert(&db, ada, 300, random).await;
    let bobs = insert(&db, bob, 50, random).await;
    let now = Utc::now();
    for term in TERMS {
        let filter: Filter = term.parse().unwrap();
        let found = found(&db, ada, &filter, now).await;
        assert_eq!(found, expected(&tasks, &filter, now), "{filter}");
        assert!(
            !found.is_empty() && found.len() < tasks.len(),
            "{filter}: {}",
            found.len()
        );
    }
    for _ in 0..1_500 {
        let filter: Filter = random_filter(random, 3).parse().unwrap();
        assert_eq!(
            found(&db, ada, &filter, now).await,
            expected(&tasks, &filter, now),
            "{filter}"
        );
    }
    let filter: Filter = "+work | \"milk\"".parse().unwrap();
    assert_eq!(
        found(&db, bob, &filter, now).await,
        expected(&bobs, &filter, now)
    );
}

#[tokio::test]
async fn a_place_is_a_condition_too() {
    let Some(db) = database().await else { return };
    let user_id = db.user("UTC").await.user_id;
    let tasks = insert(&db, user_id, 60, &mut Random(19)).await;
    for (place, index) in [(Place::Project, 0), (Place::Section, 1), (Place::Parent, 2)] {
        let id = tasks.iter().find_map(|task| task.places[index]).unwrap();
        for condition in [
            Condition::In(place, id),
            Condition::Not(Box::new(Condition::In(place, id))),
        ] {
            let found = meeting(&db, user_id, &condition).await;
            let expected = tasks
                .iter()
                .filter(|task| condition.matches(&task.candidate(&task.texts())));
            assert_eq!(
                found,
                expected.map(|task| task.id).collect(),
                "{condition:?}"
            );
            assert!(!found.is_empty() && found.len() < tasks.len());
        }
    }
}

#[tokio::test]
async fn what_people_write_is_never_part_of_the_statement() {
    let Some(db) = database().await else { return };
    let user_id = db.user("UTC").await.user_id;
    let tasks = insert(&db, user_id, 20, &mut Random(12)).await;
    for text in [
        "'; DROP TABLE tasks; --",
        "$1",
        "\\",
        "%",
        "_",
        "{}",
        "') OR true --",
    ] {
        for sign in ["", "#", "+"] {
            let filter: Filter = format!("{sign}\"{}\"", text.replace('\\', "\\\\"))
                .parse()
                .unwrap();
            let now = Utc::now();
            assert_eq!(
                found(&db, user_id, &filter, now).await,
                expected(&tasks, &filter, now),
                "{filter}"
            );
        }
    }
}

#[tokio::test]
async fn the_longest_and_deepest_filters_are_one_statement_that_works() {
    let Some(db) = database().await else { return };
    let user_id = db.user("UTC").await.user_id;
    let tasks = insert(&db, user_id, 20, &mut Random(13)).await;
    let deep = format!("{}\"milk\"{}", "!(".repeat(8), ")".repeat(8));
    for filter in [
        vec!["\"milk\""; 64].join("|"),
        vec!["!#home"; 64].join("&"),
        deep,
    ] {
        let (filter, now): (Filter, _) = (filter.parse().unwrap(), Utc::now());
        assert_eq!(
            found(&db, user_id, &filter, now).await,
            expected(&tasks, &filter, now)
        );
    }
}

#[tokio::test]
async fn an_index_leads_to_the_user_whatever_the_filter() {
    let Some(db) = database().await else { return };
    let random = &mut Random(14);
    let mut user_id = Uuid::nil();
    for _ in 0..40 {
        user_id = db.user("UTC").await.user_id;
        insert(&db, user_id, 60, random).await;
    }
    db.owner.batch_execute("ANALYZE").await.unwrap();
    let filters = TERMS.iter().map(|term| (*term).to_owned());
    for filter in filters.chain(["!(p1 | \"milk\") & (today | #home | no date)".to_owned()]) {
        let filter: Filter = filter.parse().unwrap();
        let mut parameters = vec![user_id.to_string().into()];
        let condition = filter::condition(&filter.resolve(Utc::now(), ZONE), &mut parameters);
        let statement = format!(
            "EXPLAIN SELECT task_json(t)::text FROM tasks t WHERE t.user_id = $1::text::uuid AND t.deleted_at IS NULL \
             AND {condition} ORDER BY t.created_at DESC, t.id DESC LIMIT 51"
        );
        let rows = db.app.query(&statement, parameters).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| text(row, 0)).collect();
        let plan = plan.join("\n");
        assert!(plan.contains("tasks_user_"), "{filter}:\n{plan}");
        assert!(!plan.contains("Seq Scan on tasks"), "{filter}:\n{plan}");
    }
}
