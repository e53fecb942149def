//! The settings of a broker.

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
    /// How Java compiles it.
    pub compiler: Compiler,
    /// Listeners besides the plain one, each on a free port of 127.0.0.1.
    pub listeners: Vec<Listener>,
    /// Users made when the folder is new.
    pub scram_users: Vec<ScramUser>,
    /// More lines of `server.properties`; they win over ours.
    pub properties: Vec<(String, String)>,
}

/// How Java compiles a broker while it runs.
#[derive(Clone, Copy, Debug)]
pub enum Compiler {
    /// Once and quickly: fast from the start, and small.
    Quick,
    /// As Java does by itself, and brokers in use are run: that takes a core for the first minute of
    /// load, and a third of the time off from then on.
    Optimizing,
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
            compiler: Compiler::Quick,
            listeners: Vec::new(),
            scram_users: Vec::new(),
            properties: Vec::new(),
        }
    }
}
