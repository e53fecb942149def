//! A filter as a condition of SQL. What people wrote is only ever in parameters.
//!
//! The statement that it becomes a part of calls the tasks `t`, has the user's id as its first parameter
//! and reads that user's tasks alone: whatever the filter says, an index leads to these.

use domain::filter::{Condition, Moment, Place};
use spin_sdk::pg::ParameterValue;

/// The condition, in parentheses where it needs them; its parameters are added to those of the statement.
/// It may be NULL, which is no.
pub fn condition(condition: &Condition, parameters: &mut Vec<ParameterValue>) -> String {
    let mut sql = Sql {
        text: String::new(),
        parameters,
    };
    sql.condition(condition);
    sql.text
}

struct Sql<'a> {
    text: String,
    parameters: &'a mut Vec<ParameterValue>,
}

impl Sql<'_> {
    fn condition(&mut self, condition: &Condition) {
        match condition {
            Condition::All(conditions) => self.joined(conditions, " AND ", "true"),
            Condition::Any(conditions) => self.joined(conditions, " OR ", "false"),
            // A task without the value meets the opposite: NULL counts as false.
            Condition::Not(condition) => {
                self.text.push_str("((");
                self.condition(condition);
                self.text.push_str(") IS NOT TRUE)");
            }
            Condition::Due { from, to } => self.range(
                "t.due_date",
                [
                    (">=", from.map(|day| day.to_string())),
                    ("<=", to.map(|day| day.to_string())),
                ],
                "date",
            ),
            Condition::NoDueDate => self.text.push_str("t.due_date IS NULL"),
            Condition::Overdue(now) => {
                self.text.push_str("(t.status = 'pending' AND t.due_at < ");
                self.parameter(now.to_rfc3339(), "timestamptz");
                self.text.push(')');
            }
            Condition::At {
                moment,
                from,
                before,
            } => {
                let column = match moment {
                    Moment::Created => "t.created_at",
                    Moment::Updated => "t.updated_at",
                    Moment::Completed => "t.completed_at",
                };
                let from = from.map(|at| at.to_rfc3339());
                let before = before.map(|at| at.to_rfc3339());
                self.range(column, [(">=", from), ("<", before)], "timestamptz");
            }
            Condition::Status(status) => self.compared("t.status = ", status.as_str()),
            Condition::Priority(priority) => self.compared("t.priority = ", priority.as_str()),
            Condition::Tag(key) => {
                self.text.push_str("t.tag_keys @> ARRAY[");
                self.parameter(key, "text");
                self.text.push(']');
            }
            Condition::NoTag => self.text.push_str("t.tags = '{}'"),
            Condition::Project(key) => {
                self.text.push_str(
                    "t.project_id IN (SELECT p.id FROM projects p \
                     WHERE p.user_id = $1::text::uuid AND p.name_key = ",
                );
                self.parameter(key, "text");
                self.text.push(')');
            }
            Condition::In(place, id) => {
                self.text.push_str(match place {
                    Place::Project => "t.project_id = ",
                    Place::Section => "t.section_id = ",
                    Place::Parent => "t.parent_id = ",
                });
                self.parameter(id.to_string(), "uuid");
            }
            Condition::NoProject => self.text.push_str("t.project_id IS NULL"),
            Condition::Recurring => self.text.push_str("t.recurrence_rule IS NOT NULL"),
            Condition::ByAssistant => self.text.push_str("t.is_by_assistant"),
            Condition::Text(needle) => self.contains(needle),
        }
    }

    fn joined(&mut self, conditions: &[Condition], operator: &str, none: &str) {
        if conditions.is_empty() {
            self.text.push_str(none);
            return;
        }
        self.text.push('(');
        for (index, condition) in conditions.iter().enumerate() {
            if index > 0 {
                self.text.push_str(operator);
            }
            self.condition(condition);
        }
        self.text.push(')');
    }

    /// A column within its ends; it must have a value even where it has no end.
    fn range(&mut self, column: &str, ends: [(&str, Option<String>); 2], kind: &str) {
        self.text.push('(');
        let mut separator = "";
        for (operator, end) in ends {
            if let Some(end) = end {
                self.text
                    .push_str(&format!("{separator}{column} {operator} "));
                self.parameter(end, kind);
                separator = " AND ";
            }
        }
        if separator.is_empty() {
            self.text.push_str(&format!("{column} IS NOT NULL"));
        }
        self.text.push(')');
    }

    fn compared(&mut self, left: &str, right: &str) {
        self.text.push_str(left);
        self.parameter(right, "text");
    }

    /// Text that stands anywhere in the task or in a comment on it.
    fn contains(&mut self, needle: &str) {
        self.text.push_str("(strpos(t.search_title, ");
        let place = self.parameter(needle, "text");
        self.text.push_str(&format!(
            ") > 0 OR strpos(t.search_text, {place}) > 0 OR t.id IN (SELECT c.task_id FROM comments c \
             WHERE c.user_id = $1::text::uuid AND strpos(c.search_text, {place}) > 0))"
        ));
    }

    /// Writes a parameter of this type; how it is named.
    fn parameter(&mut self, value: impl Into<String>, kind: &str) -> String {
        self.parameters.push(value.into().into());
        let place = format!("${}::text", self.parameters.len());
        self.text.push_str(&place);
        if kind != "text" {
            self.text.push_str("::");
            self.text.push_str(kind);
        }
        place
    }
}
