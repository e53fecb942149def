//! For whom, by whom, and on which database.

use store::{Author, Database};
use uuid::Uuid;

/// What every operation needs beside its input. One value serves everything that one request does, so
/// that all its events have one `change_id`.
#[derive(Debug, Clone)]
pub struct Context<D> {
    /// Where the user's things are.
    pub db: D,
    /// User, actor, source, change and trace.
    pub author: Author,
}

impl<D: Database> Context<D> {
    /// For what an author does on a database.
    pub fn new(db: D, author: Author) -> Self {
        Self { db, author }
    }

    /// Whose things they are.
    pub fn user_id(&self) -> Uuid {
        self.author.user_id
    }
}
