//! What librdkafka reports on its own account: kept to explain failures, and logged through
//! `tracing` without repeating what stays the same.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::error::Seen;

/// Errors that are kept.
const KEPT: usize = 16;
/// How often an outage is mentioned while it lasts.
const REPEAT: Duration = Duration::from_secs(30);

/// The context of every client made here.
#[derive(Debug, Default)]
pub struct Context {
    seen: Mutex<VecDeque<Seen>>,
    /// When and as what an error was last logged.
    logged: Mutex<Option<(Instant, RDKafkaErrorCode)>>,
}

impl Context {
    /// Keeps and logs an error of the connections. For contexts that wrap this one.
    pub fn note(&self, error: &KafkaError, reason: &str) {
        if let Some(code) = error.rdkafka_error_code() {
            self.keep(code, reason);
        }
    }

    /// Passes on a line of librdkafka's log. For contexts that wrap this one.
    pub fn note_line(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        match level {
            RDKafkaLogLevel::Debug => tracing::trace!(target: "librdkafka", facility, "{line}"),
            _ => tracing::debug!(target: "librdkafka", facility, "{line}"),
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
            let text = line
                .strip_prefix('[')
                .and_then(|rest| rest.split_once("]: "));
            self.keep(code, text.map_or(line, |(_thread, text)| text));
        }
    }

    fn keep(&self, code: RDKafkaErrorCode, reason: &str) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() == KEPT {
            seen.pop_front();
        }
        seen.push_back(Seen {
            code,
            detail: tidy(reason),
        });
        drop(seen);
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        let again = logged.is_none_or(|(at, last)| last != code || at.elapsed() >= REPEAT);
        // It follows each of the errors that say why.
        if again && code != RDKafkaErrorCode::AllBrokersDown {
            *logged = Some((Instant::now(), code));
            tracing::warn!(reason = tidy(reason), "trouble with a connection to Kafka");
        }
    }

    /// Begins anew, so that an old error is not taken for the cause of a new failure.
    pub(crate) fn forget(&self) {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    /// What the client's connections met, oldest first.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.iter().cloned().collect()
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

/// Without the counts and states at the end that mean something to librdkafka only.
fn tidy(reason: &str) -> String {
    let end = reason.find(" (after ").unwrap_or(reason.len());
    reason[..end].trim().to_owned()
}
