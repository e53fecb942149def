//! How a task is to repeat: a rule, or a pattern and an interval, that agree with its due date.

use super::Edit;
use crate::time::local;
use crate::{Pattern, RepeatFrom, Rule, Task, fields, first_slot};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
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
        let today = local(now, task.time_zone).date();
        let date = task.due_date.unwrap_or(today);
        task.rule = self.rule(task.rule.clone(), date, task.due_time);
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
        if rule.ends_before(start, task.due_time.is_some(), task.time_zone) {
            self.note(self.rule_field(), "ends before due_date");
        } else if rule.times(start, start).next().is_none() {
            self.note(self.rule_field(), "never falls on a day from due_date on");
        }
    }

    /// The rule that the three recurrence fields ask for, for a task that is due then.
    fn rule(
        &mut self,
        current: Option<Rule>,
        date: NaiveDate,
        time: Option<NaiveTime>,
    ) -> Option<Rule> {
        let read = |text: &str| {
            let rule = Rule::parse(text).and_then(|rule| rule.due_at(time));
            rule.map_err(|invalid| invalid.to_string())
        };
        let rule = self
            .optional("recurrence_rule", fields::parsed(read))
            // Its own rule in other words.
            .filter(|rule| rule.is_none() || *rule != current);
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
            (_, Some(pattern)) => Rule::plain_on(pattern, interval.unwrap_or(1), date),
            (Some(None), None) => None,
            (None, None) => self.at_interval(current, interval),
        }
    }

    /// Without a new rule or pattern: perhaps another interval.
    fn at_interval(&mut self, current: Option<Rule>, interval: Option<u16>) -> Option<Rule> {
        let Some(rule) = current else {
            if interval.is_some() {
                self.note("recurrence_interval", "needs a recurrence_pattern");
            }
            return None;
        };
        match interval {
            None => Some(rule),
            Some(_) if rule.pattern() == Pattern::Custom => {
                self.note(
                    "recurrence_interval",
                    "is part of recurrence_rule, which is custom: change it there",
                );
                Some(rule)
            }
            Some(interval) => Some(rule.with_interval(interval)),
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
