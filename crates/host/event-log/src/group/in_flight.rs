//! The records of one partition that a member has received and whose offset is not committed yet. It
//! receives them in the order in which they became visible; the offset moves in the order of the log.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;

use crate::Cursor;

/// The number of a record among all that a member has ever received; grows. What a consumer commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryTag(pub u64);

#[derive(Default)]
pub(super) struct InFlight {
    /// Records that are not handled, in the order they were received.
    open: VecDeque<(DeliveryTag, Cursor)>,
    /// Records in the order of the log; true: handled.
    rows: BTreeMap<Cursor, bool>,
}

impl InFlight {
    pub fn add(&mut self, tag: DeliveryTag, cursor: Cursor) {
        self.open.push_back((tag, cursor));
        self.rows.insert(cursor, false);
    }

    /// All records up to and including `tag` are handled.
    pub fn handled(&mut self, tag: DeliveryTag) {
        while let Some((_, cursor)) = self.open.pop_front_if(|(given, _)| *given <= tag) {
            self.rows.insert(cursor, true);
        }
    }

    /// How far the offset may move when everything up to `read` has been received.
    pub fn reached(&mut self, read: Cursor) -> Option<Cursor> {
        let mut reached = None;
        while let Some(first) = self.rows.first_entry()
            && *first.key() <= read
            && *first.get()
        {
            reached = Some(first.remove_entry().0);
        }
        reached
    }

    /// The rows after `read`, received ahead of others, and whether they are handled.
    pub fn ahead_of(&self, read: Cursor) -> impl Iterator<Item = (i64, bool)> {
        self.rows
            .range((Bound::Excluded(read), Bound::Unbounded))
            .map(|(cursor, handled)| (cursor.position, *handled))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(xid: u64) -> Cursor {
        Cursor { xid, position: 1 }
    }

    fn in_flight(xids: &[u64]) -> InFlight {
        let mut in_flight = InFlight::default();
        for (tag, xid) in xids.iter().enumerate() {
            in_flight.add(DeliveryTag(tag as u64), cursor(*xid));
        }
        in_flight
    }

    #[test]
    fn a_position_moves_to_the_last_row_before_the_first_that_is_not_handled() {
        let mut in_flight = in_flight(&[1, 2, 3, 4]);
        assert_eq!(in_flight.reached(cursor(4)), None);
        in_flight.handled(DeliveryTag(1));
        assert_eq!(in_flight.reached(cursor(4)), Some(cursor(2)));
        assert_eq!(in_flight.reached(cursor(4)), None, "a second time");
        in_flight.handled(DeliveryTag(3));
        assert_eq!(in_flight.reached(cursor(4)), Some(cursor(4)));
    }

    #[test]
    fn a_position_waits_for_the_row_that_commits_late() {
        let mut in_flight = in_flight(&[1, 3, 4]);
        in_flight.handled(DeliveryTag(2));
        assert_eq!(in_flight.reached(cursor(1)), Some(cursor(1)));
        assert_eq!(in_flight.reached(cursor(1)), None, "2 may still come");
        assert_eq!(in_flight.ahead_of(cursor(1)).count(), 2);
        in_flight.add(DeliveryTag(3), cursor(2));
        assert_eq!(in_flight.reached(cursor(4)), None, "2 is not handled");
        in_flight.handled(DeliveryTag(3));
        assert_eq!(in_flight.reached(cursor(3)), Some(cursor(3)));
        assert_eq!(in_flight.reached(cursor(4)), Some(cursor(4)));
        assert_eq!(in_flight.ahead_of(cursor(1)).count(), 0);
    }
}
