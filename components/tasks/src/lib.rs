//! Tasks, their reminders and the notification log: `/api/{user_id}/tasks/...` and
//! `/api/{user_id}/notifications`.

mod change;
mod create;
mod list;
mod notifications;
mod read;
mod reminders;

use contract::tasks::{Endpoint, ROUTES};
use events::{Actor, Source};
use http_api::{
    Admitted, Body, Parts, Problem, Query, Response, StatusCode, Violations, conditional, header,
    read_optional_object, response, response::ResponseExt,
};
use store::Connection;
use store::tasks::{Author, Stored};

/// A request of a known user, without its body.
struct Call {
    parts: Parts,
    author: Author,
}

http_api::service!(Endpoint, ROUTES, handle);

async fn handle(admitted: Admitted<Endpoint>, body: impl Body) -> Result<Response, Problem> {
    let endpoint = admitted.endpoint;
    let user_id = admitted.user_id()?;
    let task_id = admitted.uuid("task_id");
    let reminder_id = admitted.uuid("reminder_id");
    let call = Call {
        author: Author {
            user_id,
            actor: Actor::User { id: user_id },
            source: Source::Rest,
            traceparent: admitted.context.traceparent,
        },
        parts: admitted.parts,
    };
    match endpoint {
        Endpoint::ListTasks => list::list(&call).await,
        Endpoint::CreateTask => create::create(&call, body).await,
        Endpoint::ReadTask => read::read(&call, task_id?).await,
        Endpoint::ChangeTask => change::patch(&call, task_id?, body).await,
        Endpoint::DeleteTask => change::delete(&call, task_id?, body).await,
        Endpoint::CompleteTask => change::complete(&call, task_id?, body).await,
        Endpoint::ReopenTask => change::reopen(&call, task_id?, body).await,
        Endpoint::RestoreTask => change::restore(&call, task_id?, body).await,
        Endpoint::ListReminders => reminders::list(&call, task_id?).await,
        Endpoint::AddReminder => reminders::add(&call, task_id?, body).await,
        Endpoint::RemoveReminder => reminders::remove(&call, task_id?, reminder_id?).await,
        Endpoint::ListNotifications => notifications::list(&call).await,
    }
}

impl Call {
    async fn database(&self) -> Result<Connection, Problem> {
        store::connect().await.map_err(Problem::internal)
    }

    /// For a request that takes neither query parameters nor fields.
    async fn refuse_input(&self, body: impl Body) -> Result<(), Problem> {
        Query::refuse_all(self.parts.uri.query())?;
        read_optional_object(&self.parts.headers, body)
            .await?
            .finish()
    }

    /// Adds what is wrong with the query of a request that takes none: reported with its body.
    fn refuse_query(&self, violations: &mut Violations) {
        if let Err(problem) = Query::refuse_all(self.parts.uri.query()) {
            let wrong = problem.errors().iter();
            violations.extend(wrong.map(|wrong| (wrong.field.clone(), wrong.message.clone())));
        }
    }
}

/// A task as a response, with its version as entity tag.
fn task_response(status: StatusCode, task: Stored) -> Response {
    let etag = conditional::etag(task.version.into());
    response::json_text(status, task.json).with_header(header::ETAG, etag)
}

fn no_task() -> Problem {
    Problem::not_found("task")
}

/// The account was removed while its token is still good.
fn no_account() -> Problem {
    Problem::unauthorized(Some("the account no longer exists"))
}

/// A text given by the user, read by a function of the domain whose error is the message.
fn parsed<T>(query: &mut Query, name: &str, read: impl Fn(&str) -> Result<T, String>) -> Option<T> {
    let text = query.take(name)?;
    read(&text)
        .map_err(|message| query.violation(name, message))
        .ok()
}
