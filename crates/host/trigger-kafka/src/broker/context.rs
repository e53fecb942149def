//! librdkafka's callbacks: rebalances and errors. A rebalance is only recorded here; the member's
//! thread acts on it when the partitions are drained.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use kafka_client::Context;
use kafka_client::rdkafka::config::RDKafkaLogLevel;
use kafka_client::rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use kafka_client::rdkafka::error::{KafkaError, RDKafkaErrorCode};
use kafka_client::rdkafka::types::RDKafkaRespErr;
use kafka_client::rdkafka::{ClientContext, TopicPartitionList};

use crate::transport::TopicPartition;

/// How often the log mentions an error while it lasts.
const REPEAT: Duration = Duration::from_secs(30);

/// What the group's coordinator asks for.
#[derive(Debug)]
pub(super) enum Rebalance {
    Assign(Vec<TopicPartition>),
    Revoke(Vec<TopicPartition>),
}

#[derive(Debug)]
pub(super) struct GroupContext {
    group: String,
    connection: Context,
    rebalances: Mutex<VecDeque<Rebalance>>,
    /// Nobody drains any more: partitions go at once.
    closing: AtomicBool,
    warned: Mutex<Option<(Instant, RDKafkaErrorCode)>>,
}

impl GroupContext {
    pub fn new(group: &str) -> Self {
        Self {
            group: group.to_owned(),
            connection: Context::default(),
            rebalances: Mutex::default(),
            closing: AtomicBool::new(false),
            warned: Mutex::default(),
        }
    }

    /// Rebalances that nobody has looked at.
    pub fn take(&self) -> VecDeque<Rebalance> {
        let mut all = self
            .rebalances
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut all)
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
        let mut all = self
            .rebalances
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        all.push_back(if assigns {
            Rebalance::Assign(partitions)
        } else {
            Rebalance::Revoke(partitions)
        });
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
