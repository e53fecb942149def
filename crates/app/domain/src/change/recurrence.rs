//! How a task is to repeat: a rule, or a pattern and an interval, that agree with its due date.

use super::Edit;
use crate::{Pattern, RepeatFrom, Rule, Task, fields, first_slot};
use chrono::{DateTime, Datelike, NaiveTime, Utc};
use serde_json::Value;

impl Edit<'_> {
    pub(super) fn recurrence(
        &mut self,
        task: &mut Task,
        current: Option<&Task>,
        now: DateTime<Utc>,
    ) {
        let due = Some(RepeatFrom::Due);
        if let Some(from) = self.always("repeat_from", due, fields::parsed(str::parse)) {
            task.repeat_from = from;
        }
        let today = now.with_timezone(&task.time_zone).day();
        let day = task.due_date.map_or(today, |date| date.day());
        task.rule = self.rule(task.rule.clone(), day);
        match &task.rule {
            None => {
                if task.due_time.is_some() && task.due_date.is_none() {
                    self.note("due_time", "needs a due_date");
                }
            }
            Some(rule) => {
                let rule = rule.clone();
                let is_new = current.is_none_or(|current| current.rule.as_ref() != Some(&rule));
                self.day_of(task, &rule, current, now);
                if rule.has_hours() && task.due_time.is_none() {
                    self.note("due_time", "is needed by a rule that has hours");
                }
                if is_new {
                    self.check_it_fires(task, &rule);
                }
            }
        }
    }

    /// A repeating task has a day: where none is given, the first that the rule falls on.
    fn day_of(&mut self, task: &mut Task, rule: &Rule, current: Option<&Task>, now: DateTime<Utc>) {
        if task.due_date.is_some() || self.violations.has("due_date") {
            return;
        }
        if current.is_some_and(|current| current.due_date.is_some()) {
            self.note(
                "due_date",
                "cannot be cleared while the task repeats: clear recurrence_rule too",
            );
            return;
        }
        match first_slot(rule, task.due_time, task.time_zone, now) {
            Some(slot) => {
                task.due_date = Some(slot.date);
                task.due_time = slot.time;
            }
            None => self.note(self.rule_field(), "never falls on a day from today on"),
        }
    }

    fn check_it_fires(&mut self, task: &Task, rule: &Rule) {
        let Some(date) = task.due_date else {
            return;
        };
        let start = date.and_time(task.due_time.unwrap_or(NaiveTime::MIN));
        if rule.ends_before(start, task.time_zone) {
            self.note(self.rule_field(), "ends before due_date");
            return;
        }
        match rule.times(start, start).map(|mut times| times.next()) {
            Ok(Some(_)) => {}
            Ok(None) => self.note(self.rule_field(), "never falls on a day from due_date on"),
            Err(invalid) => self.note(self.rule_field(), &invalid.to_string()),
        }
    }

    /// The rule that the three recurrence fields ask for. `day` is the day of the month it is due.
    fn rule(&mut self, current: Option<Rule>, day: u32) -> Option<Rule> {
        let rule = self.optional(
            "recurrence_rule",
            fields::parsed(|text| Rule::parse(text).map_err(|invalid| invalid.to_string())),
        );
        let none = Some(Pattern::None);
        let pattern = self.always("recurrence_pattern", none, fields::parsed(str::parse));
        let interval = self
            .optional("recurrence_interval", fields::interval)
            .flatten();
        if [
            "recurrence_rule",
            "recurrence_pattern",
            "recurrence_interval",
        ]
        .iter()
        .any(|field| self.violations.has(field))
        {
            return current;
        }
        match (rule.clone(), pattern) {
            (Some(Some(rule)), _) => {
                self.check_agreement(&rule, pattern, interval);
                Some(rule)
            }
            (_, Some(Pattern::Custom)) => {
                let kept = current.filter(|rule| rule.pattern() == Pattern::Custom);
                if kept.is_none() || rule.is_some() {
                    self.note("recurrence_pattern", "custom needs a recurrence_rule");
                }
                kept
            }
            (_, Some(Pattern::None)) => None,
            (_, Some(pattern)) => {
                let same = current.filter(|rule| rule.pattern() == pattern);
                let interval = interval.or(same.map(|rule| rule.interval()));
                Rule::plain(pattern, interval.unwrap_or(1), day)
            }
            (Some(None), None) => None,
            (None, None) => self.same_pattern(current, interval, day),
        }
    }

    /// Without a new rule or pattern: another interval, or another day of the month.
    fn same_pattern(
        &mut self,
        current: Option<Rule>,
        interval: Option<u16>,
        day: u32,
    ) -> Option<Rule> {
        let Some(rule) = current else {
            if interval.is_some() {
                self.note("recurrence_interval", "needs a recurrence_pattern");
            }
            return None;
        };
        let day_given = self.input.contains_key("due_date");
        match (rule.pattern(), interval) {
            (Pattern::Custom, Some(interval)) if interval != rule.interval() => {
                self.note(
                    "recurrence_interval",
                    "is part of recurrence_rule, which is custom: change it there",
                );
                Some(rule)
            }
            (Pattern::Custom, _) | (_, None) if !day_given => Some(rule),
            (pattern, interval) => {
                Rule::plain(pattern, interval.unwrap_or(rule.interval()), day).or(Some(rule))
            }
        }
    }

    fn check_agreement(&mut self, rule: &Rule, pattern: Option<Pattern>, interval: Option<u16>) {
        if let Some(pattern) = pattern.filter(|pattern| *pattern != rule.pattern()) {
            let message = format!(
                "is {}, but recurrence_rule is {}: leave one of them out",
                pattern.as_str(),
                rule.pattern().as_str()
            );
            self.note("recurrence_pattern", &message);
        }
        if interval.is_some_and(|interval| interval != rule.interval()) {
            self.note(
                "recurrence_interval",
                "differs from that of recurrence_rule",
            );
        }
    }

    fn rule_field(&self) -> &'static str {
        match self.input.get("recurrence_rule") {
            None | Some(Value::Null) => "recurrence_pattern",
            Some(_) => "recurrence_rule",
        }
    }
}
