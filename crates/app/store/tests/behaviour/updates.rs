//! What a browser missed, read from a real event log.

use crate::support::{App, TestDatabase, database};
use events::topic::{TASK_EVENTS, TASK_UPDATES};
use store::updates::{self, MAX_MISSED, Missed};
use uuid::Uuid;

const TOPICS: [&str; 2] = [TASK_EVENTS, TASK_UPDATES];

impl TestDatabase {
    /// Appends `count` events for the user; their ids.
    async fn append(&self, topic: &str, user_id: Uuid, count: usize) -> Vec<Uuid> {
        let ids: Vec<Uuid> = (0..count).map(|_| Uuid::now_v7()).collect();
        let append = "INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, headers)
                      SELECT id, $2, $3, 'task.updated', jsonb_build_object('event_id', id),
                             '{\"ce_source\": \"rest\"}'
                      FROM unnest($1::uuid[]) WITH ORDINALITY AS a(id, n) ORDER BY n";
        let user_id = user_id.to_string();
        let appended = self.owner.execute(append, &[&ids, &topic, &user_id]).await;
        appended.unwrap();
        ids
    }
}

async fn missed(db: &App, user_id: Uuid, since: Uuid) -> Option<Missed> {
    updates::missed(db, user_id, since, &TOPICS).await.unwrap()
}

async fn recent(db: &App, user_id: Uuid) -> Vec<Uuid> {
    updates::recent(db, user_id, &TOPICS).await.unwrap()
}

fn ids(missed: &Missed) -> Vec<Uuid> {
    missed.events.iter().map(|event| event.id).collect()
}

#[tokio::test]
async fn what_came_after_the_cursor_comes_in_order_over_all_topics_and_of_this_user_only() {
    let Some(db) = database().await else { return };
    let (ada, bob) = (Uuid::now_v7(), Uuid::now_v7());
    let before = db.append(TASK_EVENTS, ada, 3).await;
    let cursor = db.append("audit-events", ada, 1).await[0];
    let mut after = db.append(TASK_EVENTS, ada, 2).await;
    db.append(TASK_EVENTS, bob, 5).await;
    db.append("reminders", ada, 1).await;
    after.extend(db.append(TASK_UPDATES, ada, 1).await);
    after.extend(db.append(TASK_EVENTS, ada, 1).await);

    let missed = missed(&db.app, ada, cursor).await.expect("known");
    assert_eq!(ids(&missed), after);
    assert_eq!(missed.known, before);
    assert!(missed.events[0].payload.contains("event_id"));
}

#[tokio::test]
async fn a_cursor_of_nobody_or_of_another_user_leads_nowhere() {
    let Some(db) = database().await else { return };
    let (ada, bob) = (Uuid::now_v7(), Uuid::now_v7());
    let bobs = db.append(TASK_EVENTS, bob, 1).await[0];
    assert!(missed(&db.app, ada, Uuid::now_v7()).await.is_none());
    assert!(missed(&db.app, ada, bobs).await.is_none());
}

#[tokio::test]
async fn after_the_newest_event_nothing_was_missed_and_it_is_known() {
    let Some(db) = database().await else { return };
    let ada = Uuid::now_v7();
    let appended = db.append(TASK_EVENTS, ada, 2).await;
    let missed = missed(&db.app, ada, appended[1]).await.expect("known");
    assert!(missed.events.is_empty());
    assert_eq!(missed.known, appended);
}

#[tokio::test]
async fn who_missed_more_than_the_limit_reads_everything_anew() {
    let Some(db) = database().await else { return };
    let ada = Uuid::now_v7();
    let cursor = db.append(TASK_EVENTS, ada, 1).await[0];
    db.append(TASK_EVENTS, ada, MAX_MISSED).await;
    let all = missed(&db.app, ada, cursor).await.expect("just few enough");
    assert_eq!(all.events.len(), MAX_MISSED);
    db.append(TASK_UPDATES, ada, 1).await;
    assert!(missed(&db.app, ada, cursor).await.is_none());
}

#[tokio::test]
async fn where_others_did_more_than_is_looked_at_everything_is_read_anew() {
    let Some(db) = database().await else { return };
    let ada = Uuid::now_v7();
    let cursor = db.append(TASK_EVENTS, ada, 1).await[0];
    let partition = db.count("SELECT partition::int8 FROM outbox").await;
    let mut bob = Uuid::now_v7();
    while db
        .count(&format!("SELECT hashtextextended('{bob}', 0) & 7"))
        .await
        != partition
    {
        bob = Uuid::now_v7();
    }
    db.append(TASK_EVENTS, bob, 10_000).await;
    assert!(missed(&db.app, ada, cursor).await.is_none());
}

#[tokio::test]
async fn the_latest_events_come_newest_first_or_else_the_last_that_was_recorded() {
    let Some(db) = database().await else { return };
    let ada = Uuid::now_v7();
    assert!(recent(&db.app, ada).await.is_empty());

    let recorded = Uuid::now_v7();
    let events = serde_json::json!([{
        "event_id": recorded, "change_id": recorded, "event_type": "user.signed_up", "user_id": ada,
        "subject": {"type": "user", "id": ada}, "source": "rest",
    }]);
    let record = "SELECT record_audit($1)";
    db.owner.query(record, &[&events]).await.unwrap();
    assert_eq!(recent(&db.app, ada).await, [recorded]);

    let mut appended = db.append(TASK_EVENTS, ada, 2).await;
    appended.extend(db.append(TASK_UPDATES, ada, 1).await);
    appended.reverse();
    assert_eq!(recent(&db.app, ada).await, appended);
}
