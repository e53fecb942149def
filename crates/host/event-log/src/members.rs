//! The members of this process, and those of all processes as of the last heartbeat.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A live member of a consumer group, in any process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Member {
    pub consumer_group: String,
    pub member: Uuid,
    pub topics: Vec<String>,
}

/// All members as of the last heartbeat.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cluster {
    /// This process's proof of life; `None` while there is no connection.
    pub presence: Option<i32>,
    /// The grace period after an outage: others may not have reconnected yet, so only their expiry
    /// counts.
    pub in_grace: bool,
    pub members: HashMap<String, Vec<Member>>,
}

/// The members of this process.
#[derive(Default)]
pub(crate) struct Registry(Mutex<BTreeMap<Uuid, Member>>);

impl Registry {
    fn with<T>(&self, f: impl FnOnce(&mut BTreeMap<Uuid, Member>) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn join(&self, member: Member) {
        self.with(|members| members.insert(member.member, member));
    }

    pub fn leave(&self, member: Uuid) {
        self.with(|members| members.remove(&member));
    }

    pub fn all(&self) -> Vec<Member> {
        self.with(|members| members.values().cloned().collect())
    }
}
