//! The sentence that explains a date: "monthly on the last Friday; next 27 Nov 2026, then 25 Dec;
//! skips nothing", with a note where the clock changes.

use super::{Repetition, Slot};
use crate::RepeatFrom;
use crate::rule::words::{clock, date};
use crate::time::{Shown, offset_seconds, shown};
use chrono::{Datelike, NaiveDate, NaiveDateTime};

/// How many dates a sentence looks at for changes of the clock when no preview says.
const AHEAD: usize = 5;

impl Repetition<'_> {
    /// Why a task that is due at `due` and fills the slot `occurrence` of its series comes when it
    /// does.
    pub fn explanation(&self, due: Slot, occurrence: NaiveDateTime) -> String {
        self.preview(due, occurrence, AHEAD).explanation
    }

    pub(super) fn explain(
        &self,
        due: Slot,
        occurrence: NaiveDateTime,
        following: &[Slot],
    ) -> String {
        let is_timed = due.time.is_some();
        let mut rule = self.rule.text(Slot::of(occurrence, is_timed));
        let is_from_completion = self.from == RepeatFrom::Completion;
        if is_from_completion {
            rule.push_str(", counted from the day it is done");
        }
        let mut parts = vec![rule];
        if !is_from_completion && due.local() != occurrence {
            let from = Slot::of(occurrence, is_timed);
            parts.push(format!("this one was moved from {}", moment(from, due)));
        }
        let shows_time = is_timed && self.rule.fires_several_times_a_day();
        parts.push(next_text(due, following, is_from_completion, shows_time));
        parts.push(format!("skips {}", self.rule.leaves_out(occurrence)));
        if is_timed {
            parts.extend(self.clock_note(due, following));
        }
        parts.join("; ")
    }

    /// What the first change of the clock among the dates does to them.
    fn clock_note(&self, due: Slot, following: &[Slot]) -> Option<String> {
        let zone = self.zone.name();
        for slot in following {
            let day = date(slot.date, false);
            let time = clock(slot.time?);
            match shown(slot.local(), self.zone) {
                Shown::Never(instead) => {
                    let instead = clock(instead.time());
                    return Some(format!(
                        "clocks in {zone} leave out {time} on {day}: that one is due at {instead}"
                    ));
                }
                Shown::Twice => {
                    return Some(format!(
                        "clocks in {zone} show {time} twice on {day}: that one is due the first time"
                    ));
                }
                Shown::Once => {}
            }
        }
        let offset = |slot: &Slot| offset_seconds(slot.local(), self.zone);
        let before = offset(&due);
        let changed = following.iter().find(|slot| offset(slot) != before)?;
        let way = if offset(changed) > before {
            "forward"
        } else {
            "back"
        };
        let time = clock(changed.time?);
        let stays = if self.rule.fires_several_times_a_day() {
            "the times stay the same on the clock".to_owned()
        } else {
            format!("it stays at {time}")
        };
        let day = date(changed.date, false);
        Some(format!("clocks in {zone} go {way} by {day}: {stays}"))
    }
}

fn next_text(due: Slot, following: &[Slot], is_from_completion: bool, shows_time: bool) -> String {
    let said = |slot: &Slot, known: Option<NaiveDate>| {
        let year_is_known = known.is_some_and(|known| known.year() == slot.date.year());
        let day = date(slot.date, year_is_known);
        match slot.time.filter(|_| shows_time) {
            Some(time) => format!("{day} at {}", clock(time)),
            None => day,
        }
    };
    let (start, known) = if is_from_completion {
        let done = format!("done on {} it is ", date(due.date, false));
        (done, Some(due.date))
    } else {
        (String::new(), None)
    };
    match following {
        [] => "nothing follows".to_owned(),
        [last] => format!("{start}next {}, for the last time", said(last, known)),
        [next, then, ..] => format!(
            "{start}next {}, then {}",
            said(next, known),
            said(then, Some(next.date))
        ),
    }
}

/// A date, or a time where only that differs.
fn moment(slot: Slot, from: Slot) -> String {
    match slot.time {
        Some(time) if slot.date == from.date => clock(time),
        Some(time) if Some(time) != from.time => {
            format!("{} at {}", date(slot.date, false), clock(time))
        }
        _ => date(slot.date, false),
    }
}
