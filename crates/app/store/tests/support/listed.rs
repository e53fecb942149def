//! Tasks of every kind, written as the application would, with what a filter looks at in each.
#![allow(dead_code, reason = "each test file uses a part of it")]

use crate::support::TestDatabase;
use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};
use domain::filter::Candidate;
use domain::position::{Position, spread};
use domain::text::{Compared, key, search_text};
use domain::{Priority, Status};
use serde_json::json;
use uuid::Uuid;

/// Until migrations have them.
const OTHER_TABLES: &str = "
    CREATE TABLE IF NOT EXISTS projects (
        id uuid PRIMARY KEY, user_id uuid NOT NULL, name text NOT NULL, name_key text NOT NULL
    );
    CREATE TABLE IF NOT EXISTS comments (
        id uuid PRIMARY KEY, user_id uuid NOT NULL, task_id uuid NOT NULL, search_text text NOT NULL
    );
    ALTER TABLE tasks
        ADD COLUMN IF NOT EXISTS project_id uuid,
        ADD COLUMN IF NOT EXISTS section_id uuid,
        ADD COLUMN IF NOT EXISTS parent_id uuid;
    GRANT SELECT ON projects, comments TO taskwhisper_app";

pub const PROJECTS: [&str; 3] = ["Work", "Zwei Wörter", "café"];

/// What a task is made of; the rest follows from it.
#[derive(Debug, Clone)]
pub struct Listed {
    pub id: Uuid,
    pub title: String,
    pub description: Option<String>,
    pub tags: Vec<String>,
    pub comment: Option<String>,
    pub status: Status,
    pub priority: Priority,
    pub project: Option<usize>,
    pub places: [Option<Uuid>; 3],
    pub due_date: Option<NaiveDate>,
    pub due_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub completed_at: Option<DateTime<Utc>>,
    pub position: Position,
    pub is_recurring: bool,
    pub is_by_assistant: bool,
}

impl Listed {
    pub fn texts(&self) -> Vec<&str> {
        let own = [self.title.as_str()].into_iter();
        own.chain(self.tags.iter().map(String::as_str))
            .chain(self.description.as_deref())
            .chain(self.comment.as_deref())
            .collect()
    }

    pub fn candidate<'a>(&'a self, texts: &'a [&'a str]) -> Candidate<'a> {
        Candidate {
            status: self.status,
            priority: self.priority,
            tags: &self.tags,
            project: self.project.map(|index| PROJECTS[index]),
            places: self.places,
            due_date: self.due_date,
            due_at: self.due_at,
            created_at: self.created_at,
            updated_at: self.updated_at,
            completed_at: self.completed_at,
            is_recurring: self.is_recurring,
            is_by_assistant: self.is_by_assistant,
            texts,
        }
    }
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % end as u64) as usize
    }

    pub fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    fn words(&mut self) -> String {
        const WORDS: &[&str] = &[
            "Café",
            "milk",
            "Zahnarzt",
            "anrufen",
            "don’t",
            "100%",
            "a_b",
            "测试",
            "Straße",
            "back\\slash",
            "e\u{301}clair",
            "\"quoted\"",
            "привет",
            "2 km",
        ];
        let count = 1 + self.below(3);
        let words: Vec<&str> = (0..count).map(|_| self.pick(WORDS)).collect();
        words.join(" ")
    }

    /// A title of any characters but controls.
    pub fn title(&mut self) -> String {
        let length = 1 + self.below(12);
        let title: String = (0..length)
            .map(|_| {
                let end = [0x80, 0x250, 0x3100, 0x11_0000][self.below(4)];
                let c = char::from_u32(self.below(end) as u32).unwrap_or('é');
                if c.is_control() { 'x' } else { c }
            })
            .collect();
        format!("t{title}")
    }

    pub fn task(&mut self, now: DateTime<Utc>, position: Position) -> Listed {
        const TAGS: &[&str] = &["Home", "Café", "r&d", "two words", "ß"];
        let mut some = |one_in: usize| self.below(one_in) == 0;
        let [
            has_due,
            is_done,
            has_description,
            has_comment,
            has_project,
            is_recurring,
            is_by_assistant,
        ] = [
            some(2),
            some(3),
            some(2),
            some(4),
            some(2),
            some(5),
            some(6),
        ];
        let hours = |random: &mut Self, around: i64| {
            now + TimeDelta::hours(random.below(2 * around as usize) as i64 - around)
        };
        let due_at = has_due.then(|| hours(self, 24 * 9));
        let mut tags: Vec<String> = Vec::new();
        for _ in 0..self.below(3) {
            tags.push(self.pick(TAGS).to_owned());
        }
        Listed {
            id: Uuid::now_v7(),
            title: if self.below(4) == 0 {
                self.title()
            } else {
                self.words()
            },
            description: has_description.then(|| self.words()),
            tags: domain::text::distinct(tags),
            comment: has_comment.then(|| self.words()),
            status: if is_done {
                Status::Completed
            } else {
                Status::Pending
            },
            priority: self.pick(&[
                Priority::Low,
                Priority::Medium,
                Priority::High,
                Priority::Urgent,
            ]),
            project: has_project.then(|| self.below(PROJECTS.len())),
            places: [None; 3],
            due_date: due_at.map(|at| at.date_naive()),
            due_at,
            created_at: hours(self, 24 * 9),
            updated_at: hours(self, 24 * 9),
            completed_at: is_done.then(|| hours(self, 24 * 9)),
            position,
            is_recurring: is_recurring && has_due,
            is_by_assistant,
        }
    }
}

