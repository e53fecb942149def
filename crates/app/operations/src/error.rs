//! Why an operation was not done.

use domain::{Violation, Violations};
use spin_sdk::pg;

/// Why an operation was not done. Nothing was changed. The text may be shown to the user: it never has what
/// the database said, which is the `source`.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The input is wrong: everything that is wrong with it.
    #[error("the input is wrong")]
    Invalid(Violations),
    /// The user has no such thing; the word names what was looked for.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// It collides with what is there.
    #[error("{field}: {message}")]
    Conflict {
        /// The field that collides.
        field: &'static str,
        /// Why.
        message: String,
    },
    /// It is not at a version that the [`crate::Precondition`] names.
    #[error("it has changed since that version: read it again and repeat the change")]
    PreconditionFailed,
    /// The idempotency key came with another request before.
    #[error("the idempotency key was already used with another request")]
    KeyReused,
    /// The user's account was removed.
    #[error("the account no longer exists")]
    AccountGone,
    /// Others kept changing it meanwhile: try again.
    #[error("it kept changing while it was being changed: try again")]
    Busy,
    /// The database failed.
    #[error("the database failed")]
    Database(#[from] pg::Error),
}

impl Error {
    /// One thing is wrong with the input.
    pub fn invalid(field: &'static str, message: impl Into<String>) -> Self {
        let mut violations = Violations::default();
        violations.add(field, message);
        Self::Invalid(violations)
    }

    /// Something that is there stands in the way.
    pub(crate) fn conflict(field: &'static str, message: impl Into<String>) -> Self {
        Self::Conflict {
            field,
            message: message.into(),
        }
    }
}

/// What the domain made of an input, unless that or what was found before is wrong.
pub(crate) fn checked<T>(result: Result<T, Violations>, wrong: &Violations) -> Result<T, Error> {
    let mut all = wrong.clone();
    match result {
        Ok(value) if all.is_empty() => Ok(value),
        Ok(_) => Err(Error::Invalid(all)),
        Err(more) => {
            all.extend(more.into_iter().collect::<Vec<Violation>>());
            Err(Error::Invalid(all))
        }
    }
}
