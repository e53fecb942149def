//! What librdkafka calls back: rebalances, which are only written down here (the member's thread
//! acts on them when their partitions are drained), commits, and errors.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use kafka_client::Context;
use kafka_client::rdkafka::config::RDKafkaLogLevel;
use kafka_client::rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use kafka_client::rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use kafka_client::rdkafka::types::RDKafkaRespErr;
use kafka_client::rdkafka::{ClientContext, TopicPartitionList};

use crate::carrier::TopicPartition;

/// How often trouble is mentioned while it lasts.
const REPEAT: Duration = Duration::from_secs(30);

/// What the group's coordinator asks for.
#[derive(Debug)]
pub(super) enum Rebalance {
    Assign(Vec<TopicPartition>),
    Revoke(Vec<TopicPartition>),
}

/// What has been called back and not been looked at.
#[derive(Debug, Default)]
pub(super) struct Heard {
    pub rebalances: VecDeque<Rebalance>,
    /// Whether commits that ended worked.
    pub commits: VecDeque<bool>,
}

#[derive(Debug)]
pub(super) struct GroupContext {
    group: String,
    connection: Context,
    heard: Mutex<Heard>,
    /// Nobody drains any more: partitions go at once.
    closing: AtomicBool,
    warned: Mutex<Option<(Instant, RDKafkaErrorCode)>>,
}

impl GroupContext {
    pub fn new(group: &str) -> Self {
        Self {
            group: group.to_owned(),
            connection: Context::default(),
            heard: Mutex::default(),
            closing: AtomicBool::new(false),
            warned: Mutex::default(),
        }
    }

    pub fn take(&self) -> Heard {
        std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn close(&self) {
        self.closing.store(true, Ordering::Release);
    }

    /// Whether it is time to mention this again.
    fn may_warn(&self, code: RDKafkaErrorCode) -> bool {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        let again = warned.is_none_or(|(at, last)| last != code || at.elapsed() >= REPEAT);
        if again {
            *warned = Some((Instant::now(), code));
        }
        again
    }
}

impl ClientContext for GroupContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        self.connection.note_line(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        use RDKafkaErrorCode as Code;
        let group = &self.group;
        match error.rdkafka_error_code() {
            Some(code @ (Code::UnknownTopicOrPartition | Code::UnknownTopic)) => {
                if self.may_warn(code) {
                    tracing::warn!(
                        group,
                        reason,
                        "a topic does not exist; its records are handled once somebody creates it \
                         (kafka-topics.sh --create --topic NAME)"
                    );
                }
            }
            Some(code @ (Code::TopicAuthorizationFailed | Code::GroupAuthorizationFailed)) => {
                if self.may_warn(code) {
                    tracing::error!(
                        group,
                        reason,
                        "Kafka does not allow to read; grant Read on the topic and on the group \
                         with kafka-acls.sh"
                    );
                }
            }
            _ => self.connection.note(&error, reason),
        }
    }
}

impl ConsumerContext for GroupContext {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        kind: RDKafkaRespErr,
        partitions: &mut TopicPartitionList,
    ) {
        let assigns = kind == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        if self.closing.load(Ordering::Acquire) {
            let answer = if assigns {
                consumer.incremental_assign(partitions)
            } else {
                consumer.incremental_unassign(partitions)
            };
            if let Err(error) = answer {
                tracing::debug!(group = self.group, %error, "a rebalance while leaving");
            }
            return;
        }
        let partitions = names(partitions);
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.rebalances.push_back(if assigns {
            Rebalance::Assign(partitions)
        } else {
            Rebalance::Revoke(partitions)
        });
    }

    fn commit_callback(&self, result: KafkaResult<()>, _: &TopicPartitionList) {
        let worked = match result {
            Ok(()) => true,
            // There was nothing to commit that was not committed.
            Err(KafkaError::ConsumerCommit(RDKafkaErrorCode::NoOffset)) => true,
            Err(error) => {
                tracing::warn!(group = self.group, %error, "a commit failed; it is tried again");
                false
            }
        };
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.commits.push_back(worked);
    }
}

pub(super) fn names(list: &TopicPartitionList) -> Vec<TopicPartition> {
    let elements = list.elements();
    elements
        .iter()
        .map(|element| TopicPartition {
            topic: element.topic().into(),
            partition: element.partition(),
        })
        .collect()
}
