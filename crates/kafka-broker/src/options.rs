//! What a broker is to be like.

use std::path::PathBuf;

/// How to run a broker.
#[derive(Clone, Debug)]
pub struct Options {
    /// The folder of Kafka's jars.
    pub libs: PathBuf,
    /// The broker's folder: its records, settings and log. What is there is kept.
    pub folder: PathBuf,
    /// The port for clients; `None`: the one it had before in this folder, else a free one.
    pub port: Option<u16>,
    /// The largest heap, in MiB.
    pub heap_mb: u32,
    /// Listeners besides the plain one, each on a free port of 127.0.0.1.
    pub listeners: Vec<Listener>,
    /// Users made when the folder is new.
    pub scram_users: Vec<ScramUser>,
    /// More lines of `server.properties`; they win over ours.
    pub properties: Vec<(String, String)>,
}

/// A listener besides the plain one.
#[derive(Clone, Debug)]
pub struct Listener {
    /// Upper case letters; what [`crate::Broker::address`] is asked for.
    pub name: String,
    /// `PLAINTEXT`, `SSL`, `SASL_PLAINTEXT` or `SASL_SSL`.
    pub protocol: String,
}

/// A user for SASL SCRAM.
#[derive(Clone, Debug)]
pub struct ScramUser {
    /// `SCRAM-SHA-256` or `SCRAM-SHA-512`.
    pub mechanism: String,
    /// The name.
    pub name: String,
    /// The password.
    pub password: String,
}

impl Options {
    /// A plain broker in `folder`.
    pub fn new(libs: impl Into<PathBuf>, folder: impl Into<PathBuf>) -> Self {
        Self {
            libs: libs.into(),
            folder: folder.into(),
            port: None,
            heap_mb: 512,
            listeners: Vec::new(),
            scram_users: Vec::new(),
            properties: Vec::new(),
        }
    }
}
