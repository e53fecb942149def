//! What librdkafka reports by itself. It is stored to explain failures, and logged through `tracing`
//! without repeating what stays the same.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::error::{Cause, Seen};

/// Errors that are kept.
const KEPT: usize = 16;
/// How often an outage is mentioned while it lasts.
const REPEAT: Duration = Duration::from_secs(30);

/// The context of every client made here.
#[derive(Debug, Default)]
pub struct Context {
    seen: Mutex<VecDeque<Seen>>,
    /// When an error was last logged, and its text.
    logged: Mutex<Option<(Instant, Cause)>>,
    /// Why the last token request failed, if that says nothing about the credentials.
    token_failure: Mutex<Option<String>>,
}

impl Context {
    /// Stores and logs an error of the connections. For contexts that wrap this one.
    pub fn note(&self, error: &KafkaError, reason: &str) {
        if let Some(code) = error.rdkafka_error_code()
            && !self.is_token_failure(reason)
        {
            self.keep(Cause::Code(code), reason);
        }
    }

    /// Passes on a line of librdkafka's log. For contexts that wrap this one.
    pub fn note_line(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        match level {
            RDKafkaLogLevel::Debug => tracing::trace!(target: "librdkafka", facility, "{line}"),
            _ => tracing::debug!(target: "librdkafka", facility, "{line}"),
        }
        let text = line
            .strip_prefix('[')
            .and_then(|rest| rest.split_once("]: "));
        let text = text.map_or(line, |(_thread, text)| text);
        if facility == "OIDC"
            && let Some(failure) = TokenFailure::parse(text)
        {
            let is_passing = failure.is_passing();
            *lock(&self.token_failure) = is_passing.then(|| failure.reason.to_owned());
            if is_passing {
                let detail = format!("{}: {}", failure.url, failure.reason);
                self.keep(Cause::TokenEndpoint, &detail);
            }
        }
        // A connection that is closed on us, as one that speaks the wrong protocol, is no error
        // to librdkafka: it only says so here. One that worked and was idle is no trouble.
        if facility == "FAIL" && !line.contains("in state UP") {
            let in_handshake = line.contains("SSL handshake") || line.contains("SSL_HANDSHAKE");
            // A broker looks at our certificate when the handshake is over for us.
            let is_refused = line.contains("SSL alert number");
            let code = if in_handshake || is_refused {
                RDKafkaErrorCode::SSL
            } else {
                RDKafkaErrorCode::BrokerTransportFailure
            };
            self.keep(Cause::Code(code), text);
        }
    }

    /// Whether this error repeats what the log said before: to librdkafka a token that cannot be had is a
    /// failed authentication.
    fn is_token_failure(&self, reason: &str) -> bool {
        let failure = lock(&self.token_failure);
        reason
            .strip_prefix("Failed to acquire SASL OAUTHBEARER token: ")
            .is_some_and(|reason| failure.as_deref() == Some(reason))
    }

    fn keep(&self, cause: Cause, reason: &str) {
        let mut seen = lock(&self.seen);
        if seen.len() == KEPT {
            seen.pop_front();
        }
        seen.push_back(Seen {
            cause,
            detail: tidy(reason),
        });
        drop(seen);
        let mut logged = lock(&self.logged);
        let again = logged.is_none_or(|(at, last)| last != cause || at.elapsed() >= REPEAT);
        // It follows each of the errors that say why.
        if again && cause != Cause::Code(RDKafkaErrorCode::AllBrokersDown) {
            *logged = Some((Instant::now(), cause));
            tracing::warn!(reason = tidy(reason), "trouble with a connection to Kafka");
        }
    }

    /// Forgets old errors, so that none is taken for the cause of a new failure.
    pub(crate) fn forget(&self) {
        lock(&self.seen).clear();
    }

    /// The errors of the client's connections, oldest first.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        lock(&self.seen).iter().cloned().collect()
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        self.note_line(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.note(&error, reason);
    }
}

impl ConsumerContext for Context {}

/// What librdkafka's log says about a token endpoint:
/// `Failed to retrieve OIDC token from "URL": REASON (CODE)`, the code being HTTP's, or -1.
#[derive(Debug, PartialEq, Eq)]
struct TokenFailure<'l> {
    url: &'l str,
    reason: &'l str,
    code: i32,
}

impl<'l> TokenFailure<'l> {
    fn parse(line: &'l str) -> Option<Self> {
        let (_, rest) = line.split_once("token from \"")?;
        let (url, rest) = rest.split_once("\": ")?;
        let (reason, code) = rest.trim_end().strip_suffix(')')?.rsplit_once(" (")?;
        let code = code.parse().ok()?;
        Some(Self { url, reason, code })
    }

    /// The endpoint has not judged the credentials: it was unreachable, or failed.
    fn is_passing(&self) -> bool {
        matches!(self.code, -1 | 408 | 425 | 429 | 500..)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Without the counts and states at the end that mean something to librdkafka only.
fn tidy(reason: &str) -> String {
    let end = reason.find(" (after ").unwrap_or(reason.len());
    reason[..end].trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_endpoint_that_refuses_the_credentials_is_told_from_one_that_is_not_well() {
        let line =
            |rest: &str| format!("Failed to retrieve OIDC token from \"http://a/b\": {rest}");
        for (rest, reason, code, is_passing) in [
            (
                "Failed to connect (a) (-1)",
                "Failed to connect (a)",
                -1,
                true,
            ),
            ("Server is busy (503)", "Server is busy", 503, true),
            ("slow down (429)", "slow down", 429, true),
            ("invalid_client (401)", "invalid_client", 401, false),
            (
                "unsupported_grant_type (400)",
                "unsupported_grant_type",
                400,
                false,
            ),
        ] {
            let line = line(rest);
            let failure = TokenFailure::parse(&line).expect("a failure");
            let url = "http://a/b";
            assert_eq!(failure, TokenFailure { url, reason, code });
            assert_eq!(failure.is_passing(), is_passing, "{rest}");
        }
        assert_eq!(TokenFailure::parse("JWKS retrieved"), None);
    }
}
