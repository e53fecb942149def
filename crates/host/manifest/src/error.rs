//! Errors that list every mistake at once, so that nobody fixes a manifest one start at a time.

use std::fmt;

/// Everything that is wrong with an application, or with one part of its configuration.
#[derive(Debug, thiserror::Error)]
pub struct LoadError {
    /// What was read or checked, for example a file name.
    pub subject: String,
    /// Each violation on its own, never empty; none holds the value of a variable.
    pub problems: Vec<String>,
}

impl LoadError {
    /// An error with a single problem.
    pub fn one(subject: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            subject: subject.into(),
            problems: vec![problem.into()],
        }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [only] = self.problems.as_slice() {
            return write!(f, "{}: {only}", self.subject);
        }
        write!(f, "{}: {} problems", self.subject, self.problems.len())?;
        for problem in &self.problems {
            write!(f, "\n  - {}", problem.replace('\n', "\n    "))?;
        }
        Ok(())
    }
}

/// Collects violations on the way; the order is the order of the file.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<String>);

impl Problems {
    /// Note a violation at a place such as `component.auth.source`.
    pub fn at(&mut self, place: &str, problem: impl fmt::Display) {
        self.0.push(match place {
            "" => problem.to_string(),
            place => format!("{place}: {problem}"),
        });
    }

    pub fn append(&mut self, mut other: Problems) {
        self.0.append(&mut other.0);
    }

    /// The value if nothing was noted.
    pub fn finish<T>(self, subject: &str, value: T) -> Result<T, LoadError> {
        if self.0.is_empty() {
            return Ok(value);
        }
        Err(LoadError {
            subject: subject.to_owned(),
            problems: self.0,
        })
    }

    /// The violations themselves, each once.
    pub fn into_list(self) -> Vec<String> {
        let mut list = Vec::with_capacity(self.0.len());
        for problem in self.0 {
            if !list.contains(&problem) {
                list.push(problem);
            }
        }
        list
    }
}
