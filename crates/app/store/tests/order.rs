//! Orders in a real Postgres: every page begins where the one before ended, whatever the titles.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/listed.rs"]
mod listed;
mod support;

use domain::listing::{Cursor, Order, Sort};
use domain::text::{fold, search_rank, search_words, sort_key};
use listed::{Listed, Random, insert};
use spin_sdk::pg::DbValue;
use std::cmp::Ordering;
use store::Database;
use store::tasks::order::{cursor, ordered};
use support::{TestDatabase, database};
use uuid::Uuid;

async fn page(
    db: &TestDatabase,
    user_id: Uuid,
    order: Order,
    after: Option<&Cursor>,
    words: &[String],
    limit: usize,
) -> (Vec<Uuid>, Option<Cursor>) {
    let mut parameters = vec![user_id.to_string().into()];
    let sql = ordered(order, after, words, &mut parameters);
    let after = sql.after.unwrap_or_else(|| "true".into());
    let statement = format!(
        "SELECT t.id::text, {} FROM tasks t WHERE t.user_id = $1::text::uuid AND t.deleted_at IS NULL AND {after} \
         ORDER BY {} {direction}, t.id {direction} LIMIT {limit}",
        sql.key,
        sql.sorted,
        direction = sql.direction
    );
    let rows = db.app.query(&statement, parameters).await;
    let rows = rows.unwrap_or_else(|error| panic!("{order}: {error:?}\n{statement}"));
    let mut last = None;
    let ids = rows
        .iter()
        .map(|row| {
            let [DbValue::Str(id), key] = row.as_slice() else {
                panic!("{row:?}")
            };
            let key = match key {
                DbValue::Str(key) => Some(key.as_str()),
                _ => None,
            };
            let id = id.parse().unwrap();
            last = Some(cursor(order, key, id).unwrap());
            id
        })
        .collect();
    (ids, last)
}

/// Nothing comes last, whatever the direction.
fn optional<T: Ord>(one: Option<T>, other: Option<T>, descending: bool) -> Ordering {
    match (one, other) {
        (Some(one), Some(other)) => one.cmp(&other),
        (None, None) => Ordering::Equal,
        (None, Some(_)) if descending => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) if descending => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
    }
}

fn compare(one: &Listed, other: &Listed, order: Order, words: &[String]) -> Ordering {
    let rank = |task: &Listed| -> i32 {
        let title = fold(&task.title);
        words.iter().map(|word| search_rank(&title, word)).sum()
    };
    let by_key = match order.sort {
        Sort::CreatedAt => one.created_at.cmp(&other.created_at),
        Sort::UpdatedAt => one.updated_at.cmp(&other.updated_at),
        Sort::CompletedAt => optional(one.completed_at, other.completed_at, order.descending),
        Sort::Due => optional(one.due_at, other.due_at, order.descending),
        Sort::Priority => (one.priority as u8).cmp(&(other.priority as u8)),
        Sort::Title => sort_key(&one.title).cmp(&sort_key(&other.title)),
        Sort::Position => one.position.cmp(&other.position),
        Sort::Relevance => rank(one).cmp(&rank(other)),
    };
    let both = by_key.then(one.id.cmp(&other.id));
    if order.descending {
        both.reverse()
    } else {
        both
    }
}

#[tokio::test]
async fn pages_in_every_order_hold_every_task_once_and_in_order() {
    let Some(db) = database().await else { return };
    let random = &mut Random(15);
    let (ada, bob) = (db.user("UTC").await.user_id, db.user("UTC").await.user_id);
    let mut tasks = insert(&db, ada, 150, random).await;
    insert(&db, bob, 20, random).await;
    let words = search_words("arzt milk").unwrap();
    for sort in Sort::ALL {
        for descending in [false, true] {
            let order = Order { sort, descending };
            tasks.sort_by(|one, other| compare(one, other, order, &words));
            let expected: Vec<Uuid> = tasks.iter().map(|task| task.id).collect();
            for limit in [1, 7, 1_000] {
                let mut found = Vec::new();
                let mut after: Option<Cursor> = None;
                loop {
                    let (ids, last) = page(&db, ada, order, after.as_ref(), &words, limit).await;
                    if ids.is_empty() {
                        break;
                    }
                    found.extend(ids);
                    // As it comes back from the client.
                    let json = serde_json::to_string(&last.unwrap()).unwrap();
                    after = Some(serde_json::from_str(&json).unwrap());
                }
                assert_eq!(found, expected, "{order} {limit}");
            }
        }
    }
}

#[tokio::test]
async fn without_words_every_task_is_as_relevant() {
    let Some(db) = database().await else { return };
    let user_id = db.user("UTC").await.user_id;
    let tasks = insert(&db, user_id, 5, &mut Random(18)).await;
    let order = "relevance".parse().unwrap();
    let (ids, last) = page(&db, user_id, order, None, &[], 3).await;
    let (rest, _) = page(&db, user_id, order, last.as_ref(), &[], 3).await;
    let expected: Vec<Uuid> = tasks.iter().map(|task| task.id).collect();
    assert_eq!([ids, rest].concat(), expected);
}

#[tokio::test]
async fn a_cursor_of_another_order_counts_as_none() {
    let Some(db) = database().await else { return };
    let user_id = db.user("UTC").await.user_id;
    insert(&db, user_id, 5, &mut Random(16)).await;
    let order = Order {
        sort: Sort::Title,
        descending: false,
    };
    let (_, last) = page(&db, user_id, order, None, &[], 3).await;
    let (ids, _) = page(&db, user_id, Order::default(), last.as_ref(), &[], 10).await;
    assert_eq!(ids.len(), 5);
}

#[tokio::test]
async fn every_order_but_relevance_has_an_index_for_its_usual_direction() {
    let Some(db) = database().await else { return };
    let random = &mut Random(17);
    let mut user_id = Uuid::nil();
    for _ in 0..5 {
        user_id = db.user("UTC").await.user_id;
        insert(&db, user_id, 800, random).await;
    }
    db.owner.batch_execute("ANALYZE").await.unwrap();
    for (order, index) in [
        ("-created_at", "tasks_user_created"),
        ("created_at", "tasks_user_created"),
        ("-updated_at", "tasks_user_updated"),
        ("-completed_at", "tasks_user_completed"),
        ("due", "tasks_user_due_order"),
        ("-priority", "tasks_user_priority"),
        ("title", "tasks_user_title"),
        ("position", "tasks_user_position"),
    ] {
        let mut parameters = vec![user_id.to_string().into()];
        let sql = ordered(order.parse().unwrap(), None, &[], &mut parameters);
        let statement = format!(
            "EXPLAIN SELECT t.id::text, {} FROM tasks t WHERE t.user_id = $1::text::uuid AND t.deleted_at IS NULL \
             ORDER BY {} {direction}, t.id {direction} LIMIT 51",
            sql.key,
            sql.sorted,
            direction = sql.direction
        );
        let rows = db.app.query(&statement, parameters).await.unwrap();
        let plan = format!("{rows:?}");
        assert!(
            plan.contains(index) && !plan.contains("Sort"),
            "{order}:\n{plan}"
        );
    }
}
