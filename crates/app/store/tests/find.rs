//! Finding tasks in a real Postgres: filter, search, order and pages together.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/listed.rs"]
mod listed;
mod support;

use chrono::Utc;
use domain::filter::{Condition, Filter};
use domain::listing::{Listing, Order, Sort};
use domain::text::{fold, search_rank, search_words};
use listed::{Listed, Random, insert};
use serde_json::Value;
use store::tasks::find::{MAX_PAGE_BYTES, find};
use support::{TestDatabase, database};
use uuid::Uuid;

async fn pages(db: &TestDatabase, user_id: Uuid, mut listing: Listing) -> Vec<Vec<Value>> {
    let mut pages = Vec::new();
    loop {
        let found = find(&db.app, user_id, &listing).await.unwrap();
        assert!(found.items.len() <= listing.limit as usize);
        let items = found.items.iter();
        pages.push(
            items
                .map(|item| serde_json::from_str(item).unwrap())
                .collect(),
        );
        if found.next.is_none() {
            return pages;
        }
        listing.after = found.next;
    }
}

fn ids(pages: &[Vec<Value>]) -> Vec<Uuid> {
    let tasks = pages.iter().flatten();
    tasks
        .map(|task| task["id"].as_str().unwrap().parse().unwrap())
        .collect()
}

fn holds(task: &Listed, word: &str) -> bool {
    task.texts().iter().any(|text| fold(text).contains(word))
}

#[tokio::test]
async fn a_search_with_a_filter_gives_every_task_once_and_the_best_first() {
    let Some(db) = database().await else { return };
    let random = &mut Random(21);
    let (ada, bob) = (db.user("UTC").await.user_id, db.user("UTC").await.user_id);
    let mut tasks = insert(&db, ada, 300, random).await;
    insert(&db, bob, 50, random).await;
    let filter: Filter = "pending & !p4".parse().unwrap();
    let (now, words) = (Utc::now(), search_words("arzt").unwrap());
    tasks.retain(|task| {
        filter.matches(&task.candidate(&task.texts()), now, chrono_tz::UTC) && holds(task, "arzt")
    });
    tasks.sort_by_key(|task| (search_rank(&fold(&task.title), "arzt"), task.id));
    let expected: Vec<Uuid> = tasks.iter().map(|task| task.id).collect();
    assert!(expected.len() > 10);
    for limit in [1, 4, 200] {
        let listing = Listing {
            condition: Some(filter.resolve(now, chrono_tz::UTC)),
            words: words.clone(),
            order: Order {
                sort: Sort::Relevance,
                descending: false,
            },
            limit,
            ..Listing::default()
        };
        assert_eq!(ids(&pages(&db, ada, listing).await), expected);
    }
}

#[tokio::test]
async fn the_last_page_has_no_cursor_even_when_it_is_full() {
    let Some(db) = database().await else { return };
    let user_id = db.user("UTC").await.user_id;
    insert(&db, user_id, 6, &mut Random(22)).await;
    for (limit, sizes) in [(3, &[3, 3][..]), (4, &[4, 2]), (6, &[6])] {
        let listing = Listing {
            limit,
            ..Listing::default()
        };
        let pages = pages(&db, user_id, listing).await;
        assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), sizes);
    }
    let nothing = Listing {
        condition: Some(Condition::Tag("nowhere".into())),
        limit: 3,
        ..Listing::default()
    };
    assert_eq!(pages(&db, user_id, nothing).await, [Vec::<Value>::new()]);
}

#[tokio::test]
async fn a_page_of_large_tasks_is_shorter_and_the_next_one_goes_on() {
    let Some(db) = database().await else { return };
    let user_id = db.user("UTC").await.user_id;
    insert(&db, user_id, 60, &mut Random(23)).await;
    let enlarge = "UPDATE tasks SET description = repeat('🙂', 20000)";
    db.owner.execute(enlarge, &[]).await.unwrap();
    let listing = Listing {
        limit: 200,
        ..Listing::default()
    };
    let pages = pages(&db, user_id, listing).await;
    assert!(pages.len() > 1);
    for page in &pages {
        let bytes: usize = page.iter().map(|task| task.to_string().len()).sum();
        assert!(
            bytes as i64 <= MAX_PAGE_BYTES && !page.is_empty(),
            "{bytes}"
        );
    }
    let mut ids = ids(&pages);
    assert_eq!(ids.len(), 60);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 60);
}

#[tokio::test]
async fn the_trash_is_listed_on_its_own() {
    let Some(db) = database().await else { return };
    let user_id = db.user("UTC").await.user_id;
    let tasks = insert(&db, user_id, 5, &mut Random(24)).await;
    let discard = "UPDATE tasks SET deleted_at = now() WHERE id = $1";
    db.owner.execute(discard, &[&tasks[1].id]).await.unwrap();
    let list = |deleted| Listing {
        deleted,
        limit: 10,
        ..Listing::default()
    };
    assert_eq!(ids(&pages(&db, user_id, list(true)).await), [tasks[1].id]);
    let rest = ids(&pages(&db, user_id, list(false)).await);
    assert_eq!(rest.len(), 4);
    assert!(!rest.contains(&tasks[1].id));
}
