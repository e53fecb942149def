//! What a member owns: it drops lost partitions, acquires free ones and revokes those that another
//! member should have.

use std::collections::{BTreeMap, BTreeSet};

use tokio::time::Instant;

use super::assignment::desired;
use super::consumer::Change;
use super::in_flight::InFlight;
use super::job::{Job, Owned};
use super::positions::Positions;
use crate::Error;
use records::TopicPartition;

impl Job {
    fn wanted(&self) -> Option<(BTreeSet<TopicPartition>, bool)> {
        let cluster = self.shared.cluster.borrow();
        let Positions { group, member } = &self.positions;
        let members = cluster.members.get(group)?;
        // Before our first heartbeat, others would not know who acquires their partitions. Without its
        // own connection the process cannot prove that it lives.
        let known = members.iter().any(|other| other.member == *member);
        (known && cluster.presence.is_some()).then(|| {
            (
                desired(group, *member, &self.topics, members),
                cluster.in_grace,
            )
        })
    }

    pub(super) fn out_of_balance(&self) -> bool {
        let held = self.owned.iter().filter(|(_, owned)| !owned.revoked);
        let held: BTreeSet<_> = held.map(|(partition, _)| partition).collect();
        self.wanted()
            .is_some_and(|(wanted, _)| wanted.iter().collect::<BTreeSet<_>>() != held)
    }

    /// Brings ownership in line with the assignment: drops lost partitions, acquires free ones, revokes
    /// those that another member should have.
    pub(super) async fn sync(&mut self) -> Result<(), Error> {
        let session = &mut self.reader.session;
        if !self.created {
            self.positions
                .create(session, &self.topics, self.start)
                .await?;
            self.created = true;
        }
        let held: BTreeMap<_, _> = self.positions.owned(session).await?.into_iter().collect();
        let lost = self
            .owned
            .iter()
            .filter(|(partition, owned)| held.get(*partition) != Some(&owned.epoch))
            .map(|(partition, _)| partition.clone())
            .collect();
        self.lose(lost);

        let Some((wanted, in_grace)) = self.wanted() else {
            return Ok(());
        };
        let missing: Vec<_> = wanted
            .iter()
            .filter(|partition| !self.owned.contains_key(*partition))
            .cloned()
            .collect();
        if !missing.is_empty() {
            self.acquire(&missing, in_grace).await?;
        }
        let mut revoked = Vec::new();
        for (partition, owned) in &mut self.owned {
            if !owned.revoked && !wanted.contains(partition) {
                owned.revoked = true;
                revoked.push(partition.clone());
            }
        }
        if !revoked.is_empty() {
            tracing::debug!(
                group = self.positions.group,
                partitions = revoked.len(),
                "revoked"
            );
            let _ = self.change.send(Change::Revoked(revoked));
        }
        Ok(())
    }

    async fn acquire(&mut self, missing: &[TopicPartition], in_grace: bool) -> Result<(), Error> {
        let session = &mut self.reader.session;
        let acquired = self.positions.acquire(session, missing, in_grace).await?;
        if acquired.is_empty() {
            return Ok(());
        }
        tracing::debug!(
            group = self.positions.group,
            partitions = acquired.len(),
            "assigned"
        );
        let mut assigned = Vec::with_capacity(acquired.len());
        for partition in acquired {
            assigned.push((partition.partition.clone(), partition.epoch));
            let owned = Owned {
                epoch: partition.epoch,
                read: partition.cursor,
                committed: partition.cursor,
                finished: None,
                in_flight: InFlight::default(),
                paused: false,
                revoked: false,
                released: false,
            };
            self.owned.insert(partition.partition, owned);
        }
        let _ = self.change.send(Change::Assigned(assigned));
        self.pacer.wake(Instant::now());
        Ok(())
    }

    pub(super) fn lose(&mut self, partitions: Vec<TopicPartition>) {
        if partitions.is_empty() {
            return;
        }
        tracing::warn!(
            group = self.positions.group,
            partitions = partitions.len(),
            "another member took partitions over: this one was not seen alive"
        );
        for partition in &partitions {
            self.owned.remove(partition);
        }
        let _ = self.change.send(Change::Lost(partitions));
    }
}
