//! `taskwhisper trigger <kind>`: the flags that `spin up` passes to every trigger.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, CommandFactory as _, ValueEnum};
use host_runtime::Follow;
use manifest::VariableFlag;
use serde_json::json;

use super::{Cli, byte_size, duration};
use crate::logging::Format;

/// A kind of trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TriggerKind {
    /// Requests
    Http,
    /// Records of topics
    Kafka,
    /// The clock
    Cron,
    /// WebSocket connections
    Websocket,
}

impl TriggerKind {
    /// As the manifest calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Kafka => "kafka",
            Self::Cron => "cron",
            Self::Websocket => "websocket",
        }
    }
}

/// What `spin up` passes on. Flags that mean nothing here are accepted.
#[derive(Debug, Args)]
pub struct PluginArgs {
    /// Where the websocket trigger listens
    #[arg(
        long,
        value_name = "ADDR:PORT",
        env = "TASKWHISPER_WEBSOCKET_LISTEN",
        default_value = "127.0.0.1:3001"
    )]
    pub websocket_listen: SocketAddr,
    /// Where to serve /livez, /readyz and /metrics [default: nowhere]
    #[arg(long, value_name = "ADDR:PORT")]
    pub admin_listen: Option<SocketAddr>,
    /// Keep what components print in files here; empty for nowhere
    /// [default: logs in the state folder]
    #[arg(long, short = 'L', value_name = "DIR", env = "SPIN_LOG_DIR")]
    pub log_dir: Option<PathBuf>,
    /// Empty those files first
    #[arg(long)]
    pub truncate_logs: bool,
    /// Show what this component prints, and no other; can be repeated [default: all]
    #[arg(long, value_name = "COMPONENT")]
    pub follow: Vec<String>,
    /// Show nothing of what components print
    #[arg(long, short = 'q', aliases = ["sh", "shush"])]
    pub quiet: bool,
    /// The operator's configuration
    #[arg(long, value_name = "PATH", env = "RUNTIME_CONFIG_FILE")]
    pub runtime_config_file: Option<PathBuf>,
    /// Where state is kept [default: .spin beside the manifest]
    #[arg(long, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
    /// Set a variable: name=value, name=@file, @file.json or @file.toml
    #[arg(long = "variable", value_name = "NAME=VALUE")]
    pub variables: Vec<VariableFlag>,
    /// Memory of one instance
    #[arg(
        long,
        value_name = "SIZE",
        value_parser = byte_size,
        env = "SPIN_MAX_INSTANCE_MEMORY"
    )]
    pub max_instance_memory: Option<u64>,
    /// Compile components anew
    #[arg(long, env = "DISABLE_WASMTIME_CACHE", value_parser = clap::builder::BoolishValueParser::new())]
    pub disable_cache: bool,
    /// Do not reserve memory for instances
    #[arg(long)]
    pub disable_pooling: bool,
    /// How log lines look
    #[arg(
        long,
        value_enum,
        env = "TASKWHISPER_LOG_FORMAT",
        default_value = "human"
    )]
    pub log_format: Format,
    /// How long work under way may take to finish after a signal
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "25s")]
    pub drain_timeout: Duration,

    /// Print which flags there are, for `spin up`
    #[arg(long, hide = true)]
    pub launch_metadata_only: bool,
    /// Print the help of the flags only, for `spin up --help`
    #[arg(long, hide = true)]
    pub help_args_only: bool,
    #[command(flatten)]
    pub ignored: Ignored,
}

impl PluginArgs {
    /// Whose output to show, as Spin's own triggers do.
    pub fn follow(&self) -> Follow {
        match self.follow.as_slice() {
            _ if self.quiet => Follow::Nobody,
            [] => Follow::All,
            ids => Follow::Only(ids.to_vec()),
        }
    }
}

/// Flags of `spin up` that are accepted and mean nothing here.
#[derive(Debug, Args)]
pub struct Ignored {
    #[arg(long, hide = true)]
    listen: Option<String>,
    #[arg(long, hide = true)]
    cache: Option<PathBuf>,
    #[arg(long, hide = true)]
    debug_info: bool,
    #[arg(long, hide = true)]
    allow_transient_write: bool,
    #[arg(long, hide = true)]
    key_value: Vec<String>,
    #[arg(long, hide = true)]
    sqlite: Vec<String>,
    #[arg(long, hide = true)]
    precompose_only: bool,
    #[arg(long, hide = true)]
    precompose_component_id: Option<String>,
}

