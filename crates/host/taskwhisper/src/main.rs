//! The program: reads the command line and does what it says. Knows nothing of the application's
//! own domain.

mod admin;
mod check;
mod cli;
mod compile;
mod database;
#[cfg(test)]
#[path = "tests/mod.rs"]
mod database_tests;
mod event_logs;
mod logging;
mod memory;
mod migrate;
mod operate;
mod provision;
mod serve;
mod services;
mod settings;
mod shutdown;
mod transport;

use std::ffi::OsString;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Parser as _;

use cli::{Cli, Command, DatabaseUrl, ProvisionArgs, TriggerArgs, UpArgs};
use database::OlderSchema;
use settings::Settings;

/// The exit status that says: this database was made by an older version. `cargo xtask up` knows it.
const OLDER_SCHEMA: u8 = 3;

fn main() -> ExitCode {
    memory::give_back_at_once();
    let cli = Cli::parse_from(arguments(std::env::args_os()));
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            match error.downcast_ref::<OlderSchema>() {
                Some(_) => ExitCode::from(OLDER_SCHEMA),
                None => ExitCode::FAILURE,
            }
        }
    }
}

/// Spin starts a plugin under the plugin's name: `trigger-kafka …` is `taskwhisper trigger kafka …`.
fn arguments(given: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<_> = given.collect();
    let name = arguments.first().map(Path::new).and_then(Path::file_stem);
    let kind = name
        .and_then(|name| name.to_str()?.strip_prefix("trigger-"))
        .map(OsString::from);
    if let Some(kind) = kind {
        arguments.splice(1..1, ["trigger".into(), kind]);
    }
    arguments
}

#[tokio::main]
async fn run(cli: Cli) -> anyhow::Result<()> {
    // wasmtime's and our own TLS use the same cryptography; a second call would be an error.
    _ = rustls::crypto::ring::default_provider().install_default();
    match cli.command {
        Command::Up(args) => up(&args).await,
        Command::Migrate(args) => migrate::run(args).await,
        Command::Provision(args) => provision(args).await,
        Command::Topics(args) => quietly(operate::topics(args)).await,
        Command::Events(args) => quietly(operate::events(args)).await,
        Command::Invoke(args) => quietly(operate::invoke(args)).await,
        Command::DeadLetters(args) => quietly(operate::dead_letters(args)).await,
        Command::Lag(args) => quietly(operate::lag(args)).await,
        Command::Trigger(args) => trigger(args).await,
        Command::Compile(args) => compile::run(&args),
    }
}

async fn up(args: &UpArgs) -> anyhow::Result<()> {
    logging::start(args.log_format)?;
    let shutdown = shutdown::on_signal()?;
    let settings = tokio::select! {
        () = shutdown.cancelled() => return Ok(()),
        settings = Settings::of_up(args) => settings?,
    };
    serve::serve(settings, shutdown).await
}

async fn trigger(args: TriggerArgs) -> anyhow::Result<()> {
    let TriggerArgs { kind, plugin } = args;
    if plugin.launch_metadata_only {
        // Spin reads it from standard error, and nothing else may stand there.
        eprintln!("{}", cli::launch_metadata());
        return Ok(());
    }
    if plugin.help_args_only {
        say(&cli::help_of_flags().unwrap_or_default());
        return Ok(());
    }
    if plugin.ignored.precompose() {
        bail!("the {} trigger has no middleware to compose", kind.name());
    }
    logging::start(plugin.log_format)?;
    let shutdown = shutdown::on_signal()?;
    serve::serve(Settings::of_plugin(kind, &plugin)?, shutdown).await
}

async fn provision(args: ProvisionArgs) -> anyhow::Result<()> {
    logging::start(logging::Format::Human)?;
    let DatabaseUrl(database) = required(args.database.database_url)?;
    let done = provision::run(&database, &args.state_dir, args.rotate).await?;
    let file = done.secrets_file.display();
    say(&if done.changed {
        format!("Wrote {file}.")
    } else {
        format!("{file} is complete; nothing changed.")
    });
    Ok(())
}

/// A command whose output is what matters: errors say what went wrong, so the log need not.
async fn quietly(command: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    logging::start_quiet()?;
    command.await
}

/// A line on standard output, which nobody may be reading any more.
fn say(line: &str) {
    _ = writeln!(std::io::stdout().lock(), "{line}");
}

fn required(url: Option<DatabaseUrl>) -> anyhow::Result<DatabaseUrl> {
    url.context("give the database with --database-url or in DATABASE_URL")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(given: &[&str]) -> Vec<String> {
        let arguments = arguments(given.iter().map(OsString::from));
        let text = |argument: OsString| argument.into_string().unwrap();
        arguments.into_iter().map(text).collect()
    }

    #[test]
    fn a_plugins_name_chooses_its_trigger() {
        assert_eq!(
            parsed(&["/x/trigger-kafka", "--quiet"]),
            ["/x/trigger-kafka", "trigger", "kafka", "--quiet"]
        );
        assert_eq!(parsed(&["taskwhisper", "up"]), ["taskwhisper", "up"]);
    }

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
        let line = "taskwhisper events replay -t a -g b --from 2h --json -f x";
        assert!(Cli::try_parse_from(line.split(' ')).is_ok());
    }
}
