//! The commands with which somebody tries a handler by hand: `events publish` and `invoke`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;

use super::AppArgs;

/// What `events publish` appends.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = PUBLISH_EXAMPLES)]
pub struct PublishArgs {
    /// The topic
    #[arg(value_name = "TOPIC")]
    pub topic: String,
    /// The record's key: records of one key are handled in their order
    #[arg(short, long, value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub key: String,
    /// The event's type, for example order.placed
    #[arg(short = 't', long = "type", value_name = "TYPE",
          value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub kind: String,
    /// The value: JSON, @file, or - for standard input [default: null]
    #[arg(short, long, value_name = "JSON")]
    pub data: Option<String>,
    /// Another header: name=value; can be repeated. ce_id makes it an event that there was before
    #[arg(long = "header", value_name = "NAME=VALUE")]
    pub headers: Vec<Header>,
    /// Append to the event log in Postgres, although Kafka is the transport: the relay brings it over
    #[arg(long)]
    pub log: bool,
}

const PUBLISH_EXAMPLES: &str = "\
Examples:
  taskwhisper events publish orders --key ada --type order.placed --data '{\"cents\": 1200}'
  taskwhisper events publish orders --key ada --type order.placed --data @order.json
  taskwhisper events publish orders --key ada --type order.placed --header ce_subject=order/7

What it appends is a CloudEvent in binary mode: the headers ce_id (a new UUIDv7), ce_type,
ce_source (`cli`), ce_time, ce_specversion and content-type, and those of --header. Its handlers
get it as they get every other.";

/// Call the handler of records once, with records from a file
///
/// The component is called as its [[trigger.kafka]] calls it, with all records as one batch, but by
/// itself: it joins no group, moves no position, and nothing is tried again or becomes a dead
/// letter. What it does to a database or to other services does happen. What it prints goes to
/// standard error; what became of each record to standard output.
///
/// The exit status is 0 when every record is done.
#[derive(Debug, Args)]
#[command(after_long_help = INVOKE_EXAMPLES)]
pub struct InvokeArgs {
    /// The component's id in spin.toml
    #[arg(value_name = "COMPONENT")]
    pub component: String,
    /// A file of JSON, or - for standard input: a record, an array of them, or one after another
    #[arg(short, long, value_name = "FILE")]
    pub record: PathBuf,
    #[command(flatten)]
    pub app: AppArgs,
}

const INVOKE_EXAMPLES: &str = "\
Examples:
  echo '{\"topic\": \"orders\", \"key\": \"ada\", \"value\": {\"cents\": 1200},
         \"headers\": {\"ce_id\": \"1\", \"ce_type\": \"order.placed\"}}' |
    taskwhisper invoke save-order --record -

  taskwhisper invoke save-order --record orders.json

  taskwhisper dead-letters show 7 --json | jq .record | taskwhisper invoke save-order --record -

A record has topic, key, headers and value; partition, offset and timestamp, as `taskwhisper
events tail --json` prints them, are understood too. What is left out is not there: no key, no
headers, and without a value it is a tombstone. Without a topic it is of the first that the
trigger reads.

The component's variables come from where `taskwhisper up` takes them. Only those that it uses
are needed, so a handler that uses none runs without a database and without an event log.";

/// `name=value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    pub name: String,
    pub value: String,
}

impl FromStr for Header {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() && !name.contains('\0') => Ok(Self {
                name: name.to_owned(),
                value: value.to_owned(),
            }),
            _ => Err("write it like ce_subject=order/7".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_has_a_name_and_any_value() {
        let header = |name: &str, value: &str| {
            let (name, value) = (name.to_owned(), value.to_owned());
            Ok(Header { name, value })
        };
        assert_eq!("a=b=c".parse(), header("a", "b=c"));
        assert_eq!("a=".parse(), header("a", ""));
        for bad in ["", "a", "=b", "a\0=b"] {
            assert!(bad.parse::<Header>().is_err(), "{bad:?}");
        }
    }
}