/// So many random tasks of a user.
pub async fn insert(
    db: &TestDatabase,
    user_id: Uuid,
    count: usize,
    random: &mut Random,
) -> Vec<Listed> {
    let now = DateTime::from_timestamp_millis(Utc::now().timestamp_millis()).unwrap();
    let positions = spread(None, None, count).unwrap();
    let mut tasks: Vec<Listed> = positions
        .into_iter()
        .map(|position| random.task(now, position))
        .collect();
    db.owner.batch_execute(OTHER_TABLES).await.unwrap();
    let projects = PROJECTS.map(|_| Uuid::now_v7());
    let parent = tasks.first().map(|task| task.id);
    for task in &mut tasks {
        let section = [None, Some(projects[0])][random.below(2)];
        let parent = [None, parent][random.below(2)];
        task.places = [task.project.map(|index| projects[index]), section, parent];
    }
    for (id, name) in projects.iter().zip(PROJECTS) {
        let insert = "INSERT INTO projects (id, user_id, name, name_key) VALUES ($1, $2, $3, $4)";
        db.owner
            .execute(insert, &[id, &user_id, &name, &key(name)])
            .await
            .unwrap();
    }
    let instant = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Micros, true);
    let rows: Vec<_> = tasks
        .iter()
        .map(|task| {
            let compared = Compared::of(&task.title, &task.tags, task.description.as_deref());
            let mut row = json!({
                "id": task.id, "user_id": user_id, "title": task.title, "description": task.description,
                "tags": task.tags, "status": task.status.as_str(), "priority": task.priority.as_str(),
                "project_id": task.places[0], "section_id": task.places[1], "parent_id": task.places[2], "due_date": task.due_date,
                "due_at": task.due_at.map(instant), "time_zone": "UTC", "version": 1, "repeat_from": "due",
                "created_at": instant(task.created_at), "updated_at": instant(task.updated_at),
                "completed_at": task.completed_at.map(instant), "position": task.position.as_str(),
                "recurrence_rule": task.is_recurring.then_some("FREQ=DAILY"),
                "recurrence_pattern": if task.is_recurring { "daily" } else { "none" },
                "series_id": task.is_recurring.then(Uuid::now_v7),
                "occurrence": task.is_recurring.then_some("2027-01-01T00:00:00"),
                "is_by_assistant": task.is_by_assistant,
            });
            let compared = json!(compared);
            let columns = row.as_object_mut().unwrap();
            columns.extend(compared.as_object().unwrap().clone());
            row
        })
        .collect();
    let columns = "id, user_id, title, description, tags, status, priority, project_id, section_id, parent_id, due_date, due_at, time_zone, \
                   version, repeat_from, created_at, updated_at, completed_at, position, recurrence_rule, \
                   recurrence_pattern, series_id, occurrence, is_by_assistant, search_title, search_text, title_key, tag_keys";
    let insert = format!(
        "INSERT INTO tasks ({columns}) SELECT {columns} FROM jsonb_populate_recordset(NULL::tasks, $1)"
    );
    db.owner.execute(&insert, &[&json!(rows)]).await.unwrap();
    for task in &tasks {
        if let Some(comment) = &task.comment {
            let insert =
                "INSERT INTO comments (id, user_id, task_id, search_text) VALUES ($1, $2, $3, $4)";
            let values = (Uuid::now_v7(), search_text([comment.as_str()]));
            db.owner
                .execute(insert, &[&values.0, &user_id, &task.id, &values.1])
                .await
                .unwrap();
        }
    }
    tasks
}
