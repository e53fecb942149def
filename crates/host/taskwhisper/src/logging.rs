//! The log on standard error, for people or for machines. Request and trace ids are fields of
//! the events and spans that the triggers make.

use std::io::IsTerminal as _;

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;

/// What libraries say is rarely of interest.
const DEFAULT_FILTER: &str = "info,wasmtime=warn,cranelift=warn,sqlx=warn,hyper=warn,h2=warn";

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One line of text for each event
    Human,
    /// One JSON object for each event
    Json,
}

/// Start logging. `RUST_LOG` decides what is logged.
pub fn start(format: Format) -> anyhow::Result<()> {
    start_with(format, DEFAULT_FILTER)
}

/// Start logging for a command that prints what it has to say: nothing, unless `RUST_LOG` asks.
pub fn start_quiet() -> anyhow::Result<()> {
    start_with(Format::Human, "off")
}

fn start_with(format: Format, default: &str) -> anyhow::Result<()> {
    let filter = match std::env::var(EnvFilter::DEFAULT_ENV) {
        Ok(filter) if !filter.is_empty() => EnvFilter::try_new(filter)?,
        _ => EnvFilter::new(default),
    };
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match format {
        Format::Human => builder
            .with_ansi(std::io::stderr().is_terminal())
            .with_target(false)
            .init(),
        Format::Json => builder.json().flatten_event(true).init(),
    }
    Ok(())
}
