//! The records of one key that are not finished, in their order.

use std::collections::VecDeque;

use records::RecordRef;

use crate::transport::{Delivery, Position};

/// A record that is not finished.
pub(super) struct Pending {
    pub position: Position,
    pub record: RecordRef,
    /// When it was appended, in milliseconds since the Unix epoch.
    pub timestamp_ms: i64,
    /// Bytes it takes, about.
    pub size: usize,
    /// Failed deliveries that were charged to it.
    pub failures: u32,
    /// Goes into a batch of its own: a batch it was in failed as a whole, or it failed alone.
    pub alone: bool,
}

impl From<Delivery> for Pending {
    fn from(delivery: Delivery) -> Self {
        Self {
            position: delivery.position,
            timestamp_ms: delivery.timestamp_ms,
            size: delivery.size,
            record: delivery.record,
            failures: 0,
            alone: false,
        }
    }
}

/// First in, first out. Most keys have one record at a time, so the first one is inline, and the
/// others' queue is small when empty.
pub(super) struct Queue {
    first: Option<Pending>,
    /// None while there is no first.
    rest: Option<Box<Rest>>,
}

#[derive(Default)]
struct Rest(VecDeque<Pending>);

impl Queue {
    pub fn of(first: Pending) -> Self {
        Self {
            first: Some(first),
            rest: None,
        }
    }

    pub fn push(&mut self, pending: Pending) {
        match self.first {
            Some(_) => self.rest.get_or_insert_default().0.push_back(pending),
            None => self.first = Some(pending),
        }
    }

    pub fn pop(&mut self) -> Option<Pending> {
        let next = self.rest.as_mut().and_then(|rest| rest.0.pop_front());
        std::mem::replace(&mut self.first, next)
    }

    pub fn first(&self) -> Option<&Pending> {
        self.first.as_ref()
    }

    pub fn first_mut(&mut self) -> Option<&mut Pending> {
        self.first.as_mut()
    }

    pub fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.rest.as_ref().map_or(0, |rest| rest.0.len())
    }

    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Pending> {
        self.first
            .iter()
            .chain(self.rest.iter().flat_map(|rest| &rest.0))
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Pending> {
        let rest = self.rest.iter_mut();
        self.first
            .iter_mut()
            .chain(rest.flat_map(|rest| &mut rest.0))
    }
}
