//! Accounts and sessions. Each function is one statement: the change and its event together.

mod session;
mod sign_in;
mod user;

pub use session::{Refreshed, refresh, sign_out};
pub use sign_in::{Attempt, AttemptKeys, Attempts, begin_sign_in, fail_sign_in, finish_sign_in};
pub use user::{NewUser, change_password, read_password_hash, read_user, sign_up, update_user};

use crate::database::{Database, Row, column, uuid_column};
use events::{EventType, NewEvent, Source};
use serde_json::{Map, Value};
use spin_sdk::pg::{Error, ParameterValue};
use uuid::Uuid;

/// The longest `User-Agent` that is kept, in characters.
const MAX_USER_AGENT: usize = 500;

/// Where a request about an account came from: kept with its event.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The same for everything that the request changes.
    pub change_id: Uuid,
    /// Address of the peer.
    pub ip: Option<String>,
    /// The request's `User-Agent`.
    pub user_agent: Option<String>,
    /// The request's W3C `traceparent`.
    pub traceparent: Option<String>,
}

/// What is stored of a refresh token.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// SHA-256 of the token.
    pub hash: Vec<u8>,
    /// How long it may be used, in seconds.
    pub lifetime_s: i32,
}

impl Origin {
    fn user_agent(&self) -> Option<String> {
        let text = self.user_agent.as_ref()?;
        Some(text.chars().take(MAX_USER_AGENT).collect())
    }

    /// The parameter of `append_event` (migrations). The actor is the user, who may become known only as
    /// the statement runs.
    fn event(&self, kind: EventType) -> ParameterValue {
        let mut metadata = Map::new();
        for (name, value) in [("ip", self.ip.clone()), ("user_agent", self.user_agent())] {
            if let Some(value) = value {
                metadata.insert(name.to_owned(), Value::String(value));
            }
        }
        let event = NewEvent {
            kind,
            change_id: self.change_id,
            actor: None,
            source: Source::Rest,
            traceparent: self.traceparent.as_deref(),
            metadata: Some(&metadata),
        };
        event.to_json().into()
    }
}

async fn first_row(
    db: &impl Database,
    statement: &str,
    parameters: Vec<ParameterValue>,
) -> Result<Option<Row>, Error> {
    let rows = db.query(statement, parameters).await?;
    Ok(rows.into_iter().next())
}

/// The text that the statement gives, if it gives a row.
async fn first_text(
    db: &impl Database,
    statement: &str,
    parameters: Vec<ParameterValue>,
) -> Result<Option<String>, Error> {
    let row = first_row(db, statement, parameters).await?;
    row.map(|row| column(&row, 0)).transpose()
}
