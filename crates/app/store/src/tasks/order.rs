//! The order of a listing as SQL: what is sorted by, where a page begins, and the cursor to the next.
//!
//! The statement that these become a part of calls the tasks `t`.

use domain::Priority;
use domain::listing::{Cursor, Key, Order, Sort};
use spin_sdk::pg::{Error, ParameterValue};
use uuid::Uuid;

/// The parts of a statement that lists in an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ordered {
    /// For SELECT: the text of a row's key, which [`cursor`] reads, or NULL.
    pub key: String,
    /// For ORDER BY, before the id: what is sorted by.
    pub sorted: String,
    /// For ORDER BY: `ASC` or `DESC`.
    pub direction: &'static str,
    /// For WHERE: what comes after the cursor.
    pub after: Option<String>,
}

/// The order as SQL; its parameters are added to those of the statement. `words` are those of the search,
/// which say how well a task was found. A cursor of another order counts as none.
pub fn ordered(
    order: Order,
    after: Option<&Cursor>,
    words: &[String],
    parameters: &mut Vec<ParameterValue>,
) -> Ordered {
    let words: Vec<String> = match order.sort {
        Sort::Relevance => words
            .iter()
            .map(|word| parameter(word, parameters))
            .collect(),
        _ => Vec::new(),
    };
    let column = column(order, &words);
    let (direction, beyond) = if order.descending {
        ("DESC", "<")
    } else {
        ("ASC", ">")
    };
    let after = after
        .filter(|cursor| cursor.order() == order)
        .map(|cursor| {
            let key = value(cursor, parameters);
            let id = parameter(cursor.id.to_string(), parameters);
            format!("({}, t.id) {beyond} ({key}, {id}::uuid)", column.sorted)
        });
    Ordered {
        key: column.text,
        sorted: column.sorted,
        direction,
        after,
    }
}

/// Where a page ends that ends with this row.
///
/// # Errors
/// When the key is not what [`Ordered::key`] selects.
pub fn cursor(order: Order, key: Option<&str>, id: Uuid) -> Result<Cursor, Error> {
    let key = Key::parse(order.sort, key)
        .ok_or_else(|| Error::Decode(format!("{key:?} is no key of {order}")))?;
    Ok(Cursor {
        descending: order.descending,
        key,
        id,
    })
}

struct Column {
    sorted: String,
    text: String,
}

/// Rows without a value come last either way.
const fn nothing(descending: bool) -> &'static str {
    if descending { "-infinity" } else { "infinity" }
}

fn column(order: Order, words: &[String]) -> Column {
    let plain = |sorted: &str, text: &str| Column {
        sorted: sorted.to_owned(),
        text: text.to_owned(),
    };
    let optional = |column: &str| Column {
        sorted: format!(
            "coalesce({column}, '{}'::timestamptz)",
            nothing(order.descending)
        ),
        text: format!("rfc3339({column})"),
    };
    match order.sort {
        Sort::CreatedAt => plain("t.created_at", "rfc3339(t.created_at)"),
        Sort::UpdatedAt => plain("t.updated_at", "rfc3339(t.updated_at)"),
        Sort::CompletedAt => optional("t.completed_at"),
        Sort::Due => optional("t.due_at"),
        Sort::Priority => plain("priority_rank(t.priority)", "t.priority::text"),
        Sort::Title => plain("t.title_key", "t.title_key"),
        Sort::Position => plain("t.position", "t.position"),
        Sort::Relevance => {
            let ranks: Vec<String> = words
                .iter()
                .map(|word| format!("search_rank(t.search_title, {word})"))
                .collect();
            // A bare number would be the place of a column.
            let rank = if ranks.is_empty() {
                "0::int".to_owned()
            } else {
                ranks.join(" + ")
            };
            Column {
                text: format!("({rank})::text"),
                sorted: format!("({rank})"),
            }
        }
    }
}

/// The cursor's key as SQL.
fn value(cursor: &Cursor, parameters: &mut Vec<ParameterValue>) -> String {
    let text = match &cursor.key {
        Key::Priority(priority) => rank(*priority).to_string(),
        key => key
            .text()
            .unwrap_or_else(|| nothing(cursor.descending).to_owned()),
    };
    let kind = match cursor.key.sort() {
        Sort::CreatedAt | Sort::UpdatedAt | Sort::CompletedAt | Sort::Due => "::timestamptz",
        Sort::Priority | Sort::Relevance => "::int",
        Sort::Title | Sort::Position => "",
    };
    parameter(text, parameters) + kind
}

/// What `priority_rank` (migrations) gives.
const fn rank(priority: Priority) -> u8 {
    match priority {
        Priority::Low => 1,
        Priority::Medium => 2,
        Priority::High => 3,
        Priority::Urgent => 4,
    }
}

fn parameter(value: impl Into<String>, parameters: &mut Vec<ParameterValue>) -> String {
    parameters.push(value.into().into());
    format!("${}::text", parameters.len())
}
