//! What happened to the user's things and account.

use crate::{Context, Error, Page};
use store::{Database, audit};

pub use store::audit::AuditQuery;

/// A page of the log, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn list(
    context: &Context<impl Database>,
    query: &AuditQuery,
) -> Result<Page<i64>, Error> {
    Ok(audit::list(&context.db, context.user_id(), query).await?)
}
