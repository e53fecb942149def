//! Tails: every process that asks receives all records of some topics from now on. One reader serves all
//! tails of a process. A tail that lags too far loses the oldest records and is told so.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::time::Instant;

use crate::backoff::Backoff;
use crate::log::Shared;
use crate::pacer::{Pacer, ReadOutcome};
use crate::reader::{Read, Reader};
use crate::session::Session;
use crate::{Cursor, Error, EventLog, PARTITIONS};
use records::{Record, TopicPartition};

type Batch = Arc<Vec<Arc<Record>>>;

/// Why a tail has no batch to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TailError {
    /// Its receiver was too slow: records are missing before the next batch.
    #[error("the tail fell behind and lost records")]
    Lagged,
    /// The log was dropped.
    #[error("the event log is closed")]
    Closed,
}

/// A stream of the records appended to some topics.
pub struct Tail {
    log: Arc<EventLog>,
    topics: Vec<String>,
    batches: broadcast::Receiver<Batch>,
    ready: Option<oneshot::Receiver<()>>,
}

impl Tail {
    pub(crate) fn open(log: &Arc<EventLog>, topics: Vec<String>) -> Self {
        let batches = log.tails.batches.subscribe();
        let (begun, ready) = oneshot::channel();
        // No receiver: the log is closing, which `next` reports.
        let _ = log.tails.requests.send(Request::Open {
            topics: topics.clone(),
            begun,
        });
        Self {
            log: log.clone(),
            topics,
            batches,
            ready: Some(ready),
        }
    }

    /// Resolves when "from now on" has begun: every record whose transaction commits after this
    /// is delivered. Some from before the call may be, too.
    pub async fn ready(&mut self) {
        if let Some(ready) = &mut self.ready {
            let _ = ready.await;
            self.ready = None;
        }
    }

    /// The next records, in the order they were appended; never an empty batch. Dropping the
    /// future loses nothing.
    ///
    /// # Errors
    /// [`TailError::Lagged`]: go on calling, with a gap. [`TailError::Closed`]: it is over.
    pub async fn next(&mut self) -> Result<Vec<Arc<Record>>, TailError> {
        loop {
            match self.batches.recv().await {
                Ok(batch) => {
                    let wanted = |record: &&Arc<Record>| {
                        self.topics.iter().any(|topic| **topic == *record.topic)
                    };
                    let records: Vec<_> = batch.iter().filter(wanted).cloned().collect();
                    if !records.is_empty() {
                        return Ok(records);
                    }
                }
                Err(broadcast::error::RecvError::Lagged(_)) => return Err(TailError::Lagged),
                Err(broadcast::error::RecvError::Closed) => return Err(TailError::Closed),
            }
        }
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        let topics = std::mem::take(&mut self.topics);
        let _ = self.log.tails.requests.send(Request::Close { topics });
    }
}

/// The channel to the job that reads for all tails of a process.
pub(crate) struct Tails {
    requests: mpsc::UnboundedSender<Request>,
    batches: broadcast::Sender<Batch>,
}

enum Request {
    Open {
        topics: Vec<String>,
        begun: oneshot::Sender<()>,
    },
    Close {
        topics: Vec<String>,
    },
}

impl Tails {
    pub fn start(shared: Arc<Shared>) -> Self {
        let (requests, incoming) = mpsc::unbounded_channel();
        let (batches, _) = broadcast::channel(shared.options.tail_buffer.max(1));
        let session = Session::new(shared.connector.clone());
        let job = Job {
            reader: Reader::new(session, shared.options.fetch_rows, "tail"),
            pacer: Pacer::new(&shared.options, Instant::now()),
            backoff: Backoff::default(),
            topics: BTreeMap::new(),
            cursors: Vec::new(),
            waiting: Vec::new(),
            batches: batches.clone(),
            shared,
        };
        tokio::spawn(job.run(incoming));
        Self { requests, batches }
    }
}

struct Job {
    shared: Arc<Shared>,
    reader: Reader,
    pacer: Pacer,
    backoff: Backoff,
    /// How many tails want each topic.
    topics: BTreeMap<String, usize>,
    /// The reader's cursors. Topics that are missing here start at the next horizon.
    cursors: Vec<(TopicPartition, Cursor)>,
    /// Tails whose "now" has not begun.
    waiting: Vec<oneshot::Sender<()>>,
    batches: broadcast::Sender<Batch>,
}

