//! What was sent to the user.

use crate::{Context, Error, Page};
use events::ReminderDue;
use store::{Database, notifications};

pub use store::notifications::{Delivered, Position};

/// A page of the log, newest first.
///
/// # Errors
/// When the database fails.
pub async fn list(
    context: &Context<impl Database>,
    limit: u32,
    after: Option<&Position>,
) -> Result<Page<Position>, Error> {
    Ok(notifications::list(&context.db, context.user_id(), limit, after).await?)
}

/// Delivers a reminder in the application, once for each event.
///
/// # Errors
/// When the database fails.
pub async fn deliver(
    context: &Context<impl Database>,
    reminder: &ReminderDue,
) -> Result<Delivered, Error> {
    Ok(notifications::deliver(&context.db, &context.author, reminder).await?)
}
