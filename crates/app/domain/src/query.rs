//! What a listing of tasks may ask for.

use crate::time::parse_instant;
use crate::{Priority, Status};
use chrono::{NaiveDate, NaiveDateTime};
use serde::{Deserialize, Serialize};
use std::str::FromStr;
use uuid::Uuid;

/// What a listing is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// When it was made.
    CreatedAt,
    /// When it was last changed.
    UpdatedAt,
    /// When it is due on the clock; tasks without a day come last.
    Due,
    /// How much it matters.
    Priority,
    /// By the alphabet, without regard to case.
    Title,
}

impl Sort {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::CreatedAt,
        Self::UpdatedAt,
        Self::Due,
        Self::Priority,
        Self::Title,
    ];

    /// Whether a text can be the key of a [`Position`] in this sort. A forged one must not get as far
    /// as the database, which would fail on it.
    pub fn is_key(self, text: &str) -> bool {
        match self {
            Self::CreatedAt | Self::UpdatedAt => parse_instant(text).is_ok(),
            Self::Due => NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M").is_ok(),
            Self::Priority => text.parse::<u8>().is_ok(),
            Self::Title => true,
        }
    }

    /// The word in `sort=`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CreatedAt => "created_at",
            Self::UpdatedAt => "updated_at",
            Self::Due => "due",
            Self::Priority => "priority",
            Self::Title => "title",
        }
    }
}

/// A sort and its direction: `due`, or `-due` for the other way round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// By what.
    pub sort: Sort,
    /// Largest first.
    pub descending: bool,
}

impl Default for Order {
    /// Newest first.
    fn default() -> Self {
        Self {
            sort: Sort::CreatedAt,
            descending: true,
        }
    }
}

impl std::fmt::Display for Order {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.descending { "-" } else { "" };
        write!(f, "{sign}{}", self.sort.as_str())
    }
}

impl FromStr for Order {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (descending, name) = match text.strip_prefix('-') {
            Some(name) => (true, name),
            None => (false, text),
        };
        Sort::ALL
            .into_iter()
            .find(|sort| sort.as_str() == name)
            .map(|sort| Self { sort, descending })
            .ok_or_else(|| {
                "must be one of created_at updated_at due priority title, with - before it for \
                 the largest first"
                    .into()
            })
    }
}

/// Where a page ended: the sort it belongs to, and the keys of its last task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The sort, as in [`Order`]; a position is of no use for another one.
    pub order: String,
    /// The last task's value of what is sorted by, as the database writes it.
    pub key: String,
    /// The last task, to tell equal keys apart.
    pub id: Uuid,
}

/// A listing of tasks. Every condition must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaskQuery {
    /// Done or not.
    pub status: Option<Status>,
    /// With this priority.
    pub priority: Option<Priority>,
    /// With this tag among its tags.
    pub tag: Option<String>,
    /// Due on this day or later.
    pub due_from: Option<NaiveDate>,
    /// Due on this day or earlier.
    pub due_to: Option<NaiveDate>,
    /// Pending although it was due before now, or else not.
    pub overdue: Option<bool>,
    /// With words that begin like these in title or description.
    pub q: Option<String>,
    /// What is in the trash, instead of what is not.
    pub deleted: bool,
    /// In this order.
    pub order: Order,
    /// At most so many.
    pub limit: u32,
    /// After this place.
    pub after: Option<Position>,
}
