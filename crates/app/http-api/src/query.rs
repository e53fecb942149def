//! Query strings: each known parameter once, unknown ones refused.

use std::str::FromStr;

use serde::de::DeserializeOwned;

use crate::{
    cursor,
    fields::shortened,
    problem::{Problem, Violations},
};

/// How many items a page has when `limit` is not given, and at most.
pub const DEFAULT_LIMIT: u32 = 50;
pub const MAX_LIMIT: u32 = 200;

/// A query string being taken apart. End with [`Query::finish`].
#[derive(Debug)]
pub struct Query {
    parameters: Vec<(String, String)>,
    violations: Violations,
}

impl Query {
    /// Takes what `Uri::query` gives.
    pub fn parse(query: Option<&str>) -> Self {
        let mut parameters: Vec<(String, String)> = Vec::new();
        let mut violations = Violations::new();
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            if parameters.iter().any(|(known, _)| *known == name) {
                violations.push(shortened(&name), "is given more than once");
            } else if value.contains('\0') || value.contains('\u{fffd}') {
                violations.push(shortened(&name), "must be UTF-8 without U+0000");
                parameters.push((name.into_owned(), String::new()));
            } else {
                parameters.push((name.into_owned(), value.into_owned()));
            }
        }
        Self {
            parameters,
            violations,
        }
    }

    /// Takes a parameter; an empty value counts as absent.
    pub fn take(&mut self, name: &str) -> Option<String> {
        let index = self
            .parameters
            .iter()
            .position(|(known, _)| known == name)?;
        let (_, value) = self.parameters.swap_remove(index);
        (!value.is_empty()).then_some(value)
    }

    /// Takes a parameter of a type that parses; `expected` completes "must be ...".
    pub fn parsed<T: FromStr>(&mut self, name: &str, expected: &str) -> Option<T> {
        self.checked(name, expected, |text| text.parse().ok())
    }

    /// Takes a parameter that `read` understands; `expected` completes "must be ...".
    pub fn checked<T>(
        &mut self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.take(name)?;
        let value = read(&text);
        if value.is_none() {
            self.violations.push(name, format!("must be {expected}"));
        }
        value
    }

    /// The page size, [`DEFAULT_LIMIT`] when absent, refused outside 1..=[`MAX_LIMIT`].
    pub fn limit(&mut self) -> u32 {
        self.checked(
            "limit",
            &format!("a whole number from 1 to {MAX_LIMIT}"),
            |text| {
                text.parse()
                    .ok()
                    .filter(|limit| (1..=MAX_LIMIT).contains(limit))
            },
        )
        .unwrap_or(DEFAULT_LIMIT)
    }

    /// The position a previous page ended at.
    pub fn cursor<T: DeserializeOwned>(&mut self) -> Option<T> {
        self.checked(
            "cursor",
            "the next_cursor of a previous page",
            cursor::decode,
        )
    }

    pub fn violation(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.violations.push(field, message);
    }

    /// Notes every parameter that nobody took as unknown, then fails if anything at all was wrong.
    pub fn finish(self) -> Result<(), Problem> {
        self.into_violations().check()
    }

    /// Like [`Query::finish`] for a request whose body is checked too: all violations in one problem.
    pub fn into_violations(mut self) -> Violations {
        for (name, _) in &self.parameters {
            self.violations
                .push(shortened(name), "is not a query parameter of this resource");
        }
        self.violations
    }

    /// For a resource that takes no query parameters.
    pub fn refuse_all(query: Option<&str>) -> Result<(), Problem> {
        Self::parse(query).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded() {
        let mut query = Query::parse(Some("q=milk+%26%20tea&limit=10"));
        assert_eq!(query.take("q").as_deref(), Some("milk & tea"));
        assert_eq!(query.limit(), 10);
        assert!(query.finish().is_ok());
    }

    #[test]
    fn unknown_duplicate_and_malformed_parameters_are_reported_together() {
        let mut query = Query::parse(Some("limit=0&shiny=1&q=a&q=b&cursor=!!"));
        query.limit();
        query.take("q");
        let _: Option<(i64,)> = query.cursor();
        let problem = query.finish().expect_err("four violations");
        let mut named: Vec<&str> = problem.errors().iter().map(|e| e.field.as_str()).collect();
        named.sort_unstable();
        assert_eq!(named, ["cursor", "limit", "q", "shiny"]);
    }

    #[test]
    fn nul_and_broken_utf8_are_refused() {
        for bad in ["q=%00", "q=%ff"] {
            let mut query = Query::parse(Some(bad));
            query.take("q");
            assert!(query.finish().is_err(), "{bad}");
        }
    }
}
