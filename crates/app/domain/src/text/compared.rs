//! What of a task is compared: columns of its row beside those that are shown.

use super::{fold, key, search_text, sort_key};
use serde::Serialize;

/// Made anew whenever title, tags or description change. In JSON its fields are named as the columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Compared {
    /// The folded title, which a search looks through first.
    pub search_title: String,
    /// The folded tags and description.
    pub search_text: String,
    /// What the title is sorted by.
    pub title_key: String,
    /// By what the tags are equal, in their order.
    pub tag_keys: Vec<String>,
}

impl Compared {
    /// Of a task with these.
    pub fn of(title: &str, tags: &[String], description: Option<&str>) -> Self {
        Self {
            search_title: fold(title),
            search_text: search_text(tags.iter().map(String::as_str).chain(description)),
            title_key: sort_key(title),
            tag_keys: tags.iter().map(|tag| key(tag)).collect(),
        }
    }
}
