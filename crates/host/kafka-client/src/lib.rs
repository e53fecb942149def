//! Everything that talks to Kafka uses this crate: connection settings of a manifest, clients built from
//! them, checks whose errors say what to do, administration, and the conversion of records. Secrets
//! appear in no error, no log line and no `Debug`.

mod admin;
mod client;
mod context;
mod dead_letter;
mod dead_letters;
mod error;
mod follow;
mod partition;
mod record;
mod settings;
mod values;

pub use admin::{Cluster, Created, KAFKAS_OWN, Lag, Offsets, Topic, TopicDescription, TopicSpec};
pub use client::FETCH_WAIT;
pub use context::Context;
pub use dead_letter::{
    DEAD_LETTER_PREFIX, VALUE_OMITTED, dead_letter_headers, original_headers, read_dead_letter,
};
pub use dead_letters::{DeadLetterId, StoredDeadLetter, read_dead_letters, redrive};
pub use error::Error;
pub use follow::Follower;
pub use partition::PartitionReader;
pub use rdkafka;
pub use record::{Copier, headers};
pub use settings::{Connection, Mechanism, Sasl, Tls};
pub use values::{Secret, Switch};
