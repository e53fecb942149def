//! Commits beside the fetching, in a thread of its own, one at a time. librdkafka tells nobody how
//! an asynchronous commit ended unless an offset-commit callback is set, and rdkafka sets none.

use std::collections::VecDeque;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{JoinHandle, Thread};

use kafka_client::rdkafka::TopicPartitionList;
use kafka_client::rdkafka::consumer::{CommitMode, Consumer as _};

use super::member::Consumer;

pub(super) struct Committer {
    lists: Option<Sender<TopicPartitionList>>,
    ended: Arc<Mutex<VecDeque<bool>>>,
    thread: Option<JoinHandle<()>>,
}

impl Committer {
    /// `member` is woken when a commit has ended.
    pub fn start(group: &str, consumer: Arc<Consumer>, member: Thread) -> std::io::Result<Self> {
        let (lists, asked) = channel::<TopicPartitionList>();
        let ended = Arc::new(Mutex::new(VecDeque::new()));
        let (results, name) = (ended.clone(), group.to_owned());
        let thread = std::thread::Builder::new().name(format!("commit {group}"));
        let thread = thread.spawn(move || {
            for list in asked {
                let done = consumer.commit(&list, CommitMode::Sync);
                if let Err(error) = &done {
                    tracing::warn!(group = name, %error, "a commit failed; it is tried again");
                }
                let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
                results.push_back(done.is_ok());
                member.unpark();
            }
        })?;
        Ok(Self {
            lists: Some(lists),
            ended,
            thread: Some(thread),
        })
    }

    pub fn commit(&self, list: TopicPartitionList) {
        if let Some(lists) = &self.lists {
            // It ends only after us.
            let _ended = lists.send(list);
        }
    }

    /// Whether commits that ended since the last call worked.
    pub fn ended(&self) -> VecDeque<bool> {
        std::mem::take(&mut *self.ended.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits for the commit under way.
    pub fn finish(&mut self) {
        self.lists = None;
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}
