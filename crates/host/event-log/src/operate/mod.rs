//! What an operator does with a log: look how far groups are, move them back, look at dead letters
//! and send them on their way again, append a record by hand. On one connection, without taking part in the log.

mod dead_letters;
mod lag;
mod publish;
mod replay;

use std::sync::Arc;

use tokio::sync::Mutex;

use crate::connect::Connector;
use crate::log::check;
use crate::session::Session;
use crate::{Error, idle, prune};

pub use dead_letters::{DeadLetterFilter, DeadLetterRow};
pub use lag::PartitionLag;
pub use publish::{NewRecord, Published};
pub use replay::{From, Moved};

/// Access to a log for one command.
pub struct Operator {
    session: Mutex<Session>,
}

impl Operator {
    /// Connects and checks that the schema is there.
    ///
    /// # Errors
    /// When Postgres cannot be reached, or lacks a table or a privilege; lists all of them.
    pub async fn connect(url: &str) -> Result<Self, Error> {
        let mut session = Session::new(Arc::new(Connector::new(url)));
        check(&mut session).await?;
        Ok(Self {
            session: Mutex::new(session),
        })
    }

    /// Every topic that has records, by name.
    ///
    /// # Errors
    /// When Postgres cannot be reached.
    pub async fn topics(&self) -> Result<Vec<String>, Error> {
        prune::topics(&mut *self.session.lock().await).await
    }

    /// Forgets where a group without members stood, so that it no longer keeps old rows. Returns
    /// whether there was such a group.
    ///
    /// # Errors
    /// When Postgres cannot be reached.
    pub async fn forget_group(&self, group: &str) -> Result<bool, Error> {
        idle::forget(&mut *self.session.lock().await, group).await
    }
}
