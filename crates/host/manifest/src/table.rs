//! Reads a TOML or JSON table field by field and collects every mistake; serde would stop at the first.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::error::Problems;

/// A table whose fields are taken out one by one; what is left in the end is unknown.
pub(crate) struct Table {
    path: String,
    fields: Map<String, Value>,
}

impl Table {
    pub fn new(path: impl Into<String>, fields: Map<String, Value>) -> Self {
        Self {
            path: path.into(),
            fields,
        }
    }

    /// `None`, with a problem noted, if the value is not a table.
    pub fn from_value(path: String, value: Value, problems: &mut Problems) -> Option<Self> {
        match value {
            Value::Object(fields) => Some(Self { path, fields }),
            other => {
                problems.at(&path, expected("a table", &other));
                None
            }
        }
    }

    /// Where a field of this table stands, for messages.
    pub fn place(&self, key: &str) -> String {
        match self.path.as_str() {
            "" => key.to_owned(),
            path => format!("{path}.{key}"),
        }
    }

    pub fn take(&mut self, key: &str) -> Option<Value> {
        self.fields.remove(key).filter(|value| !value.is_null())
    }

    pub fn string(&mut self, key: &str, problems: &mut Problems) -> Option<String> {
        match self.take(key)? {
            Value::String(text) => Some(text),
            other => {
                problems.at(&self.place(key), expected("a string", &other));
                None
            }
        }
    }

    pub fn required_string(&mut self, key: &str, problems: &mut Problems) -> Option<String> {
        if !self.fields.contains_key(key) {
            problems.at(&self.path, format!("`{key}` is missing"));
        }
        self.string(key, problems)
    }

    /// `false` when absent.
    pub fn flag(&mut self, key: &str, problems: &mut Problems) -> bool {
        match self.take(key) {
            None => false,
            Some(Value::Bool(flag)) => flag,
            Some(other) => {
                problems.at(&self.place(key), expected("true or false", &other));
                false
            }
        }
    }

    /// Empty when absent.
    pub fn strings(&mut self, key: &str, problems: &mut Problems) -> Vec<String> {
        let mut strings = Vec::new();
        for (index, item) in self.array(key, problems).into_iter().enumerate() {
            match item {
                Value::String(text) => strings.push(text),
                other => problems.at(
                    &format!("{}[{index}]", self.place(key)),
                    expected("a string", &other),
                ),
            }
        }
        strings
    }

    /// Empty when absent.
    pub fn array(&mut self, key: &str, problems: &mut Problems) -> Vec<Value> {
        match self.take(key) {
            None => Vec::new(),
            Some(Value::Array(items)) => items,
            Some(other) => {
                problems.at(&self.place(key), expected("an array", &other));
                Vec::new()
            }
        }
    }

    /// The fields of a table of this table, each with its place; empty when absent.
    pub fn entries(&mut self, key: &str, problems: &mut Problems) -> Vec<(String, String, Value)> {
        let Some(value) = self.take(key) else {
            return Vec::new();
        };
        let place = self.place(key);
        let Some(table) = Self::from_value(place, value, problems) else {
            return Vec::new();
        };
        let path = table.path;
        table
            .fields
            .into_iter()
            .map(|(name, value)| (format!("{path}.{name}"), name, value))
            .collect()
    }

    /// A table of strings; empty when absent.
    pub fn string_map(&mut self, key: &str, problems: &mut Problems) -> BTreeMap<String, String> {
        let mut map = BTreeMap::new();
        for (place, name, value) in self.entries(key, problems) {
            match value {
                Value::String(text) => drop(map.insert(name, text)),
                other => problems.at(&place, expected("a string", &other)),
            }
        }
        map
    }

    /// Drop fields that mean nothing to this host.
    pub fn ignore(&mut self, keys: &[&str]) {
        for key in keys {
            self.fields.remove(*key);
        }
    }

    /// Whether a field is there and not empty.
    pub fn has(&self, key: &str) -> bool {
        match self.fields.get(key) {
            None | Some(Value::Null) => false,
            Some(Value::Array(items)) => !items.is_empty(),
            Some(Value::Object(fields)) => !fields.is_empty(),
            Some(_) => true,
        }
    }

    /// The fields that are left, for those who read them on.
    pub fn rest(self) -> Map<String, Value> {
        self.fields
    }

    /// Note each field nobody took.
    pub fn finish(self, problems: &mut Problems) {
        for key in self.fields.keys() {
            problems.at(&self.path, format!("unknown field `{key}`"));
        }
    }
}

pub(crate) fn expected(what: &str, found: &Value) -> String {
    let found = match found {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "a table",
    };
    format!("expected {what}, found {found}")
}
