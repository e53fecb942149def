//! The command line. What is written here is what `--help` shows.

mod handlers;
mod operate;
mod options;
mod plugin;
mod replay_from;
mod up;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use handlers::{Header, InvokeArgs, PublishArgs};
pub use operate::{
    AppArgs, DeadLettersArgs, DeadLettersCommand, EventsArgs, EventsCommand, LagArgs, TopicsArgs,
    TopicsCommand, Which,
};
pub use options::{DatabaseUrl, byte_size, duration};
pub use plugin::{PluginArgs, TriggerKind, help_of_flags, launch_metadata};
pub use replay_from::ReplayFrom;
pub use up::{Limits, RelayChoice, UpArgs};

/// TaskWhisper: a task manager you talk to, and the host it runs on
///
/// The application is a Spin application: WebAssembly components that answer HTTP requests,
/// handle events, fire by the clock and decide about WebSockets. `taskwhisper up` runs all of it
/// in this one process; it needs nothing but PostgreSQL 15 or later.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, after_long_help = EXAMPLES)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  Run it on this machine; the URL is that of the database's owner:
    taskwhisper up --database-url postgres://me@localhost/tasks

  Run two side by side:
    taskwhisper up --listen 127.0.0.1:4000 --state-dir /tmp/second --database-url postgres://…/second

  Run one part of it, as one pod of a cluster does, with its variables in the environment:
    SPIN_VARIABLE_DATABASE_URL=… taskwhisper up -f spin.toml --component-id record-audit

  Prepare a database in one step of a deployment:
    taskwhisper migrate up && taskwhisper provision --state-dir /secrets

  Try a handler by hand:
    taskwhisper events publish orders --key ada --type order.placed --data '{\"cents\": 1200}'
    taskwhisper invoke save-order --record orders.json

  See who is behind, and what was given up; try that again:
    taskwhisper lag
    taskwhisper dead-letters list
    taskwhisper dead-letters redrive --all

Logs go to standard error; RUST_LOG chooses what is logged (for example `debug`, or
`info,trigger_http=debug`). `taskwhisper <command> --help` explains each command.";

#[derive(Debug, Subcommand)]
pub enum Command {
    Up(Box<UpArgs>),
    Migrate(MigrateArgs),
    Provision(ProvisionArgs),
    Topics(TopicsArgs),
    Events(EventsArgs),
    Invoke(InvokeArgs),
    DeadLetters(DeadLettersArgs),
    Lag(LagArgs),
    Trigger(TriggerArgs),
    #[command(hide = true)]
    Compile(CompileArgs),
}

/// Bring the database's schema up to date, back, or show where it is
///
/// The migrations are inside this program. Each runs in a transaction of its own; several
/// processes may try at the same time, one does it. `taskwhisper up --database-url` does it too.
///
/// With --event-log it sets up the event log alone, for applications of your own: the tables and
/// the roles that the kafka, cron and websocket triggers need, and no tasks. The database's owner
/// can do that; only whoever makes the roles needs CREATEROLE, once per Postgres server.
#[derive(Debug, Args)]
#[command(after_long_help = MIGRATE_EXAMPLES)]
pub struct MigrateArgs {
    #[command(subcommand)]
    pub direction: Option<Direction>,
    /// Only what the event log needs
    #[arg(long, global = true)]
    pub event_log: bool,
    #[command(flatten)]
    pub database: RequiredDatabase,
}

const MIGRATE_EXAMPLES: &str = "\
Examples:
  taskwhisper migrate --database-url postgres://me@localhost/tasks
  taskwhisper migrate status --database-url postgres://me@localhost/tasks
  taskwhisper migrate --event-log --database-url postgres://me@localhost/orders

Exit status: 3 when the schema was made by an older version and cannot be brought up to date.";

#[derive(Debug, Subcommand)]
pub enum Direction {
    /// Apply what is pending (this is the default)
    Up,
    /// Revert the newest migrations
    Down {
        /// How many of them
        #[arg(long, default_value_t = 1, value_name = "COUNT")]
        steps: usize,
    },
    /// List all migrations and whether the database has them
    Status,
}

/// Make database roles and keys, and write them to a file
///
/// Makes the login roles <database>_app (for components), <database>_auth (for the component that
/// knows passwords) and <database>_host (for triggers) with random passwords, and an Ed25519 key pair for access tokens. All of it goes to
/// `secrets.env` in the state folder, readable by you only, as SPIN_VARIABLE_… lines for
/// `taskwhisper up --env-file`. Doing it again changes nothing.
#[derive(Debug, Args)]
pub struct ProvisionArgs {
    #[command(flatten)]
    pub database: RequiredDatabase,
    /// Where to keep secrets.env
    #[arg(
        long,
        value_name = "DIR",
        env = "TASKWHISPER_STATE_DIR",
        default_value = ".taskwhisper"
    )]
    pub state_dir: PathBuf,
    /// Give the roles new passwords, although others may be using the old ones
    #[arg(long)]
    pub rotate: bool,
}

#[derive(Debug, Args)]
pub struct RequiredDatabase {
    /// The database, as its owner: postgres://owner:password@host/name
    ///
    /// For a Unix socket: postgres:///name?host=/run/postgresql. With sslmode=require the
    /// server's certificate is verified.
    #[arg(
        long,
        value_name = "URL",
        env = "DATABASE_URL",
        hide_env_values = true,
        global = true
    )]
    pub database_url: Option<DatabaseUrl>,
}

/// Compile a component into the cache that `up` loads it from; `up` does this itself
#[derive(Debug, Args)]
pub struct CompileArgs {
    /// The component's binary
    pub component: PathBuf,
    /// Where `up` keeps its state
    #[arg(long, value_name = "DIR")]
    pub state_dir: PathBuf,
    /// For a host that does not pool instances
    #[arg(long)]
    pub no_pooling: bool,
    /// Bytes of memory one instance may use there
    #[arg(long, value_name = "BYTES")]
    pub max_instance_memory: usize,
}

/// Run one kind of trigger, started by the real `spin up`
///
/// `spin up` starts this program under the names trigger-kafka, trigger-cron and
/// trigger-websocket when it is installed as a plugin (`cargo xtask plugins`). It tells in the
/// environment where the application is: SPIN_LOCKED_URL, SPIN_WORKING_DIR, SPIN_LOCAL_APP_DIR.
#[derive(Debug, Args)]
pub struct TriggerArgs {
    /// Which triggers of the application to run
    pub kind: TriggerKind,
    #[command(flatten)]
    pub plugin: PluginArgs,
}
