//! The fields of a request.

use domain::Violations;
use serde_json::{Map, Value};

/// Fields by name, as JSON: what is absent stays, null clears.
#[derive(Debug, Clone, Default)]
pub struct Input {
    /// As they were given.
    pub fields: Map<String, Value>,
    /// What the caller has found wrong with the request already. It is reported together with what is
    /// found here, and then nothing is done.
    pub wrong: Violations,
}

impl From<Map<String, Value>> for Input {
    fn from(fields: Map<String, Value>) -> Self {
        Self {
            fields,
            wrong: Violations::default(),
        }
    }
}
