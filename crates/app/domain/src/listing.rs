//! Which tasks are listed, in which order, and where a page ended: a typed value for each order, so that a
//! forged cursor is refused here and never reaches the database.

use crate::Priority;
use crate::filter::Condition;
use crate::position::Position;
use crate::text::MAX_SORT_KEY_BYTES;
use chrono::{DateTime, Datelike, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use std::fmt::{Display, Formatter};
use std::str::FromStr;
use uuid::Uuid;

/// What a listing is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// When it was made.
    CreatedAt,
    /// When it was last changed.
    UpdatedAt,
    /// When it was completed; those that are not come last.
    CompletedAt,
    /// When it becomes overdue; those without a day come last.
    Due,
    /// How much it matters.
    Priority,
    /// By [`sort_key`](crate::text::sort_key) of the title.
    Title,
    /// As people have put them.
    Position,
    /// How well a search found it, best first.
    Relevance,
}

impl Sort {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::CreatedAt,
        Self::UpdatedAt,
        Self::CompletedAt,
        Self::Due,
        Self::Priority,
        Self::Title,
        Self::Position,
        Self::Relevance,
    ];

    /// The word in `sort=`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CreatedAt => "created_at",
            Self::UpdatedAt => "updated_at",
            Self::CompletedAt => "completed_at",
            Self::Due => "due",
            Self::Priority => "priority",
            Self::Title => "title",
            Self::Position => "position",
            Self::Relevance => "relevance",
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

impl Display for Order {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
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
                let names = Sort::ALL.map(Sort::as_str).join(" ");
                format!("must be one of {names}, with - before it for the largest first")
            })
    }
}

/// A task's value of what is sorted by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// When it was made.
    CreatedAt(DateTime<Utc>),
    /// When it was last changed.
    UpdatedAt(DateTime<Utc>),
    /// When it was completed.
    CompletedAt(Option<DateTime<Utc>>),
    /// When it becomes overdue.
    Due(Option<DateTime<Utc>>),
    /// How much it matters.
    Priority(Priority),
    /// The sort key of its title.
    Title(String),
    /// Where people have put it.
    Position(Position),
    /// How well it was found; less is better.
    Relevance(i32),
}

impl Key {
    /// Read the text of a key, as a row or a cursor has it; `None` when it is none of this sort.
    pub fn parse(sort: Sort, text: Option<&str>) -> Option<Self> {
        let optional = || text.map_or(Some(None), |text| parse_instant(text).map(Some));
        Some(match sort {
            Sort::CreatedAt => Self::CreatedAt(parse_instant(text?)?),
            Sort::UpdatedAt => Self::UpdatedAt(parse_instant(text?)?),
            Sort::CompletedAt => Self::CompletedAt(optional()?),
            Sort::Due => Self::Due(optional()?),
            Sort::Priority => Self::Priority(text?.parse().ok()?),
            Sort::Title => Self::Title(parse_sort_key(text?)?),
            Sort::Position => Self::Position(Position::parse(text?)?),
            Sort::Relevance => Self::Relevance(text?.parse().ok()?),
        })
    }

    /// The sort that it belongs to.
    pub const fn sort(&self) -> Sort {
        match self {
            Self::CreatedAt(_) => Sort::CreatedAt,
            Self::UpdatedAt(_) => Sort::UpdatedAt,
            Self::CompletedAt(_) => Sort::CompletedAt,
            Self::Due(_) => Sort::Due,
            Self::Priority(_) => Sort::Priority,
            Self::Title(_) => Sort::Title,
            Self::Position(_) => Sort::Position,
            Self::Relevance(_) => Sort::Relevance,
        }
    }

    /// Its text; [`Key::parse`] reads it. `None` for a value that the task does not have.
    pub fn text(&self) -> Option<String> {
        let instant = |at: &DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Micros, true);
        match self {
            Self::CreatedAt(at) | Self::UpdatedAt(at) => Some(instant(at)),
            Self::CompletedAt(at) | Self::Due(at) => at.as_ref().map(instant),
            Self::Priority(priority) => Some(priority.as_str().to_owned()),
            Self::Title(key) => Some(key.clone()),
            Self::Position(position) => Some(position.to_string()),
            Self::Relevance(rank) => Some(rank.to_string()),
        }
    }
}

/// Due dates are from 1970 to 2999; in their zones a task may become overdue a day before or after.
fn parse_instant(text: &str) -> Option<DateTime<Utc>> {
    let at = DateTime::parse_from_rfc3339(text).ok()?.with_timezone(&Utc);
    (1969..=3000).contains(&at.year()).then_some(at)
}

fn parse_sort_key(text: &str) -> Option<String> {
    let is_good = text.len() <= MAX_SORT_KEY_BYTES && !text.contains(char::is_control);
    is_good.then(|| text.to_owned())
}

/// Where a page ended: the next one begins after this task.
///
/// In JSON it is a list of three short texts. Nothing else can be read as a cursor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Written", try_from = "Written")]
pub struct Cursor {
    /// Largest first.
    pub descending: bool,
    /// The task's value of what is sorted by.
    pub key: Key,
    /// The task, to tell equal keys apart.
    pub id: Uuid,
}

impl Cursor {
    /// The order it belongs to; it is of no use in another one.
    pub const fn order(&self) -> Order {
        Order {
            sort: self.key.sort(),
            descending: self.descending,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Written(String, Option<String>, Uuid);

impl From<Cursor> for Written {
    fn from(cursor: Cursor) -> Self {
        Self(cursor.order().to_string(), cursor.key.text(), cursor.id)
    }
}

impl TryFrom<Written> for Cursor {
    type Error = String;

    fn try_from(Written(order, key, id): Written) -> Result<Self, String> {
        let Order { sort, descending } = order.parse()?;
        let key = Key::parse(sort, key.as_deref())
            .ok_or_else(|| format!("the key is none of the sort {}", sort.as_str()))?;
        Ok(Self {
            descending,
            key,
            id,
        })
    }
}

/// A listing of a user's tasks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// What they must be.
    pub condition: Option<Condition>,
    /// The words of a search, folded (see [`search_words`](crate::text::search_words)): they hold each.
    pub words: Vec<String>,
    /// What is in the trash, instead of what is not.
    pub deleted: bool,
    /// In this order.
    pub order: Order,
    /// At most so many.
    pub limit: u32,
    /// After this place.
    pub after: Option<Cursor>,
}

impl Listing {
    /// All that they must be, the words of the search included.
    pub fn conditions(&self) -> Vec<Condition> {
        let words = self.words.iter().cloned().map(Condition::Text);
        self.condition.iter().cloned().chain(words).collect()
    }
}
