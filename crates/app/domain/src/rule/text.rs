//! What a rule says, in plain English: "monthly on the last Friday".

use super::by::{By, ByDay};
use super::words::{clock, date, list, month, numeral, ordinal, weekday};
use super::{Frequency, Rule, Until};
use crate::Slot;
use chrono::{NaiveTime, Timelike, Weekday};

impl Frequency {
    const fn word(self) -> &'static str {
        match self {
            Self::Hourly => "hourly",
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
            Self::Yearly => "yearly",
        }
    }

    pub(super) const fn unit(self) -> &'static str {
        match self {
            Self::Hourly => "hour",
            Self::Daily => "day",
            Self::Weekly => "week",
            Self::Monthly => "month",
            Self::Yearly => "year",
        }
    }
}

impl Rule {
    /// The rule in plain English, for a series that has this slot: what the rule leaves open is taken
    /// from there.
    pub fn text(&self, slot: Slot) -> String {
        let (due, is_timed) = (slot.local(), slot.time.is_some());
        let by = self.by_from(due);
        let mut text = if self.interval == 1 {
            self.frequency.word().to_owned()
        } else {
            format!("every {} {}s", self.interval, self.frequency.unit())
        };
        if self.shortens() {
            text.push_str(&self.day_or_last(&by));
        } else if by.positions.is_empty() {
            text.push_str(&self.days_text(&by, false));
        } else {
            text.push_str(&self.chosen_text(&by));
        }
        if self.is_hourly() {
            text.push_str(&self.hours_text(&by, due.time()));
        } else if is_timed {
            let hours: Vec<String> = by
                .hours
                .iter()
                .map(|hour| clock(at_hour(*hour, due.time())))
                .collect();
            text.push_str(&format!(" at {}", list(&hours, "and")));
        }
        if self.week_start_matters(&by) {
            text.push_str(&format!(", weeks begin on {}", weekday(self.week_start())));
        }
        text + &self.end_text(is_timed)
    }

    /// A plain monthly or yearly rhythm on a day that some months do not have.
    fn day_or_last(&self, by: &By) -> String {
        let day = by.month_days.iter().copied().max().unwrap_or(31);
        if self.frequency == Frequency::Yearly {
            return format!(
                " on {day} February, or on the {} where there is none",
                numeral(day - 1)
            );
        }
        format!(
            " on the {}, or on the last day of a shorter month",
            numeral(day)
        )
    }

    /// What BYSETPOS chooses, and from what.
    fn chosen_text(&self, by: &By) -> String {
        let places: Vec<String> = by.positions.iter().map(|nth| ordinal(*nth)).collect();
        let places = list(&places, "and");
        let weekdays: Vec<Weekday> = by.days.iter().map(|day| day.weekday).collect();
        let is_plain = !by.counts_weekdays() && by.hours.len() < 2 && by.month_days.is_empty();
        if is_plain
            && by.year_days.is_empty()
            && by.weeks.is_empty()
            && let Some((noun, _)) = group(&weekdays)
        {
            return format!(" on the {places} {noun}{}", months_text(by));
        }
        let unit = self.frequency.unit();
        format!(
            ": the {places} of each {unit}'s times{}",
            self.days_text(by, true)
        )
    }

    /// What of the parts that name days, weeks and months; each begins with a blank.
    fn days_text(&self, by: &By, is_choice: bool) -> String {
        let mut text = String::new();
        let is_date = self.frequency == Frequency::Yearly
            && by.days.is_empty()
            && by.weeks.is_empty()
            && by.year_days.is_empty()
            && matches!(by.months.as_slice(), [_])
            && by.month_days.iter().all(|day| *day > 0);
        if is_date && let [number] = by.months.as_slice() {
            let days: Vec<String> = by.month_days.iter().map(ToString::to_string).collect();
            return format!(" on {} {}", list(&days, "and"), month(*number));
        }
        if !by.days.is_empty() {
            text.push_str(&self.weekdays_text(by, is_choice));
        }
        if !by.month_days.is_empty() {
            let days = places(&by.month_days);
            let start = if by.days.is_empty() {
                " on"
            } else {
                ", only on"
            };
            text.push_str(&format!("{start} the {days}"));
            if self.frequency != Frequency::Monthly && by.months.is_empty() {
                text.push_str(" of a month");
            }
        }
        if !by.year_days.is_empty() {
            let start = if text.is_empty() { " on" } else { ", only on" };
            let ends_in_number = by.year_days.last().is_some_and(|day| *day > 0);
            let day = if ends_in_number { " day" } else { "" };
            let days = places(&by.year_days);
            text.push_str(&format!("{start} the {days}{day} of the year"));
        }
        if !by.weeks.is_empty() {
            let weeks: Vec<String> = by.weeks.iter().map(|week| nth_week(*week)).collect();
            text.push_str(&format!(" in {}", list(&weeks, "and")));
        }
        text + &months_text(by)
    }

