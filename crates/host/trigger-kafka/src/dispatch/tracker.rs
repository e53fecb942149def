//! Which records of a partition are finished. Only a run without gaps may be committed, or a crash
//! would lose the records in the gaps.

use std::collections::VecDeque;

use crate::transport::Position;

#[derive(Debug, Default)]
pub(crate) struct Tracker {
    /// In the order of their places; true once finished.
    open: VecDeque<(Position, bool)>,
}

impl Tracker {
    /// A record arrived. Positions grow; a record that does not is refused, because it is open
    /// already.
    pub fn begin(&mut self, position: Position) -> bool {
        let grows = self.open.back().is_none_or(|(last, _)| *last < position);
        if grows {
            self.open.push_back((position, false));
        }
        grows
    }

    /// A record is finished. Returns what may be committed now, if that moved.
    pub fn finish(&mut self, position: Position) -> Option<Position> {
        if let Some((_, finished)) = self.find(position) {
            *finished = true;
        }
        let mut committable = None;
        while let Some((position, true)) = self.open.front() {
            committable = Some(*position);
            self.open.pop_front();
        }
        committable
    }

    fn find(&mut self, position: Position) -> Option<&mut (Position, bool)> {
        let (first, _) = self.open.front()?;
        // Where places have no gaps, as offsets have few, the place tells the index.
        let guess = position.0.checked_sub(first.0)? as usize;
        let index = match self.open.get(guess) {
            Some((there, _)) if *there == position => guess,
            _ => {
                let found = self.open.binary_search_by_key(&position, |(p, _)| *p);
                found.ok()?
            }
        };
        self.open.get_mut(index)
    }

    /// Records that are not committed, finished ones behind a gap included.
    pub fn len(&self) -> usize {
        self.open.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_unbroken_run_is_committed() {
        let mut tracker = Tracker::default();
        for place in [1, 5, 9, 10] {
            assert!(tracker.begin(Position(place)));
        }
        assert_eq!(tracker.finish(Position(5)), None);
        assert_eq!(tracker.finish(Position(10)), None);
        assert_eq!(tracker.finish(Position(1)), Some(Position(5)));
        assert_eq!(tracker.len(), 2);
        assert_eq!(tracker.finish(Position(9)), Some(Position(10)));
        assert_eq!(tracker.len(), 0);
    }

    #[test]
    fn a_place_that_came_before_is_refused() {
        let mut tracker = Tracker::default();
        assert!(tracker.begin(Position(5)));
        assert!(!tracker.begin(Position(5)));
        assert!(!tracker.begin(Position(4)));
    }
}
