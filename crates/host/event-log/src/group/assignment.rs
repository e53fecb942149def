//! Which member owns which partition. Every member computes the same assignment from the same list of
//! members, so there is no leader. The order of members differs per group, so that the only partitions
//! of two small groups are not on one host.

use std::collections::BTreeSet;
use std::sync::Arc;

use uuid::Uuid;

use crate::PARTITIONS;
use crate::members::Member;
use records::TopicPartition;

/// The partitions of `topics` that `member` should own.
pub(crate) fn desired(
    group: &str,
    member: Uuid,
    topics: &[String],
    members: &[Member],
) -> BTreeSet<TopicPartition> {
    let mut desired = BTreeSet::new();
    for topic in topics {
        let mut readers: Vec<_> = members
            .iter()
            .filter(|other| other.topics.contains(topic))
            .map(|other| (rank(group, other.member), other.member))
            .collect();
        readers.sort_unstable();
        readers.dedup();
        let Some(place) = readers.iter().position(|(_, other)| *other == member) else {
            continue;
        };
        let topic: Arc<str> = topic.as_str().into();
        let own = (0..PARTITIONS).filter(|partition| *partition as usize % readers.len() == place);
        desired.extend(own.map(|partition| TopicPartition {
            topic: topic.clone(),
            partition: i32::from(partition),
        }));
    }
    desired
}

/// FNV-1a: the same in every process and version.
fn rank(group: &str, member: Uuid) -> u64 {
    let bytes = group.bytes().chain(member.into_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn members(count: u128, topics: &[&str]) -> Vec<Member> {
        (1..=count)
            .map(|n| Member {
                consumer_group: "g".to_owned(),
                member: Uuid::from_u128(n),
                topics: topics.iter().map(|t| t.to_string()).collect(),
            })
            .collect()
    }

    #[test]
    fn every_partition_has_one_owner_and_shares_differ_by_one_at_most() {
        let topics = ["a".to_owned(), "b".to_owned()];
        for count in 1..=11 {
            let members = members(count, &["a", "b"]);
            let mut owners = BTreeMap::new();
            let mut shares = Vec::new();
            for member in &members {
                let own = desired("g", member.member, &topics, &members);
                shares.push(own.len());
                for partition in own {
                    assert_eq!(owners.insert(partition, member.member), None);
                }
            }
            assert_eq!(owners.len(), 2 * PARTITIONS as usize);
            let (least, most) = (shares.iter().min().unwrap(), shares.iter().max().unwrap());
            assert!(most - least <= topics.len(), "{shares:?}");
        }
    }

    #[test]
    fn members_agree_in_whatever_order_they_see_each_other() {
        let topics = ["a".to_owned()];
        let forward = members(3, &["a"]);
        let backward: Vec<_> = forward.iter().rev().cloned().collect();
        for member in &forward {
            assert_eq!(
                desired("g", member.member, &topics, &forward),
                desired("g", member.member, &topics, &backward)
            );
        }
    }

    #[test]
    fn a_topic_goes_only_to_members_that_read_it() {
        let mut members = members(2, &["a"]);
        members[1].topics.push("b".to_owned());
        let topics = ["a".to_owned(), "b".to_owned()];
        let own = desired("g", members[1].member, &topics, &members);
        assert_eq!(own.iter().filter(|tp| &*tp.topic == "b").count(), 8);
        assert_eq!(own.iter().filter(|tp| &*tp.topic == "a").count(), 4);
    }
}
