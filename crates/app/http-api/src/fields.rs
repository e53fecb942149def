//! The fields of a JSON object, taken one by one: wrong types, missing and unknown fields are
//! collected, so that the client learns all of them at once.

use bytes::Bytes;
use serde_json::{Map, Value};

use crate::problem::{Problem, Violations};

/// A field as it was sent. A merge patch tells "absent" (leave it) from "null" (clear it).
#[derive(Debug, Clone, PartialEq)]
pub enum Field<T> {
    Absent,
    Null,
    Value(T),
}

impl<T> Field<T> {
    /// The value, if there is one.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// `None` absent, `Some(None)` null, `Some(Some(value))`: the form patches are usually kept in.
    pub fn patch(self) -> Option<Option<T>> {
        match self {
            Self::Absent => None,
            Self::Null => Some(None),
            Self::Value(value) => Some(Some(value)),
        }
    }
}

/// A JSON object being taken apart. End with [`Fields::finish`].
#[derive(Debug)]
pub struct Fields {
    fields: Map<String, Value>,
    violations: Violations,
    bytes: Bytes,
}

impl Fields {
    pub(crate) fn new(fields: Map<String, Value>, violations: Violations, bytes: Bytes) -> Self {
        Self {
            fields,
            violations,
            bytes,
        }
    }

    /// The body as it was sent, for the fingerprint of an idempotent request.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Takes a field as it is.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        self.fields.remove(name)
    }

    /// Takes all fields, for a caller that validates the whole object itself. Duplicates and U+0000
    /// found by the reader are in the violations.
    pub fn into_parts(self) -> (Map<String, Value>, Violations) {
        (self.fields, self.violations)
    }

    pub fn violation(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.violations.push(field, message);
    }

    /// Something was already found wrong with this field.
    pub fn is_wrong(&self, field: &str) -> bool {
        self.violations.concern(field)
    }

    pub fn string(&mut self, name: &str) -> Field<String> {
        self.typed(name, "must be a string", |value| match value {
            Value::String(text) => Some(text),
            _ => None,
        })
    }

    pub fn integer(&mut self, name: &str) -> Field<i64> {
        self.typed(name, "must be a whole number", |value| value.as_i64())
    }

    pub fn boolean(&mut self, name: &str) -> Field<bool> {
        self.typed(name, "must be true or false", |value| value.as_bool())
    }

    pub fn strings(&mut self, name: &str) -> Field<Vec<String>> {
        self.typed(name, "must be an array of strings", |value| match value {
            Value::Array(items) => items
                .into_iter()
                .map(|item| match item {
                    Value::String(text) => Some(text),
                    _ => None,
                })
                .collect(),
            _ => None,
        })
    }

    /// A string that must be there; empty when it is not, with the violation noted.
    pub fn required_string(&mut self, name: &str) -> String {
        match self.string(name) {
            Field::Value(text) => text,
            Field::Absent | Field::Null => {
                if !self.violations.concern(name) {
                    self.violations.push(name, "is required");
                }
                String::new()
            }
        }
    }

    /// Notes every field that nobody took as unknown, then fails if anything at all was wrong.
    pub fn finish(mut self) -> Result<(), Problem> {
        for name in self.fields.keys() {
            self.violations
                .push(shortened(name), "is not a field of this request");
        }
        self.violations.check()
    }

    fn typed<T>(
        &mut self,
        name: &str,
        expected: &str,
        read: impl FnOnce(Value) -> Option<T>,
    ) -> Field<T> {
        match self.fields.remove(name) {
            None => Field::Absent,
            Some(Value::Null) => Field::Null,
            Some(value) => read(value).map_or_else(
                || {
                    self.violations.push(name, expected);
                    Field::Absent
                },
                Field::Value,
            ),
        }
    }
}

/// A name the client made up, cut to a length that is fit for an answer.
pub(crate) fn shortened(name: &str) -> String {
    const MAX: usize = 100;
    match name.char_indices().nth(MAX) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fields(value: Value) -> Fields {
        let Value::Object(map) = value else {
            panic!("an object")
        };
        Fields::new(map, Violations::new(), Bytes::new())
    }

    #[test]
    fn absent_null_and_value_are_told_apart() {
        let mut fields = fields(json!({"a": null, "b": "x"}));
        assert_eq!(fields.string("a").patch(), Some(None));
        assert_eq!(fields.string("b").patch(), Some(Some("x".to_owned())));
        assert_eq!(fields.string("c").patch(), None);
        assert!(fields.finish().is_ok());
    }

    #[test]
    fn wrong_missing_and_unknown_fields_are_reported_together() {
        let mut fields = fields(json!({"title": 3, "count": 1.5, "shiny": true}));
        fields.required_string("title");
        fields.required_string("email");
        fields.integer("count");
        let problem = fields.finish().expect_err("four violations");
        let named: Vec<&str> = problem.errors().iter().map(|e| e.field.as_str()).collect();
        assert_eq!(named, ["title", "email", "count", "shiny"]);
    }
}
