//! What a handler may return, and how it becomes the outcomes of the WIT interface.

use crate::Outcome;
use std::fmt::Display;

/// Why a message was not handled.
///
/// `?` turns any error into a [`Failure::Retry`]; use [`Failure::reject`] where a retry cannot
/// help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// Deliver it again later, with backoff; after the trigger's `max_attempts` it becomes a dead letter.
    Retry(String),
    /// It can never be handled: it becomes a dead letter at once.
    Reject(String),
}

impl Failure {
    /// Again later, for this reason.
    pub fn retry(reason: impl Display) -> Self {
        Self::Retry(reason.to_string())
    }

    /// Never again, for this reason.
    pub fn reject(reason: impl Display) -> Self {
        Self::Reject(reason.to_string())
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        // The alternate form has the whole chain of causes.
        Self::Retry(format!("{:#}", error.into()))
    }
}

impl From<Failure> for Outcome {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Retry(reason) => Outcome::Retry(reason),
            Failure::Reject(reason) => Outcome::Reject(reason),
        }
    }
}

/// What the function given to [`handler!`](crate::handler!) may return.
pub trait Answer {
    /// One outcome per message, or the reason why the whole batch failed. In that case each is
    /// delivered again alone.
    fn into_outcomes(self) -> Result<Vec<Outcome>, String>;
}

impl Answer for Vec<Outcome> {
    fn into_outcomes(self) -> Result<Vec<Outcome>, String> {
        Ok(self)
    }
}

impl<E: Display> Answer for Result<Vec<Outcome>, E> {
    fn into_outcomes(self) -> Result<Vec<Outcome>, String> {
        self.map_err(|error| format!("{error:#}"))
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, Failure};
    use crate::Outcome;
    use anyhow::Context;

    #[test]
    fn a_question_mark_retries_and_tells_the_whole_chain_of_causes() {
        fn fails() -> Result<(), Failure> {
            Err(std::io::Error::other("refused")).context("connecting")?;
            Ok(())
        }
        assert_eq!(fails(), Err(Failure::retry("connecting: refused")));

        fn fails_plainly() -> Result<(), Failure> {
            Err(std::io::Error::other("refused"))?;
            Ok(())
        }
        assert_eq!(fails_plainly(), Err(Failure::retry("refused")));
    }

    #[test]
    fn an_error_of_a_batch_handler_is_the_reason_to_retry_all_of_it() {
        let answer: Result<Vec<Outcome>, anyhow::Error> =
            Err(anyhow::anyhow!("refused").context("connecting"));
        assert!(matches!(answer.into_outcomes(), Err(reason) if reason == "connecting: refused"));
    }
}
