//! Making a task from an input, and changing one by a JSON merge patch (RFC 7396): null clears a
//! field, an absent one stays, and every violation is reported at once.

use crate::time::{parse_date, parse_instant, parse_time, parse_zone};
use crate::{Pattern, RepeatFrom, Rule, Status, Task, Violations, fields, first_slot};
use chrono::{DateTime, Datelike, NaiveTime, Utc};
use chrono_tz::Tz;
use serde_json::{Map, Value};

const EDITABLE: [&str; 13] = [
    "title",
    "description",
    "status",
    "priority",
    "tags",
    "due_date",
    "due_time",
    "time_zone",
    "recurrence_rule",
    "recurrence_pattern",
    "recurrence_interval",
    "repeat_from",
    "remind_at",
];

const READ_ONLY: [&str; 9] = [
    "id",
    "user_id",
    "next_occurrence",
    "series_id",
    "completed_at",
    "deleted_at",
    "created_at",
    "updated_at",
    "version",
];

/// Whether [`create`] needs to know the user's own time zone to make sense of this input.
pub fn needs_user_time_zone(input: &Map<String, Value>) -> bool {
    let given = |field: &str| input.get(field).is_some_and(|value| !value.is_null());
    !given("time_zone")
        && [
            "due_date",
            "due_time",
            "recurrence_rule",
            "recurrence_pattern",
        ]
        .into_iter()
        .any(given)
}

/// A new task.
///
/// # Errors
/// With everything that is wrong with the input.
pub fn create(
    input: &Map<String, Value>,
    user_zone: Tz,
    now: DateTime<Utc>,
) -> Result<Task, Violations> {
    let mut edit = Edit::new(input);
    let mut task = Task::new("", user_zone);
    if !input.contains_key("title") {
        edit.violations.add("title", "is required");
    }
    edit.plain_fields(&mut task);
    if task.status != Status::Pending {
        edit.violations.add(
            "status",
            "must be pending for a new task: complete it afterwards",
        );
    }
    edit.due(&mut task, Some(user_zone));
    edit.recurrence(&mut task, None, now);
    edit.violations.into_result(task)
}

/// A task after a merge patch.
///
/// # Errors
/// With everything that is wrong with the patch, alone or together with what the task has.
pub fn patch(
    current: &Task,
    input: &Map<String, Value>,
    now: DateTime<Utc>,
) -> Result<Task, Violations> {
    let mut edit = Edit::new(input);
    let mut task = current.clone();
    edit.plain_fields(&mut task);
    edit.due(&mut task, None);
    edit.recurrence(&mut task, Some(current), now);
    edit.violations.into_result(task)
}

struct Edit<'a> {
    input: &'a Map<String, Value>,
    violations: Violations,
}

impl<'a> Edit<'a> {
    fn new(input: &'a Map<String, Value>) -> Self {
        let mut violations = Violations::default();
        for field in input.keys() {
            if READ_ONLY.contains(&field.as_str()) {
                violations.add(field, "is read-only");
            } else if !EDITABLE.contains(&field.as_str()) {
                let field: String = field.chars().take(100).collect();
                violations.add(field, "is not a field of a task");
            }
        }
        Self { input, violations }
    }

    /// A field that null clears: `None` when it is absent or wrong.
    fn optional<T>(
        &mut self,
        field: &str,
        read: impl Fn(&Value) -> Result<T, String>,
    ) -> Option<Option<T>> {
        match self.input.get(field)? {
            Value::Null => Some(None),
            value => self.violations.keep(field, read(value)).map(Some),
        }
    }

    /// A field that always has a value: null brings the default back, where there is one.
    fn always<T>(
        &mut self,
        field: &str,
        default: Option<T>,
        read: impl Fn(&Value) -> Result<T, String>,
    ) -> Option<T> {
        match (self.optional(field, read)?, default) {
            (Some(value), _) | (None, Some(value)) => Some(value),
            (None, None) => {
                self.violations.add(field, "must not be null");
                None
            }
        }
    }

    fn plain_fields(&mut self, task: &mut Task) {
        if let Some(title) = self.always("title", None, fields::title) {
            task.title = title;
        }
        if let Some(description) = self.optional("description", fields::description) {
            task.description = description.flatten();
        }
        if let Some(status) = self.always("status", None, fields::parsed(str::parse)) {
            task.status = status;
        }
        let medium = Some(crate::Priority::Medium);
        if let Some(priority) = self.always("priority", medium, fields::parsed(str::parse)) {
            task.priority = priority;
        }
        if let Some(tags) = self.always("tags", Some(Vec::new()), fields::tags) {
            task.tags = tags;
        }
        if let Some(remind_at) = self.optional("remind_at", fields::parsed(parse_instant)) {
            task.remind_at = remind_at;
        }
    }

    fn due(&mut self, task: &mut Task, default_zone: Option<Tz>) {
        if let Some(zone) = self.always("time_zone", default_zone, fields::parsed(parse_zone)) {
            task.time_zone = zone;
        }
        if let Some(time) = self.optional("due_time", fields::parsed(parse_time)) {
            task.due_time = time;
        }
        if let Some(date) = self.optional("due_date", fields::parsed(parse_date)) {
            task.due_date = date;
            // A time of no day means nothing: it goes with its day unless it was just given.
            if date.is_none() && !self.input.contains_key("due_time") {
                task.due_time = None;
            }
        }
    }

    fn recurrence(&mut self, task: &mut Task, current: Option<&Task>, now: DateTime<Utc>) {
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

    /// Adds a violation unless the field has one already: a second would only follow from it.
    fn note(&mut self, field: &str, message: &str) {
        if !self.violations.has(field) {
            self.violations.add(field, message);
        }
    }
}
