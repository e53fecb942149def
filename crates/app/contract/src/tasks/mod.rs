//! Tasks, their reminders, and what was sent: the component `tasks`.

mod documents;

use crate::{
    headers::{RequestHeader, ResponseHeader},
    operation::{Operation, delete, get, patch, post, routes},
    page::PageQuery,
    route::Route,
    scope::{TASKS_READ, TASKS_WRITE},
};
pub use documents::{
    NewReminder, NewTask, Notification, Priority, Reminder, RepeatFrom, Status, Task, TaskChanges,
    TaskQuery,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    ListTasks,
    CreateTask,
    ReadTask,
    ChangeTask,
    DeleteTask,
    CompleteTask,
    ReopenTask,
    RestoreTask,
    ListReminders,
    AddReminder,
    RemoveReminder,
    ListNotifications,
}

const TASKS: &str = "/api/{user_id}/tasks";
const TASK: &str = "/api/{user_id}/tasks/{task_id}";
const COMPLETE: &str = "/api/{user_id}/tasks/{task_id}/complete";
const REOPEN: &str = "/api/{user_id}/tasks/{task_id}/reopen";
const RESTORE: &str = "/api/{user_id}/tasks/{task_id}/restore";
const REMINDERS: &str = "/api/{user_id}/tasks/{task_id}/reminders";
const REMINDER: &str = "/api/{user_id}/tasks/{task_id}/reminders/{reminder_id}";
const NOTIFICATIONS: &str = "/api/{user_id}/notifications";

const VERSION: &[ResponseHeader] = &[ResponseHeader::ETag];
const NEWER: &str = "It was changed since the version that If-Match names.";

pub(crate) const OPERATIONS: &[Operation<Endpoint>] = &[
    get(TASKS, TASKS_READ, Endpoint::ListTasks)
        .summary("List tasks")
        .query::<TaskQuery>()
        .gives_page::<Task>("Tasks that fit every condition."),
    post(TASKS, TASKS_WRITE, Endpoint::CreateTask)
        .summary("Create a task")
        .reads(&[RequestHeader::IdempotencyKey])
        .takes::<NewTask>()
        .gives::<Task>(201, "The new task.")
        .with(&[
            ResponseHeader::ETag,
            ResponseHeader::Location,
            ResponseHeader::IdempotencyReplayed,
        ])
        .refuses(409, "The Idempotency-Key was used with another request."),
    get(TASK, TASKS_READ, Endpoint::ReadTask)
        .summary("Read a task")
        .reads(&[RequestHeader::IfNoneMatch])
        .gives::<Task>(200, "The task.")
        .with(VERSION)
        .gives_nothing(304, "The client has this version.")
        .with(VERSION),
    patch(TASK, TASKS_WRITE, Endpoint::ChangeTask)
        .summary("Change a task")
        .reads(&[RequestHeader::IfMatch])
        .takes_patch::<TaskChanges>()
        .gives::<Task>(200, "The task as it is now.")
        .with(VERSION)
        .refuses(412, NEWER),
    delete(TASK, TASKS_WRITE, Endpoint::DeleteTask)
        .summary("Move a task to the trash")
        .reads(&[RequestHeader::IfMatch])
        .gives_nothing(204, "It is in the trash.")
        .refuses(412, NEWER),
    act(post(COMPLETE, TASKS_WRITE, Endpoint::CompleteTask).summary("Complete a task")),
    act(patch(COMPLETE, TASKS_WRITE, Endpoint::CompleteTask).summary("Complete a task")),
    act(post(REOPEN, TASKS_WRITE, Endpoint::ReopenTask)
        .summary("Make a completed task pending again")),
    act(post(RESTORE, TASKS_WRITE, Endpoint::RestoreTask).summary("Take a task out of the trash")),
    get(REMINDERS, TASKS_READ, Endpoint::ListReminders)
        .summary("List a task's reminders")
        .gives_page::<Reminder>("All of them, in the order of their time."),
    post(REMINDERS, TASKS_WRITE, Endpoint::AddReminder)
        .summary("Add a reminder to a task")
        .takes::<NewReminder>()
        .gives::<Reminder>(201, "The new reminder.")
        .refuses(409, "The task has as many reminders as it may have."),
    delete(REMINDER, TASKS_WRITE, Endpoint::RemoveReminder)
        .summary("Remove a reminder")
        .gives_nothing(204, "It is gone.")
        .refuses(
            409,
            "It is the task's own remind_at: set that to null instead.",
        ),
    get(NOTIFICATIONS, TASKS_READ, Endpoint::ListNotifications)
        .summary("List what was sent")
        .query::<PageQuery>()
        .gives_page::<Notification>("Newest first."),
];

pub const ROUTES: [Route<Endpoint>; OPERATIONS.len()] = routes(OPERATIONS);

/// A change that needs no input. A task that is in the wanted state already is left as it is.
const fn act(operation: Operation<Endpoint>) -> Operation<Endpoint> {
    operation
        .reads(&[RequestHeader::IfMatch])
        .gives::<Task>(200, "The task as it is now.")
        .with(VERSION)
        .refuses(412, NEWER)
}
