//! `taskwhisper up`.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use manifest::VariableFlag;

use super::{DatabaseUrl, TriggerKind, byte_size, duration};
use crate::logging::Format;

/// Run the application
///
/// Serves every trigger of the application in this process: http, kafka (on the event log in
/// Postgres), cron and websocket. Before anything starts, the manifest, all variables and all
/// trigger settings are checked, and everything that is wrong is listed at once. When all of it
/// runs, one line appears on standard output: TaskWhisper is ready at http://…
///
/// With --database-url, the database is migrated and provisioned first (see `taskwhisper migrate`
/// and `taskwhisper provision`), and the application runs with what was provisioned. Without it,
/// nothing is changed, and the variables must come from elsewhere.
///
/// SIGTERM or Ctrl-C ends it gracefully: no new work is taken, what is under way is finished. A
/// second signal, a second later at the earliest, ends it at once.
#[derive(Debug, Args)]
#[command(after_long_help = VARIABLES)]
pub struct UpArgs {
    /// The application: spin.toml, the folder it is in, or a lock file (a file:// URL is fine)
    #[arg(
        short = 'f',
        long,
        value_name = "PATH",
        default_value = "spin.toml",
        help_heading = "Application"
    )]
    pub from: PathBuf,
    /// Run only this component and its triggers; can be repeated
    #[arg(
        long = "component-id",
        short = 'c',
        value_name = "ID",
        env = "SPIN_COMPONENTS_TO_RETAIN",
        value_delimiter = ',',
        help_heading = "Application"
    )]
    pub component_ids: Vec<String>,
    /// Run only triggers of these kinds, for example http,websocket
    #[arg(
        long,
        value_name = "KINDS",
        value_delimiter = ',',
        help_heading = "Application"
    )]
    pub triggers: Vec<TriggerKind>,
    /// Whether this process may bring events from Postgres to Kafka, when there are brokers: `auto`
    /// if it runs kafka triggers. Of all that may, one does
    #[arg(
        long,
        value_enum,
        value_name = "WHEN",
        env = "TASKWHISPER_RELAY",
        default_value = "auto",
        help_heading = "Application"
    )]
    pub relay: RelayChoice,
    /// Where state is kept: compiled components, key-value stores, secrets.env
    /// [default: .taskwhisper beside the manifest]
    #[arg(
        long,
        value_name = "DIR",
        env = "TASKWHISPER_STATE_DIR",
        help_heading = "Application"
    )]
    pub state_dir: Option<PathBuf>,
    /// The operator's configuration: variable providers, state folder, limits
    #[arg(
        long,
        value_name = "PATH",
        env = "RUNTIME_CONFIG_FILE",
        help_heading = "Application"
    )]
    pub runtime_config_file: Option<PathBuf>,

    /// Where to serve HTTP and WebSockets; port 0 takes a free one [default: 127.0.0.1:3000]
    ///
    /// If none of the triggers that run serves either, /livez and /readyz answer there, but only
    /// if the address is given.
    #[arg(
        long,
        value_name = "ADDR:PORT",
        env = "SPIN_HTTP_LISTEN_ADDR",
        help_heading = "Listeners"
    )]
    pub listen: Option<SocketAddr>,
    /// Where to serve /livez, /readyz and /metrics [default: nowhere]
    #[arg(
        long,
        value_name = "ADDR:PORT",
        env = "TASKWHISPER_ADMIN_LISTEN",
        help_heading = "Listeners"
    )]
    pub admin_listen: Option<SocketAddr>,

    /// Migrate and provision this database as its owner, then run with it
    #[arg(
        long,
        value_name = "URL",
        env = "DATABASE_URL",
        hide_env_values = true,
        help_heading = "Variables and database"
    )]
    pub database_url: Option<DatabaseUrl>,
    /// Set a variable: name=value, name=@file, @file.json or @file.toml; can be repeated
    #[arg(
        long = "variable",
        value_name = "NAME=VALUE",
        help_heading = "Variables and database"
    )]
    pub variables: Vec<VariableFlag>,
    /// Read SPIN_VARIABLE_… lines from this file; can be repeated [default: .env, if there is one]
    #[arg(
        long = "env-file",
        value_name = "PATH",
        help_heading = "Variables and database"
    )]
    pub env_files: Vec<PathBuf>,

    #[command(flatten)]
    pub limits: Limits,

    /// How log lines look
    #[arg(
        long,
        value_enum,
        env = "TASKWHISPER_LOG_FORMAT",
        default_value = "human",
        help_heading = "Logging and shutdown"
    )]
    pub log_format: Format,
    /// Keep what components print in files here, instead of in the log
    #[arg(
        long,
        short = 'L',
        value_name = "DIR",
        env = "SPIN_LOG_DIR",
        help_heading = "Logging and shutdown"
    )]
    pub log_dir: Option<PathBuf>,
    /// How long work under way may take to finish after a signal
    #[arg(
        long,
        value_name = "TIME",
        value_parser = duration,
        default_value = "25s",
        help_heading = "Logging and shutdown"
    )]
    pub drain_timeout: Duration,
}

