//! The commands for those who run the system: topics, events, dead letters, lag.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use manifest::VariableFlag;

use super::handlers::PublishArgs;
use super::replay_from::ReplayFrom;

/// Which application, and how to print
#[derive(Debug, Args)]
pub struct AppArgs {
    /// The application: spin.toml, the folder it is in, or a lock file
    #[arg(
        short = 'f',
        long = "application",
        value_name = "PATH",
        default_value = "spin.toml",
        global = true
    )]
    pub application: PathBuf,
    /// Where `up` keeps its state; secrets.env there says how to reach the event log
    /// [default: .taskwhisper beside the manifest]
    #[arg(long, value_name = "DIR", env = "TASKWHISPER_STATE_DIR", global = true)]
    pub state_dir: Option<PathBuf>,
    /// Variable providers, as for `up`
    #[arg(long, value_name = "PATH", env = "RUNTIME_CONFIG_FILE", global = true)]
    pub runtime_config_file: Option<PathBuf>,
    /// Set a variable: name=value; can be repeated
    #[arg(long = "variable", value_name = "NAME=VALUE", global = true)]
    pub variables: Vec<VariableFlag>,
    /// Read SPIN_VARIABLE_… lines from this file; can be repeated
    #[arg(long = "env-file", value_name = "PATH", global = true)]
    pub env_files: Vec<PathBuf>,
    /// Print JSON: one object per line
    #[arg(long, global = true)]
    pub json: bool,
}

/// Make the topics that the application needs in Kafka
///
/// The topics stand under [application.trigger.kafka.topics] in spin.toml; each consumer's dead
/// dead letters have one more. Those that are there are left as they are, so doing it again changes
/// nothing. `taskwhisper up --database-url` does it too.
#[derive(Debug, Args)]
pub struct TopicsArgs {
    #[command(subcommand)]
    pub command: TopicsCommand,
    #[command(flatten)]
    pub app: AppArgs,
}

#[derive(Debug, Subcommand)]
pub enum TopicsCommand {
    /// Make those that are missing, and say what is there
    Create {
        /// Copies of each partition; -1 leaves it to the brokers
        #[arg(long, value_name = "COUNT", default_value_t = -1, allow_negative_numbers = true,
              value_parser = clap::value_parser!(i32).range(-1..=32))]
        replication_factor: i32,
    },
}

/// Look at events as they come, append one, or have a consumer group handle them again
#[derive(Debug, Args)]
pub struct EventsArgs {
    #[command(subcommand)]
    pub command: EventsCommand,
    #[command(flatten)]
    pub app: AppArgs,
}

#[derive(Debug, Subcommand)]
pub enum EventsCommand {
    /// Print events as they are appended, until Ctrl-C
    Tail {
        /// Only this topic; can be repeated [default: every topic of the application]
        #[arg(short, long = "topic", value_name = "TOPIC")]
        topics: Vec<String>,
        /// Only events with this key
        #[arg(short, long)]
        key: Option<String>,
        /// Read the event log in Postgres, although Kafka is the transport
        #[arg(long)]
        log: bool,
    },
    /// Append an event by hand, to the event log or, where it is the transport, to Kafka
    Publish(PublishArgs),
    /// Move a consumer group back, so that it handles records again
    ///
    /// Handlers make each effect once per event, so those that were handled change nothing. On
    /// the event log the group's members go on from there by themselves. Kafka refuses while the
    /// group has members: stop what runs the handler, replay, start it again.
    Replay {
        /// The topic
        #[arg(short, long)]
        topic: String,
        /// The consumer group
        #[arg(short, long)]
        group: String,
        /// `beginning`, an instant (2031-03-26T09:00:00Z), an age (30m, 2h, 7d) or an offset
        #[arg(long, value_name = "WHERE")]
        from: ReplayFrom,
        /// Move the group of the event log in Postgres, although Kafka is the transport
        #[arg(long)]
        log: bool,
    },
    /// Forget where a group of the event log stood, so that it keeps no old rows any more
    ///
    /// Refused while the group has members. If it ever comes back it begins at the oldest row.
    Forget {
        /// The consumer group
        #[arg(short, long)]
        group: String,
    },
}

/// Look at records that a handler gave up on, and send them on their way again
#[derive(Debug, Args)]
pub struct DeadLettersArgs {
    #[command(subcommand)]
    pub command: DeadLettersCommand,
    #[command(flatten)]
    pub app: AppArgs,
}

#[derive(Debug, Subcommand)]
pub enum DeadLettersCommand {
    /// List them, oldest first
    List {
        #[command(flatten)]
        which: Which,
        /// Those too that were redriven
        #[arg(short, long)]
        all: bool,
        /// At most so many
        #[arg(long, value_name = "COUNT", default_value_t = 100)]
        limit: usize,
    },
    /// Everything about one of them
    Show {
        /// As `list` shows it
        id: String,
    },
    /// Put records back into their topics, with their key, headers and id
    ///
    /// Every group of the topic gets the record again; those that have handled it change nothing.
    /// A dead letter is redriven once, however often this is called; if the handler gives the record up
    /// again, that is a new dead letter.
    Redrive {
        /// As `list` shows them
        ids: Vec<String>,
        /// Every dead letter there is, or those that --group and --topic choose
        #[arg(long, conflicts_with = "ids", required_unless_present = "ids")]
        all: bool,
        #[command(flatten)]
        which: Which,
    },
}

#[derive(Debug, Clone, Default, Args)]
pub struct Which {
    /// Only those this consumer group gave up
    #[arg(short, long)]
    pub group: Option<String>,
    /// Only records of this topic
    #[arg(short, long)]
    pub topic: Option<String>,
}

/// How far every consumer group is behind
///
/// With Kafka as the transport, `relay` is the group that brings events from Postgres to Kafka.
#[derive(Debug, Args)]
pub struct LagArgs {
    /// A line for each partition, not for each topic
    #[arg(short, long)]
    pub partitions: bool,
    #[command(flatten)]
    pub app: AppArgs,
}
