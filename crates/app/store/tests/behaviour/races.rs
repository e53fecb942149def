//! Two writes of one user at once: the second works on what the first has left, though its statement began
//! before.

use crate::support::{App, TestDatabase, database};
use chrono::Utc;
use domain::Present;
use serde_json::{Map, Value, json};
use store::Author;
use store::auth::{self, AttemptKeys, NewToken, NewUser, Origin};
use store::reminders::{self, Added, When};
use store::tasks::{self, Change, Changed, Created, Edit, NewTask};
use uuid::Uuid;

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

async fn create(db: &App, author: &Author, input: Value) -> Uuid {
    let task = domain::create(&object(input), chrono_tz::UTC, Utc::now()).unwrap();
    let new = NewTask {
        task: &task,
        use_user_zone: false,
        origin: tasks::Origin::Request,
    };
    match tasks::create(db, author, new).await.unwrap() {
        Created::New(stored) => stored.id,
        other => panic!("{other:?}"),
    }
}

async fn patch(db: &App, author: &Author, task_id: Uuid, input: Value) -> Changed {
    let current = tasks::read(db, author.user_id, task_id, false).await;
    let current = current.unwrap().unwrap();
    let from = current.stored.task().unwrap();
    let given = object(input);
    let present = Present {
        task: &from,
        json: None,
        occurrence: current.occurrence,
    };
    let to = domain::edit(present, &given, Utc::now()).unwrap();
    let edit = Change::Edit(Edit {
        current: &current,
        from: &from,
        to: &to,
        given: &given,
    });
    let changed = tasks::change(db, author, task_id, &edit, None).await;
    changed.unwrap()
}

async fn reminders(db: &TestDatabase, author: &Author, task_id: Uuid) -> Vec<Value> {
    let listed = reminders::list(&db.app, author.user_id, task_id).await;
    let parsed = listed.unwrap().into_iter();
    parsed
        .map(|json| serde_json::from_str(&json).unwrap())
        .collect()
}

const DUE: &str = "2031-05-01";
const LATER: &str = "2031-06-01";

fn due() -> Value {
    json!({"title": "a", "due_date": DUE, "due_time": "09:00", "time_zone": "UTC"})
}

#[tokio::test]
async fn a_reminder_added_while_the_due_date_changes_moves_with_it() {
    let Some(db) = database().await else { return };
    let author = db.user("UTC").await;
    let (one, other) = (db.another().await, db.another().await);
    for change_is_first in [false, true] {
        let task_id = create(&db.app, &author, due()).await;
        let add = reminders::add(&one, &author, task_id, When::MinutesBefore(10));
        let change = patch(&other, &author, task_id, json!({"due_date": LATER}));
        let (added, changed) = if change_is_first {
            let (changed, added) = db.in_turn(author.user_id, change, add).await;
            (added, changed)
        } else {
            db.in_turn(author.user_id, add, change).await
        };
        assert!(matches!(added.unwrap(), Added::New(_)));
        assert!(matches!(changed, Changed::Done(_)));
        let at = &reminders(&db, &author, task_id).await[0]["remind_at"];
        assert_eq!(
            at,
            &format!("{LATER}T08:50:00.000000Z"),
            "{change_is_first}"
        );
    }
}

#[tokio::test]
async fn reminders_added_at_once_do_not_pass_the_limit() {
    let Some(db) = database().await else { return };
    let author = db.user("UTC").await;
    let task_id = create(&db.app, &author, due()).await;
    let add = async |db: &App| {
        let added = reminders::add(db, &author, task_id, When::At(Utc::now())).await;
        added.unwrap()
    };
    for _ in 1..reminders::MAX_PER_TASK {
        assert!(matches!(add(&db.app).await, Added::New(_)));
    }
    let (one, other) = (db.another().await, db.another().await);
    let (first, second) = db.in_turn(author.user_id, add(&one), add(&other)).await;
    assert!(matches!(first, Added::New(_)));
    assert_eq!(second, Added::TooMany);
    let listed = reminders(&db, &author, task_id).await;
    assert_eq!(listed.len() as i64, reminders::MAX_PER_TASK);
}

fn origin() -> Origin {
    Origin {
        change_id: Uuid::now_v7(),
        ip: None,
        user_agent: None,
        traceparent: None,
    }
}

fn token(hash: &[u8]) -> NewToken {
    NewToken {
        hash: hash.to_vec(),
        lifetime_s: 1000,
    }
}