impl Ignored {
    /// What was asked for and will not happen.
    pub fn warnings(&self) -> Vec<&'static str> {
        [
            (self.allow_transient_write, "--allow-transient-write"),
            (self.debug_info, "--debug-info"),
            (!self.key_value.is_empty(), "--key-value"),
            (!self.sqlite.is_empty(), "--sqlite"),
            (self.cache.is_some(), "--cache"),
        ]
        .into_iter()
        .filter_map(|(given, flag)| given.then_some(flag))
        .collect()
    }

    /// `spin up` asks for this of triggers that compose components; ours has none to compose.
    pub fn precompose(&self) -> bool {
        self.precompose_only
    }
}

/// What `--launch-metadata-only` prints: every flag, so that `spin up` knows whom to give which.
pub fn launch_metadata() -> String {
    let cli = Cli::command();
    let flags: Vec<_> = cli
        .find_subcommand("trigger")
        .into_iter()
        .flat_map(|command| command.get_arguments())
        .filter(|argument| !argument.is_positional())
        // Another trigger's: `spin up` should not count us among its takers.
        .filter(|argument| argument.get_id() != "listen")
        .map(|argument| {
            let mut flag = serde_json::Map::new();
            if let Some(long) = argument.get_long() {
                flag.insert("long".into(), format!("--{long}").into());
            }
            if let Some(short) = argument.get_short() {
                flag.insert("short".into(), format!("-{short}").into());
            }
            flag
        })
        .collect();
    json!({ "all_flags": flags }).to_string()
}

/// What `--help-args-only` prints.
pub fn help_of_flags() -> Option<String> {
    let mut cli = Cli::command();
    let command = cli.find_subcommand_mut("trigger")?.clone();
    let mut command = command
        .disable_help_flag(true)
        .help_template("{options}")
        .next_help_heading("Trigger options");
    Some(command.render_long_help().to_string())
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::Command;

    #[test]
    fn every_flag_of_spin_up_is_accepted() {
        let flags = "--log-dir x --truncate-logs --disable-cache --disable-pooling --debug-info \
                     --follow a --follow b -q --runtime-config-file x --state-dir x \
                     --allow-transient-write --key-value a=b --sqlite @x --max-instance-memory 1 \
                     --variable a=b --listen 127.0.0.1:0 --cache x --precompose-only \
                     --precompose-component-id a";
        let arguments = ["taskwhisper", "trigger", "kafka"].into_iter();
        let cli = Cli::try_parse_from(arguments.chain(flags.split_whitespace())).unwrap();
        let Command::Trigger(trigger) = cli.command else {
            panic!("another command");
        };
        assert_eq!(trigger.kind, TriggerKind::Kafka);
        assert_eq!(trigger.plugin.ignored.warnings().len(), 5);
        assert_eq!(trigger.plugin.follow(), Follow::Nobody, "-q");
    }

    #[test]
    fn what_components_print_is_shown_unless_asked_otherwise() {
        let follow = |flags: &[&str]| {
            let arguments = ["taskwhisper", "trigger", "kafka"].iter().chain(flags);
            let Command::Trigger(trigger) = Cli::try_parse_from(arguments).unwrap().command else {
                panic!("another command");
            };
            trigger.plugin.follow()
        };
        assert_eq!(follow(&[]), Follow::All);
        let only = follow(&["--follow", "a", "--follow", "b"]);
        assert!(only.includes("a") && only.includes("b") && !only.includes("c"));
        assert_eq!(follow(&["--shush"]), Follow::Nobody);
    }

    #[test]
    fn launch_metadata_is_what_spin_reads() {
        let metadata: serde_json::Value = serde_json::from_str(&launch_metadata()).unwrap();
        let flags = metadata["all_flags"].as_array().unwrap();
        let has = |long: &str| flags.iter().any(|flag| flag["long"] == long);
        assert!(has("--websocket-listen") && has("--runtime-config-file") && has("--quiet"));
        assert!(!has("--listen"));
        assert!(flags.contains(&json!({"long": "--log-dir", "short": "-L"})));
    }
}