/// When to relay.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum RelayChoice {
    /// If this process runs kafka triggers
    #[default]
    Auto,
    /// In any case
    Always,
    /// Leave it to other processes
    Never,
}

/// Everything is bounded; these are the bounds one may want to move.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Limits")]
pub struct Limits {
    /// Requests one component answers at once; more get 503 with Retry-After
    #[arg(long, value_name = "COUNT", default_value_t = 1024)]
    pub max_requests: usize,
    /// Open HTTP connections; more wait
    #[arg(long, value_name = "COUNT", default_value_t = 4096)]
    pub max_connections: usize,
    /// From a request's head to the answer's head; slower ones get 504
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "30s")]
    pub request_timeout: Duration,
    /// Bytes of a request's body; larger ones get 413
    #[arg(long, value_name = "SIZE", value_parser = byte_size, default_value = "10MiB")]
    pub max_request_body: u64,
    /// Instances one component has for HTTP requests
    #[arg(long, value_name = "COUNT", default_value_t = 64)]
    pub max_instances: usize,
    /// HTTP requests one instance answers at once; a trap fails all of them
    #[arg(long, value_name = "COUNT", default_value_t = 16)]
    pub instance_concurrency: usize,
    /// Memory of one instance
    #[arg(
        long,
        value_name = "SIZE",
        value_parser = byte_size,
        env = "SPIN_MAX_INSTANCE_MEMORY"
    )]
    pub max_instance_memory: Option<u64>,
    /// Postgres connections of all components together; keep it below the server's limit
    #[arg(long, value_name = "COUNT", default_value_t = 64)]
    pub max_database_connections: usize,
    /// Postgres connections of one component: statements of it that run at once
    #[arg(long, value_name = "COUNT", default_value = "32")]
    pub max_component_database_connections: NonZeroUsize,
}

const VARIABLES: &str = "\
Variables:
  The application's variables get their values from the first of these that has one:
    1. --variable
    2. the database and keys of --database-url (keys: only if nothing below has them)
    3. [[variables_provider]] of --runtime-config-file
    4. the environment: SPIN_VARIABLE_<NAME>
    5. --env-file, in their order; without any, .env
    6. the default in the manifest

  This application needs database_url, auth_database_url, event_log_url, database_host,
  jwt_signing_key and jwt_public_keys; --database-url makes all of them.

Examples:
  taskwhisper up --database-url postgres://me@localhost/tasks
  taskwhisper up --database-url 'postgres:///tasks?host=/run/postgresql' --admin-listen 127.0.0.1:9090
  taskwhisper up --env-file .taskwhisper/secrets.env --triggers http,websocket
  taskwhisper up -f spin.toml -c tasks -c auth --log-format json --listen 0.0.0.0:80";