    fn weekdays_text(&self, by: &By, is_choice: bool) -> String {
        let is_every = by.days.iter().all(|day| day.nth == 0);
        let all: Vec<Weekday> = by.days.iter().map(|day| day.weekday).collect();
        if is_every && let Some((_, days)) = group(&all) {
            return format!(" on {days}");
        }
        // "monthly on Monday" would be heard as one Monday in a month.
        let is_wide = matches!(self.frequency, Frequency::Monthly | Frequency::Yearly)
            && by.weeks.is_empty()
            && !is_choice;
        let days: Vec<String> = by
            .days
            .iter()
            .map(|ByDay { nth, weekday: day }| match nth {
                0 if is_wide => format!("every {}", weekday(*day)),
                0 => weekday(*day).to_owned(),
                nth => format!("the {} {}", ordinal(*nth), weekday(*day)),
            })
            .collect();
        let counts_in_year =
            self.frequency == Frequency::Yearly && by.months.is_empty() && by.counts_weekdays();
        let of = if counts_in_year { " of the year" } else { "" };
        format!(" on {}{of}", list(&days, "and"))
    }

    fn hours_text(&self, by: &By, start: NaiveTime) -> String {
        if by.hours.is_empty() {
            return String::new();
        }
        let hours: Vec<String> = by
            .hours
            .iter()
            .map(|hour| clock(at_hour(*hour, start)))
            .collect();
        format!(", only at {}", list(&hours, "and"))
    }

    fn week_start_matters(&self, by: &By) -> bool {
        self.week_start() != Weekday::Mon
            && (!by.weeks.is_empty()
                || self.frequency == Frequency::Weekly
                    && (self.interval > 1 && !self.by.days.is_empty() || !by.positions.is_empty()))
    }

    fn end_text(&self, is_timed: bool) -> String {
        let until = match (self.count, self.until) {
            (Some(1), _) => return ", for the last time".to_owned(),
            (Some(count), _) => return format!(", {count} times"),
            (None, None) => return String::new(),
            (None, Some(until)) => until,
        };
        let day = date(until.written(), false);
        match until {
            Until::Local(last) if is_timed => format!(", until {day} at {}", clock(last.time())),
            Until::Utc(last) if is_timed || !until.is_date() => {
                format!(", until {day} at {} UTC", clock(last.time()))
            }
            _ => format!(", until {day}"),
        }
    }
}

/// Weekdays that have a name together: for one of them, and for all.
fn group(days: &[Weekday]) -> Option<(&'static str, &'static str)> {
    use Weekday::{Fri, Mon, Sat, Sun, Thu, Tue, Wed};
    match days {
        [Mon, Tue, Wed, Thu, Fri] => Some((
            "working day (Monday to Friday)",
            "working days (Monday to Friday)",
        )),
        [Sat, Sun] => Some((
            "weekend day (Saturday or Sunday)",
            "weekends (Saturday and Sunday)",
        )),
        [Mon, Tue, Wed, Thu, Fri, Sat, Sun] => Some(("day", "any day")),
        _ => None,
    }
}

fn months_text(by: &By) -> String {
    let months: Vec<String> = by
        .months
        .iter()
        .map(|number| month(*number).to_owned())
        .collect();
    match months.as_slice() {
        [] => String::new(),
        months => format!(" in {}", list(months, "and")),
    }
}

fn at_hour(hour: i16, time: NaiveTime) -> NaiveTime {
    u32::try_from(hour)
        .ok()
        .and_then(|hour| time.with_hour(hour))
        .unwrap_or(time)
}

/// `15th`, `last day`, `second to last day`.
pub(super) fn place(number: i16) -> String {
    if number < 0 {
        format!("{} day", ordinal(number))
    } else {
        numeral(number)
    }
}

fn places(numbers: &[i16]) -> String {
    let words: Vec<String> = numbers.iter().map(|number| place(*number)).collect();
    list(&words, "and")
}

fn nth_week(week: i16) -> String {
    if week < 0 {
        format!("the {} week of the year", ordinal(week))
    } else {
        format!("week {week}")
    }
}
