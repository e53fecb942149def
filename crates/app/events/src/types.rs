//! Event types: what each is about, and the topic it belongs to. A new one is a line of the table.

use crate::{SubjectType, topic};

macro_rules! event_types {
    ($($(#[$doc:meta])* $variant:ident = $name:literal about $subject:ident in $topic:ident,)*) => {
        /// What happened. The name is the `ce_type` header and the `event_type` of the value.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum EventType { $($(#[$doc])* $variant,)* }

        impl EventType {
            /// Every type there is.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name on the wire, for example `task.created`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The topic that events of this type are written to.
            pub const fn topic(self) -> &'static str {
                match self { $(Self::$variant => topic::$topic,)* }
            }

            /// What events of this type are about.
            pub const fn subject_type(self) -> SubjectType {
                match self { $(Self::$variant => SubjectType::$subject,)* }
            }
        }
    };
}

event_types! {
    /// A task came to be, by hand or as the next occurrence of another.
    TaskCreated = "task.created" about Task in TASK_EVENTS,
    /// Fields of a task changed, its status not.
    TaskUpdated = "task.updated" about Task in TASK_EVENTS,
    /// A task was done.
    TaskCompleted = "task.completed" about Task in TASK_EVENTS,
    /// A task that was done is pending again.
    TaskReopened = "task.reopened" about Task in TASK_EVENTS,
    /// A task went to the trash.
    TaskDeleted = "task.deleted" about Task in TASK_EVENTS,
    /// A task came back from the trash.
    TaskRestored = "task.restored" about Task in TASK_EVENTS,
    /// The time of a reminder has come; `metadata` is that of [`crate::ReminderDue`].
    ReminderDue = "reminder.due" about Task in REMINDERS,
    /// A reminder was delivered.
    ReminderSent = "reminder.sent" about Task in TASK_UPDATES,
    /// An account was made.
    UserSignedUp = "user.signed_up" about User in AUDIT_EVENTS,
    /// A session began.
    UserSignedIn = "user.signed_in" about User in AUDIT_EVENTS,
    /// A session was ended by its user.
    UserSignedOut = "user.signed_out" about User in AUDIT_EVENTS,
    /// Name or time zone of an account changed.
    UserUpdated = "user.updated" about User in AUDIT_EVENTS,
    /// The password changed; every other session ended.
    PasswordChanged = "user.password_changed" about User in AUDIT_EVENTS,
    /// An account was removed.
    UserDeleted = "user.deleted" about User in AUDIT_EVENTS,
    /// A wrong password for an account that exists.
    SignInFailed = "sign_in_failed" about User in AUDIT_EVENTS,
    /// A refresh token came a second time: its family of sessions was revoked.
    SessionRevoked = "session.revoked" about User in AUDIT_EVENTS,
    /// A personal access token was made.
    TokenCreated = "token.created" about Token in AUDIT_EVENTS,
    /// A personal access token was revoked.
    TokenRevoked = "token.revoked" about Token in AUDIT_EVENTS,
}

impl EventType {
    /// The type with this name; `None` for one that a newer version may have added.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == name)
    }
}

impl std::fmt::Display for EventType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_found_by_its_name_and_names_do_not_repeat() {
        for kind in EventType::ALL {
            assert_eq!(EventType::from_name(kind.as_str()), Some(*kind));
            assert!(topic::ALL.contains(&kind.topic()));
        }
        assert_eq!(EventType::from_name("task.exploded"), None);
    }
}