impl Job {
    async fn run(mut self, mut incoming: mpsc::UnboundedReceiver<Request>) {
        let stop = self.shared.stop.clone();
        let mut wake_ups = self.shared.wake_ups.listen();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                request = incoming.recv() => match request {
                    Some(request) => self.take(request),
                    None => return,
                },
                _ = wake_ups.changed(), if !self.topics.is_empty() => self.pacer.wake(Instant::now()),
                () = tokio::time::sleep_until(self.pacer.due()), if !self.topics.is_empty() => {
                    let started = Instant::now();
                    match self.step().await {
                        Ok(met) => {
                            self.backoff.reset();
                            self.shared.connector.worked();
                            self.pacer.read(started, Instant::now(), met);
                        }
                        Err(error) => {
                            self.shared.connector.failed(&error);
                            self.pacer.failed(Instant::now(), self.backoff.next());
                        }
                    }
                }
            }
        }
    }

    fn take(&mut self, request: Request) {
        match request {
            Request::Open { topics, begun } => {
                for topic in topics {
                    *self.topics.entry(topic).or_default() += 1;
                }
                self.waiting.push(begun);
                self.pacer.wake(Instant::now());
            }
            Request::Close { topics } => {
                for topic in topics {
                    let Some(count) = self.topics.get_mut(&topic) else {
                        continue;
                    };
                    *count -= 1;
                    if *count == 0 {
                        self.topics.remove(&topic);
                        self.cursors.retain(|(tp, _)| *tp.topic != *topic);
                    }
                }
            }
        }
    }

    async fn step(&mut self) -> Result<ReadOutcome, Error> {
        self.begin_new_topics().await?;
        for begun in self.waiting.drain(..) {
            let _ = begun.send(());
        }
        let page = self.reader.read(&self.cursors, None).await?;
        let rows = in_order(page.rows, self.shared.options.fetch_rows.max(1));
        for read in &rows {
            if let Some((_, cursor)) = self
                .cursors
                .iter_mut()
                .find(|(tp, _)| *tp == read.partition)
            {
                *cursor = read.cursor;
            }
        }
        if !rows.is_empty() {
            let batch = rows.into_iter().filter_map(|read| read.record).collect();
            // Nobody listens: the last tail has just been dropped.
            let _ = self.batches.send(Arc::new(batch));
        }
        Ok(page.met)
    }

    async fn begin_new_topics(&mut self) -> Result<(), Error> {
        let begun = |topic: &String| self.cursors.iter().any(|(tp, _)| *tp.topic == **topic);
        let new: Vec<String> = self.topics.keys().filter(|t| !begun(t)).cloned().collect();
        if new.is_empty() {
            return Ok(());
        }
        let now = self.reader.horizon().await?;
        for topic in new {
            let topic: Arc<str> = topic.into();
            self.cursors.extend((0..PARTITIONS).map(|partition| {
                let partition = i32::from(partition);
                let topic = topic.clone();
                (TopicPartition { topic, partition }, now)
            }));
        }
        Ok(())
    }
}

/// The rows up to the end of the first partition's full page. Otherwise other partitions would run
/// ahead of it, and a client that resumes after the last record it saw would miss some.
fn in_order(mut rows: Vec<Read>, limit: usize) -> Vec<Read> {
    let mut taken: BTreeMap<&TopicPartition, usize> = BTreeMap::new();
    let end = rows.iter().position(|read| {
        let count = taken.entry(&read.partition).or_default();
        *count += 1;
        *count == limit
    });
    if let Some(end) = end {
        rows.truncate(end + 1);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn read(partition: i32, position: i64) -> Read {
        let topic: Arc<str> = "news".into();
        Read {
            cursor: Cursor { xid: 1, position },
            below: true,
            record: Some(Arc::new(Record {
                topic: topic.clone(),
                partition,
                offset: position,
                id: Uuid::nil(),
                timestamp_ms: 0,
                key: None,
                value: None,
                headers: Vec::new(),
            })),
            partition: TopicPartition { topic, partition },
        }
    }

    #[test]
    fn no_partition_runs_ahead_of_one_whose_page_is_full() {
        let rows = || {
            [(0, 1), (1, 2), (0, 3), (1, 4), (0, 5)]
                .map(|(p, n)| read(p, n))
                .to_vec()
        };
        let kept = |limit| {
            in_order(rows(), limit)
                .last()
                .map(|row| row.cursor.position)
        };
        assert_eq!(kept(2), Some(3));
        assert_eq!(kept(3), Some(5));
        assert_eq!(kept(4), Some(5), "no page is full");
        assert!(in_order(Vec::new(), 2).is_empty());
    }
}
