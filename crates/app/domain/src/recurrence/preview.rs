//! The dates that are to come, before anything is saved.

use super::{Repetition, Slot};
use crate::time::instant;
use crate::{RepeatFrom, Rule};
use chrono::NaiveDateTime;
use chrono_tz::Tz;

/// The most dates of one preview; the work is in proportion.
const MAX_OCCURRENCES: usize = 1000;

/// What a task will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The dates after the present one, each if the one before it is done in time.
    pub occurrences: Vec<Slot>,
    /// Why, in a sentence.
    pub explanation: String,
}

/// The dates of a rule after the one it begins with, counted from the due date; at most `count`.
pub fn occurrences(rule: &Rule, from: Slot, zone: Tz, count: usize) -> Vec<Slot> {
    let repetition = Repetition {
        rule,
        from: RepeatFrom::Due,
        zone,
    };
    repetition.occurrences(from, from.local(), count)
}

impl Repetition<'_> {
    /// The dates after the one that is due at `due` and fills the slot `occurrence`, each if the one
    /// before is done on the day it is due; at most `count`.
    pub fn occurrences(&self, due: Slot, occurrence: NaiveDateTime, count: usize) -> Vec<Slot> {
        let count = count.min(MAX_OCCURRENCES);
        match self.from {
            RepeatFrom::Due => self.list_from_due(due, occurrence, count),
            RepeatFrom::Completion => self.list_from_completion(due, occurrence, count),
        }
    }

    /// Dates and the sentence that says why. A note about the clock is about these dates.
    pub fn preview(&self, due: Slot, occurrence: NaiveDateTime, count: usize) -> Preview {
        let occurrences = self.occurrences(due, occurrence, count.max(2));
        Preview {
            explanation: self.explain(due, occurrence, &occurrences),
            occurrences: occurrences.into_iter().take(count).collect(),
        }
    }

    fn list_from_due(&self, due: Slot, occurrence: NaiveDateTime, count: usize) -> Vec<Slot> {
        let is_timed = due.time.is_some();
        let base = due.local().max(occurrence);
        let mut last = instant(due.local(), self.zone);
        let from = match self.rule.count() {
            Some(_) => occurrence,
            None => base,
        };
        (1..)
            .zip(
                self.rule
                    .times(occurrence, from)
                    .filter(|time| *time > occurrence),
            )
            .take_while(|(passed, time)| {
                self.rule.count().is_none_or(|count| *passed < count)
                    && !self.rule.ends_before(*time, is_timed, self.zone)
            })
            .map(|(_, time)| time)
            .filter(|time| *time > base)
            .filter(|time| {
                if !is_timed || !self.rule.fires_several_times_a_day() {
                    return true;
                }
                // Two times that are one instant where the clock goes forward.
                let this = instant(*time, self.zone);
                let is_later = this > last;
                last = last.max(this);
                is_later
            })
            .map(|time| Slot::of(time, is_timed))
            .take(count)
            .collect()
    }

    fn list_from_completion(
        &self,
        due: Slot,
        occurrence: NaiveDateTime,
        count: usize,
    ) -> Vec<Slot> {
        let mut found: Vec<Slot> = Vec::new();
        let (mut rule, mut due, mut occurrence) = (self.rule.clone(), due, occurrence);
        while found.len() < count {
            let repetition = Repetition {
                rule: &rule,
                ..*self
            };
            let Some(next) = repetition.next_from_completion(due, occurrence, due.local(), &[])
            else {
                break;
            };
            (rule, due, occurrence) = (next.rule, next.slot, next.slot.local());
            found.push(due);
        }
        found
    }
}
