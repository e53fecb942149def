//! Reading one field of an input: its type, its limits, its message.

use crate::rule::MAX_INTERVAL;
use serde_json::Value;

const MAX_TITLE: usize = 500;
const MAX_DESCRIPTION: usize = 20_000;
const MAX_TAGS: usize = 50;
const MAX_TAG: usize = 50;

pub(crate) fn text(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| "must be a string".into())
}

/// A field whose text is read by a function of its own.
pub(crate) fn parsed<T>(
    read: impl Fn(&str) -> Result<T, String>,
) -> impl Fn(&Value) -> Result<T, String> {
    move |value| read(text(value)?)
}

pub(crate) fn title(value: &Value) -> Result<String, String> {
    let title = text(value)?.trim();
    if title.is_empty() {
        return Err("must not be empty".into());
    }
    if title.chars().any(char::is_control) {
        return Err("must be one line without control characters".into());
    }
    at_most(title, MAX_TITLE)
}

/// Nothing at all is no description.
pub(crate) fn description(value: &Value) -> Result<Option<String>, String> {
    let description = text(value)?;
    if description.contains('\0') {
        return Err("must not contain U+0000".into());
    }
    if description.is_empty() {
        return Ok(None);
    }
    at_most(description, MAX_DESCRIPTION).map(Some)
}

pub(crate) fn tags(value: &Value) -> Result<Vec<String>, String> {
    let refused = || "must be a list of names".to_owned();
    let names = value.as_array().ok_or_else(refused)?;
    if names.len() > MAX_TAGS {
        return Err(format!("must be at most {MAX_TAGS} names"));
    }
    let mut tags = names
        .iter()
        .map(|tag| tag_name(tag.as_str().ok_or_else(refused)?))
        .collect::<Result<Vec<_>, _>>()?;
    tags.sort_unstable();
    tags.dedup();
    Ok(tags)
}

fn tag_name(name: &str) -> Result<String, String> {
    let name = name.trim();
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err("must not have a name that is empty or has control characters".into());
    }
    at_most(name, MAX_TAG).map_err(|limit| format!("has a name which {limit}"))
}

pub(crate) fn interval(value: &Value) -> Result<u16, String> {
    value
        .as_u64()
        .and_then(|number| u16::try_from(number).ok())
        .filter(|number| (1..=MAX_INTERVAL).contains(number))
        .ok_or_else(|| format!("must be a whole number from 1 to {MAX_INTERVAL}"))
}

fn at_most(text: &str, max: usize) -> Result<String, String> {
    let length = text.chars().count();
    if length > max {
        return Err(format!("must be at most {max} characters, not {length}"));
    }
    Ok(text.to_owned())
}
