//! Commits offsets in a thread of its own, one commit at a time, while the member fetches. An
//! asynchronous commit would not do: librdkafka reports its result only to an offset-commit
//! callback, and rdkafka sets none.

use std::collections::VecDeque;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{JoinHandle, Thread};
use std::time::Duration;

use kafka_client::rdkafka::TopicPartitionList;
use kafka_client::rdkafka::consumer::{CommitMode, Consumer as _};

use super::member::Consumer;

/// How often who waits makes sure that the thread is still there.
const LOOK: Duration = Duration::from_secs(1);

pub(super) struct Committer {
    lists: Option<Sender<TopicPartitionList>>,
    ended: Arc<Ended>,
    thread: Option<JoinHandle<()>>,
}

/// Whether commits that ended worked.
#[derive(Default)]
struct Ended {
    results: Mutex<VecDeque<bool>>,
    one_more: Condvar,
}

impl Ended {
    fn results(&self) -> MutexGuard<'_, VecDeque<bool>> {
        self.results.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Committer {
    /// `member` is woken when a commit has ended.
    pub fn start(group: &str, consumer: Arc<Consumer>, member: Thread) -> std::io::Result<Self> {
        let (lists, asked) = channel::<TopicPartitionList>();
        let ended = Arc::new(Ended::default());
        let (told, name) = (ended.clone(), group.to_owned());
        let thread = std::thread::Builder::new().name(format!("commit {group}"));
        let thread = thread.spawn(move || {
            for list in asked {
                let done = consumer.commit(&list, CommitMode::Sync);
                if let Err(error) = &done {
                    tracing::warn!(group = name, %error, "a commit failed; it is tried again");
                }
                told.results().push_back(done.is_ok());
                told.one_more.notify_one();
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
        std::mem::take(&mut *self.ended.results())
    }

    /// Waits for the commit in flight, if `Commits` says that there is one. Whether it worked.
    pub fn wait(&self) -> bool {
        let mut results = self.ended.results();
        loop {
            if let Some(worked) = results.pop_front() {
                return worked;
            }
            if self.thread.as_ref().is_none_or(JoinHandle::is_finished) {
                return false;
            }
            let woken = self.ended.one_more.wait_timeout(results, LOOK);
            results = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits for the commit in flight.
    pub fn finish(&mut self) {
        self.lists = None;
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}
