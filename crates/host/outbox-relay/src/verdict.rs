//! Whose fault a failed delivery is, which decides whether the relay dead-letters, waits or starts anew.

use kafka_client::rdkafka::error::RDKafkaErrorCode as Code;

/// Whose fault it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The record's, or that of one in the same batch: Kafka will never accept it.
    Record,
    /// The topic's: it does not exist.
    Topic,
    /// The producer's: it cannot continue after this error.
    Producer,
    /// Something that only a person, or time, can change.
    Outside,
}

pub(crate) fn judge(code: Code) -> Verdict {
    match code {
        Code::MessageSizeTooLarge
        | Code::InvalidMessageSize
        | Code::MessageBatchTooLarge
        | Code::InvalidRecord
        | Code::InvalidDifferentRecord
        | Code::InvalidTimestamp
        | Code::InvalidTopic => Verdict::Record,
        Code::UnknownTopic | Code::UnknownPartition | Code::UnknownTopicOrPartition => {
            Verdict::Topic
        }
        Code::Fatal
        | Code::GaplessGuarantee
        | Code::PurgeQueue
        | Code::PurgeInflight
        | Code::OutOfOrderSequenceNumber
        | Code::UnknownProducerId
        | Code::InvalidProducerEpoch
        | Code::InvalidProducerIdMapping => Verdict::Producer,
        _ => Verdict::Outside,
    }
}

/// Kafka's rule for the names of topics.
pub(crate) fn is_topic_name(name: &str) -> bool {
    let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    (1..=249).contains(&name.len()) && name.chars().all(valid) && !matches!(name, "." | "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_only_blamed_for_what_will_never_change() {
        assert_eq!(judge(Code::MessageSizeTooLarge), Verdict::Record);
        assert_eq!(judge(Code::UnknownTopicOrPartition), Verdict::Topic);
        assert_eq!(judge(Code::TopicAuthorizationFailed), Verdict::Outside);
        assert_eq!(judge(Code::NotEnoughReplicas), Verdict::Outside);
        assert_eq!(judge(Code::GaplessGuarantee), Verdict::Producer);
    }

    #[test]
    fn names_that_kafka_refuses_are_known_beforehand() {
        for good in ["orders", "a.b-c_D9"] {
            assert!(is_topic_name(good));
        }
        for bad in ["", ".", "..", "a b", "a/b", &"x".repeat(250)] {
            assert!(!is_topic_name(bad), "{bad}");
        }
    }
}