/// Sessions that can still be prolonged, by their tokens' hashes.
async fn alive(db: &TestDatabase) -> Vec<Vec<u8>> {
    let statement = "SELECT refresh_token_hash FROM sessions
                     WHERE revoked_at IS NULL AND rotated_at IS NULL ORDER BY 1";
    let rows = db.owner.query(statement, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// An account with the password hash `old` and a session by the token `first`.
async fn account(db: &App) -> Uuid {
    let id = Uuid::now_v7();
    let user = NewUser {
        id,
        email: "ada@example.org".into(),
        password_hash: "old".into(),
        name: String::new(),
        time_zone: "UTC".into(),
    };
    let made = auth::sign_up(db, user, token(b"first"), &origin()).await;
    assert!(made.unwrap().is_some());
    id
}

#[tokio::test]
async fn a_session_begun_while_the_password_changes_ends_with_it() {
    let Some(db) = database().await else { return };
    let (one, other) = (db.auth().await, db.auth().await);
    let id = account(&one).await;
    let keys = AttemptKeys::new("ada@example.org", None);
    let origin = origin();
    let sign_in = auth::finish_sign_in(&one, id, "old".into(), token(b"late"), &keys, &origin);
    let change = auth::change_password(
        &other,
        id,
        "old".into(),
        "new".into(),
        token(b"changed"),
        &origin,
    );
    let (signed_in, changed) = db.in_turn(id, sign_in, change).await;
    assert!(signed_in.unwrap().is_some());
    assert!(changed.unwrap().is_some());
    assert_eq!(alive(&db).await, [b"changed".to_vec()]);

    // The other way round the old password is no longer good.
    let sign_in = auth::finish_sign_in(&one, id, "new".into(), token(b"later"), &keys, &origin);
    let change = auth::change_password(
        &other,
        id,
        "new".into(),
        "newest".into(),
        token(b"last"),
        &origin,
    );
    let (changed, signed_in) = db.in_turn(id, change, sign_in).await;
    assert!(changed.unwrap().is_some());
    assert_eq!(signed_in.unwrap(), None);
    assert_eq!(alive(&db).await, [b"last".to_vec()]);
}

#[tokio::test]
async fn a_token_given_out_while_its_session_is_ended_is_of_no_use() {
    let Some(db) = database().await else { return };
    let (one, other) = (db.auth().await, db.auth().await);
    let id = account(&one).await;
    let origin = origin();
    let refresh = |next| auth::refresh(&one, b"first".to_vec(), token(next), &origin);
    let sign_out = auth::sign_out(&other, b"first".to_vec(), &origin);
    let (refreshed, signed_out) = db.in_turn(id, refresh(b"second"), sign_out).await;
    assert!(matches!(
        refreshed.unwrap(),
        auth::Refreshed::Rotated { .. }
    ));
    signed_out.unwrap();
    assert!(alive(&db).await.is_empty());
}

#[tokio::test]
async fn a_copied_token_ends_the_token_that_is_being_given_out() {
    let Some(db) = database().await else { return };
    let (one, other) = (db.auth().await, db.auth().await);
    let id = account(&one).await;
    let origin = origin();
    let owner = auth::refresh(&one, b"first".to_vec(), token(b"second"), &origin);
    let thief = auth::refresh(&other, b"first".to_vec(), token(b"stolen"), &origin);
    let (owner, thief) = db.in_turn(id, owner, thief).await;
    assert!(matches!(owner.unwrap(), auth::Refreshed::Rotated { .. }));
    assert!(matches!(thief.unwrap(), auth::Refreshed::Reused));
    assert!(alive(&db).await.is_empty());
}

#[tokio::test]
async fn the_audit_log_takes_events_of_the_same_users_in_any_order_at_once() {
    let Some(db) = database().await else { return };
    let mut events = Vec::new();
    for author in [
        db.user("UTC").await,
        db.user("UTC").await,
        db.user("UTC").await,
    ] {
        create(&db.app, &author, json!({"title": "a"})).await;
        create(&db.app, &author, json!({"title": "b"})).await;
    }
    let payloads = db.payloads("task-events").await;
    for user in payloads.chunks(2) {
        events.push(user.to_vec());
    }
    let (one, other) = (db.another().await, db.another().await);
    // While someone holds the chain in the middle, one call comes from either side.
    let hold = "INSERT INTO audit_chains VALUES ($1::text::uuid, 0, '')";
    let middle = events[1][0]["user_id"].as_str().unwrap();
    db.owner.batch_execute("BEGIN").await.unwrap();
    db.owner.execute(hold, &[&middle]).await.unwrap();
    let of =
        |users: [usize; 3], which: usize| users.map(|user| events[user][which].clone()).to_vec();
    let up = store::audit::record(&one, of([0, 1, 2], 0));
    let down = store::audit::record(&other, of([2, 1, 0], 1));
    let release = async {
        const BLOCKED: &str = "SELECT count(*) FROM pg_stat_activity
                               WHERE datname = current_database() AND wait_event_type = 'Lock'";
        while db.count(BLOCKED).await < 2 {
            tokio::task::yield_now().await;
        }
        db.owner.batch_execute("COMMIT").await.unwrap();
    };
    let (up, down, ()) = tokio::join!(up, down, release);
    assert_eq!((up.unwrap(), down.unwrap()), (3, 3));
}
