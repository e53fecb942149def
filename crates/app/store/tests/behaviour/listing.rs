//! Listings in a real Postgres: filters, orders, pages.

use crate::support::{App, TestDatabase, database};
use chrono::Utc;
use domain::{Order, Priority, Status, TaskQuery};
use serde_json::{Value, json};
use store::Author;
use store::tasks::{self, Change, Changed, Created, NewTask, Origin};
use uuid::Uuid;

async fn create(db: &App, author: &Author, input: Value) -> Uuid {
    let input = input.as_object().unwrap();
    let task = domain::create(input, chrono_tz::UTC, Utc::now()).unwrap();
    let new = NewTask {
        task: &task,
        use_user_zone: false,
        origin: Origin::Request,
    };
    match tasks::create(db, author, new).await.unwrap() {
        Created::New(stored) => stored.id,
        other => panic!("{other:?}"),
    }
}

async fn act(db: &App, author: &Author, task_id: Uuid, change: Change<'_>) {
    let changed = tasks::change(db, author, task_id, &change, None).await;
    assert!(matches!(changed.unwrap(), Changed::Done(_)));
}

async fn titles(db: &TestDatabase, author: &Author, query: TaskQuery) -> Vec<String> {
    let mut query = TaskQuery {
        limit: query.limit.max(1),
        ..query
    };
    let mut titles = Vec::new();
    loop {
        let page = tasks::list(&db.app, author.user_id, &query).await.unwrap();
        assert!(page.items.len() <= query.limit as usize);
        for item in &page.items {
            let item: Value = serde_json::from_str(item).unwrap();
            titles.push(item["title"].as_str().unwrap().to_owned());
        }
        match page.next {
            Some(next) => query.after = Some(next),
            None => return titles,
        }
    }
}

#[tokio::test]
async fn pages_of_every_order_and_size_hold_every_task_once() {
    let Some(db) = database().await else { return };
    let author = db.user("UTC").await;
    let stranger = db.user("UTC").await;
    create(&db.app, &stranger, json!({"title": "not yours"})).await;
    for n in 0..11 {
        let priority = ["low", "medium", "high", "urgent"][n % 3];
        let mut input = json!({"title": format!("t{}", n % 4), "priority": priority});
        if n % 2 == 0 {
            input["due_date"] = json!(format!("2027-01-{:02}", 1 + n % 5));
        }
        if n % 4 == 0 {
            input["due_time"] = json!("09:00");
        }
        create(&db.app, &author, input).await;
    }
    for sort in domain::Sort::ALL {
        for descending in [false, true] {
            let order = Order { sort, descending };
            let whole = titles(
                &db,
                &author,
                TaskQuery {
                    order,
                    limit: 200,
                    ..TaskQuery::default()
                },
            )
            .await;
            assert_eq!(whole.len(), 11);
            for limit in [1, 2, 5, 11] {
                let query = TaskQuery {
                    order,
                    limit,
                    ..TaskQuery::default()
                };
                assert_eq!(titles(&db, &author, query).await, whole, "{order} {limit}");
            }
        }
    }
}

#[tokio::test]
async fn a_listing_is_sorted_by_what_was_asked_for() {
    let Some(db) = database().await else { return };
    let author = db.user("UTC").await;
    for input in [
        json!({"title": "b", "due_date": "2027-01-02", "priority": "urgent"}),
        json!({"title": "A", "due_date": "2027-01-02", "due_time": "08:00", "priority": "low"}),
        json!({"title": "c", "priority": "high"}),
        json!({"title": "d", "due_date": "2027-01-01"}),
    ] {
        create(&db.app, &author, input).await;
    }
    for (order, expected) in [
        ("created_at", "b A c d"),
        ("-created_at", "d c A b"),
        ("due", "d A b c"),
        ("-due", "c b A d"),
        ("priority", "A d c b"),
        ("title", "A b c d"),
    ] {
        let query = TaskQuery {
            order: order.parse().unwrap(),
            limit: 3,
            ..TaskQuery::default()
        };
        assert_eq!(
            titles(&db, &author, query).await.join(" "),
            expected,
            "{order}"
        );
    }
}

#[tokio::test]
async fn filters_leave_what_was_asked_for() {
    let Some(db) = database().await else { return };
    let author = db.user("UTC").await;
    let yesterday = (Utc::now() - chrono::TimeDelta::days(1))
        .date_naive()
        .to_string();
    create(
        &db.app,
        &author,
        json!({"title": "late", "due_date": yesterday, "tags": ["work", "it's"]}),
    )
    .await;
    create(&db.app, &author, json!({"title": "Groceries & milk", "description": "oat-milk, bread", "priority": "urgent", "due_date": "2099-05-05"})).await;
    let done = create(
        &db.app,
        &author,
        json!({"title": "done late", "due_date": yesterday}),
    )
    .await;
    act(&db.app, &author, done, Change::Complete).await;
    let gone = create(&db.app, &author, json!({"title": "gone"})).await;
    act(&db.app, &author, gone, Change::Delete).await;
    let all = TaskQuery::default;
    let date = |text: &str| Some(domain::time::parse_date(text).unwrap());
    for (query, expected) in [
        (all(), "done late,Groceries & milk,late"),
        (
            TaskQuery {
                status: Some(Status::Completed),
                ..all()
            },
            "done late",
        ),
        (
            TaskQuery {
                priority: Some(Priority::Urgent),
                ..all()
            },
            "Groceries & milk",
        ),
        (
            TaskQuery {
                tag: Some("it's".into()),
                ..all()
            },
            "late",
        ),
        (
            TaskQuery {
                tag: Some("wor".into()),
                ..all()
            },
            "",
        ),
        (
            TaskQuery {
                due_from: date("2099-05-05"),
                ..all()
            },
            "Groceries & milk",
        ),
        (
            TaskQuery {
                due_to: date("2099-05-04"),
                ..all()
            },
            "done late,late",
        ),
        (
            TaskQuery {
                overdue: Some(true),
                ..all()
            },
            "late",
        ),
        (
            TaskQuery {
                overdue: Some(false),
                ..all()
            },
            "done late,Groceries & milk",
        ),
        (
            TaskQuery {
                q: Some("gro".into()),
                ..all()
            },
            "Groceries & milk",
        ),
        (
            TaskQuery {
                q: Some("BREAD milk".into()),
                ..all()
            },
            "Groceries & milk",
        ),
        (
            TaskQuery {
                q: Some("oat-milk".into()),
                ..all()
            },
            "Groceries & milk",
        ),
        (
            TaskQuery {
                q: Some("late bread".into()),
                ..all()
            },
            "",
        ),
        (
            TaskQuery {
                q: Some("'); DROP TABLE tasks --".into()),
                ..all()
            },
            "",
        ),
        (
            TaskQuery {
                q: Some("& | ! \\ ' :*".into()),
                ..all()
            },
            "",
        ),
        (
            TaskQuery {
                deleted: true,
                ..all()
            },
            "gone",
        ),
        (
            TaskQuery {
                status: Some(Status::Pending),
                priority: Some(Priority::Medium),
                tag: Some("work".into()),
                due_to: date("2099-01-01"),
                overdue: Some(true),
                q: Some("late".into()),
                ..all()
            },
            "late",
        ),
    ] {
        let shown = format!("{query:?}");
        assert_eq!(
            titles(&db, &author, query).await.join(","),
            expected,
            "{shown}"
        );
    }
}
