//! What a change of a task means for its series: one occurrence is moved, the rhythm is, or another
//! one begins.

use super::{Edit, Edited, Present};
use crate::{Rule, Slot, Task};
use chrono::{NaiveDateTime, NaiveTime};
use serde_json::Value;

/// What a change of day or time is made to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ApplyTo {
    Occurrence,
    Series,
}

impl ApplyTo {
    pub(super) fn read(value: &Value) -> Result<Self, String> {
        match value.as_str() {
            Some("occurrence") => Ok(Self::Occurrence),
            Some("series") => Ok(Self::Series),
            _ => Err("must be one of occurrence series".into()),
        }
    }
}

impl Edit<'_> {
    /// The place of a changed task in its series.
    pub(super) fn place(
        &mut self,
        present: Present<'_>,
        mut task: Task,
        apply_to: ApplyTo,
    ) -> Edited {
        let from = present.task;
        let is_moved = from.slot() != task.slot();
        let own = present
            .occurrence
            .or_else(|| from.slot().map(|slot| slot.local()));
        let place = match (&from.rule, &task.rule, task.slot(), own) {
            (Some(old), Some(new), Some(slot), Some(own)) => {
                let series = Series { old, own, from };
                let applies = is_moved && apply_to == ApplyTo::Series;
                series.place(new, slot, applies)
            }
            (None, Some(rule), Some(slot), _) => Ok(Place::begins(rule, slot)),
            _ => {
                return Edited {
                    task,
                    occurrence: present.occurrence,
                    starts_series: false,
                };
            }
        };
        match place {
            Ok(place) => {
                task.rule = Some(place.rule);
                Edited {
                    task,
                    occurrence: Some(place.occurrence),
                    starts_series: place.starts_series,
                }
            }
            Err(message) => {
                self.note("apply_to", message);
                Edited {
                    task,
                    occurrence: own,
                    starts_series: false,
                }
            }
        }
    }
}

struct Place {
    rule: Rule,
    occurrence: NaiveDateTime,
    starts_series: bool,
}

impl Place {
    fn begins(rule: &Rule, slot: Slot) -> Self {
        Self {
            rule: rule.clone(),
            occurrence: slot.local(),
            starts_series: true,
        }
    }
}

/// The series that a task is in before the change.
struct Series<'a> {
    old: &'a Rule,
    own: NaiveDateTime,
    from: &'a Task,
}

impl Series<'_> {
    fn place(&self, new: &Rule, slot: Slot, applies: bool) -> Result<Place, &'static str> {
        let is_same = self.old.same_rhythm(new);
        let only_slower = self.old.with_interval(new.interval()).same_rhythm(new);
        if !is_same && !only_slower {
            return Ok(Place::begins(new, slot));
        }
        if applies {
            let own = Slot::of(self.own, self.from.due_time.is_some());
            let moved = new.moved(own, slot);
            return moved
                .map(|rule| Place::begins(&rule, slot))
                .ok_or("cannot be series: recurrence_rule names its days, change them there");
        }
        Ok(Place {
            rule: new.clone(),
            occurrence: self.own_slot(slot),
            starts_series: !is_same,
        })
    }

    /// The slot stays where the task is moved. A series has a time of day or none, as its tasks do:
    /// a time that is added to a task without one, or removed, is the series'.
    fn own_slot(&self, slot: Slot) -> NaiveDateTime {
        if self.from.due_time.is_some() == slot.time.is_some() {
            self.own
        } else {
            self.own
                .date()
                .and_time(slot.time.unwrap_or(NaiveTime::MIN))
        }
    }
}
