//! Tasks, reminders and notifications as they are sent.

use chrono::{DateTime, NaiveDate, Utc};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum Status {
    Pending,
    Completed,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum Priority {
    Low,
    Medium,
    High,
    Urgent,
}

/// What the next occurrence is counted from: the due date, or the day the task was completed.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum RepeatFrom {
    Due,
    Completion,
}

/// What a change of one task of a series is about.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum ApplyTo {
    Occurrence,
    Series,
}

/// A recurrence rule in one word; `custom` is one that has no such word.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum RecurrencePattern {
    None,
    Daily,
    Weekly,
    Monthly,
    Yearly,
    Custom,
}

#[derive(ToSchema)]
pub struct Task {
    pub id: Uuid,
    pub user_id: Uuid,
    #[schema(min_length = 1, max_length = 500)]
    pub title: String,
    /// Markdown.
    #[schema(max_length = 20_000)]
    pub description: Option<String>,
    pub status: Status,
    pub priority: Priority,
    pub tags: Vec<String>,
    pub due_date: Option<NaiveDate>,
    /// `HH:MM`, on the clock of `time_zone`.
    #[schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    pub due_time: Option<String>,
    /// IANA name.
    pub time_zone: String,
    /// An RRULE (RFC 5545).
    pub recurrence_rule: Option<String>,
    pub recurrence_pattern: RecurrencePattern,
    #[schema(minimum = 1)]
    pub recurrence_interval: Option<i32>,
    pub repeat_from: RepeatFrom,
    /// The date, and the time if the task has one, of the occurrence after this one.
    pub next_occurrence: Option<String>,
    /// What all occurrences of a repeating task have in common.
    pub series_id: Option<Uuid>,
    pub remind_at: Option<DateTime<Utc>>,
    pub completed_at: Option<DateTime<Utc>>,
    /// When it went to the trash.
    pub deleted_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// Grows with every change; the entity tag.
    #[schema(minimum = 1)]
    pub version: i32,
}

#[derive(ToSchema)]
pub struct NewTask {
    #[schema(min_length = 1)]
    pub title: String,
    /// Markdown, at most 20 000 characters.
    pub description: Option<String>,
    pub status: Option<Status>,
    pub priority: Option<Priority>,
    /// At most 50 names of at most 50 characters.
    pub tags: Option<Vec<String>>,
    pub due_date: Option<NaiveDate>,
    /// `HH:MM`; needs a date.
    pub due_time: Option<String>,
    /// IANA name; the account's if it is left out.
    pub time_zone: Option<String>,
    /// An RRULE (RFC 5545), instead of pattern and interval.
    pub recurrence_rule: Option<String>,
    pub recurrence_pattern: Option<RecurrencePattern>,
    pub recurrence_interval: Option<i32>,
    pub repeat_from: Option<RepeatFrom>,
    pub remind_at: Option<DateTime<Utc>>,
}

/// Fields that are left out stay as they are; null clears one.
#[derive(ToSchema)]
pub struct TaskChanges {
    #[schema(min_length = 1)]
    pub title: Option<String>,
    /// Markdown, at most 20 000 characters.
    pub description: Option<String>,
    pub status: Option<Status>,
    pub priority: Option<Priority>,
    pub tags: Option<Vec<String>>,
    pub due_date: Option<NaiveDate>,
    /// `HH:MM`; needs a date.
    pub due_time: Option<String>,
    /// IANA name.
    pub time_zone: Option<String>,
    pub recurrence_rule: Option<String>,
    pub recurrence_pattern: Option<RecurrencePattern>,
    pub recurrence_interval: Option<i32>,
    pub repeat_from: Option<RepeatFrom>,
    pub remind_at: Option<DateTime<Utc>>,
    /// What a given due date or time moves: only this occurrence, or this one and all that follow.
    pub apply_to: Option<ApplyTo>,
}

/// Every condition must hold.
#[derive(IntoParams)]
pub struct TaskQuery {
    pub status: Option<Status>,
    pub priority: Option<Priority>,
    /// Has this tag.
    pub tag: Option<String>,
    /// Is due on this day or later.
    pub due_from: Option<NaiveDate>,
    /// Is due on this day or earlier.
    pub due_to: Option<NaiveDate>,
    /// Is pending although it was due before now, or else is not.
    pub overdue: Option<bool>,
    /// Has words that begin like these in title or description.
    pub q: Option<String>,
    /// Is in the trash, instead of not.
    pub deleted: Option<bool>,
    /// `created_at`, `updated_at`, `due`, `priority` or `title`; with `-` before it the largest come first.
    #[param(
        example = "-created_at",
        pattern = "^-?(created_at|updated_at|due|priority|title)$"
    )]
    pub sort: Option<String>,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum ReminderState {
    Pending,
    Fired,
    Skipped,
}

#[derive(ToSchema)]
pub struct Reminder {
    pub id: Uuid,
    pub task_id: Uuid,
    pub remind_at: DateTime<Utc>,
    /// How long before the task is due, if it moves with it.
    pub minutes_before: Option<i32>,
    /// Whether it is the task's own `remind_at`.
    pub is_task_field: bool,
    pub state: ReminderState,
    pub created_at: DateTime<Utc>,
}

/// One of the two.
#[derive(ToSchema)]
pub struct NewReminder {
    pub remind_at: Option<DateTime<Utc>>,
    /// Moves with the task, which needs a `due_time`. At most a year.
    #[schema(minimum = 0, maximum = 525_600)]
    pub minutes_before: Option<i32>,
}

/// What was sent, or why it was not.
#[derive(ToSchema)]
pub struct Notification {
    pub id: Uuid,
    pub event_id: Uuid,
    pub channel: String,
    pub status: String,
    pub title: String,
    pub detail: Option<String>,
    pub task_id: Option<Uuid>,
    pub reminder_id: Option<Uuid>,
    pub created_at: DateTime<Utc>,
}
