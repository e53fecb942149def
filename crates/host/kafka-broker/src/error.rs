//! What can go wrong with a broker.

use std::path::PathBuf;

/// Why there is no broker.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No usable Java.
    #[error(
        "Kafka's broker needs Java 17 or later on the PATH (Debian: apt install openjdk-17-jre-headless): {0}"
    )]
    Java(String),
    /// No jars.
    #[error("{0} holds no jars of Kafka's broker")]
    NoJars(PathBuf),
    /// A file or folder.
    #[error("cannot {action} {path}: {error}")]
    File {
        /// What was tried.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
    /// The storage tool refused.
    #[error("cannot format Kafka's storage in {folder}: {output}")]
    Format {
        /// The broker's folder.
        folder: PathBuf,
        /// What the tool said.
        output: String,
    },
    /// It ended instead of listening.
    #[error("Kafka's broker ended ({status}); the end of {log}:\n{tail}")]
    Ended {
        /// How.
        status: String,
        /// Its log.
        log: PathBuf,
        /// The end of the log.
        tail: String,
    },
    /// It neither listens nor ends.
    #[error("Kafka's broker does not listen on {address} after {seconds} s; its log is {log}")]
    Silent {
        /// Where it should listen.
        address: String,
        /// How long it had.
        seconds: u64,
        /// Its log.
        log: PathBuf,
    },
}

impl Error {
    pub(crate) fn file(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |error| Self::File {
            action,
            path,
            error,
        }
    }
}
