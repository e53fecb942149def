//! Tasks, their reminders and the notification log: `/api/{user_id}/tasks/...` and
//! `/api/{user_id}/notifications`.

mod change;
mod create;
mod list;
mod notifications;
mod read;
mod reminders;

use contract::tasks::{Endpoint, ROUTES};
use events::Source;
use http_api::{
    Admitted, Body, Fields, Parts, Problem, Query, Response, StatusCode, conditional, cursor,
    header, read_optional_object, response, response::ResponseExt,
};
use operations::tasks::Stored;
use operations::{Author, Context, Input, Page, Violations};
use serde::Serialize;
use store::Connection;

/// A request of a known user, without its body.
struct Call {
    parts: Parts,
    context: Context<Connection>,
}

http_api::service!(Endpoint, ROUTES, handle);

async fn handle(admitted: Admitted<Endpoint>, body: impl Body) -> Result<Response, Problem> {
    let endpoint = admitted.endpoint;
    let user_id = admitted.user_id()?;
    let task_id = admitted.uuid("task_id");
    let reminder_id = admitted.uuid("reminder_id");
    let db = store::connect().await.map_err(Problem::internal)?;
    let author = Author::user(user_id, Source::Rest, admitted.context.traceparent);
    let call = Call {
        parts: admitted.parts,
        context: Context::new(db, author),
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
    /// For a request that takes neither query parameters nor fields.
    async fn refuse_input(&self, body: impl Body) -> Result<(), Problem> {
        Query::refuse_all(self.parts.uri.query())?;
        read_optional_object(&self.parts.headers, body)
            .await?
            .finish()
    }

    /// The fields of a body, and what is wrong with them and with the query of a request that takes
    /// none: all of it is reported together.
    fn input(&self, body: Fields) -> Input {
        let (fields, of_body) = body.into_parts();
        let of_query = Query::parse(self.parts.uri.query()).into_violations();
        let mut wrong = Violations::default();
        for found in of_body.into_iter().chain(of_query) {
            wrong.add(found.field, found.message);
        }
        Input { fields, wrong }
    }
}

/// A task as a response, with its version as entity tag.
fn task_response(status: StatusCode, task: Stored) -> Response {
    let etag = conditional::etag(task.version.into());
    response::json_text(status, task.json).with_header(header::ETAG, etag)
}

fn page<P: Serialize>(page: Page<P>) -> Result<Response, Problem> {
    let next = page.next.map(|position| cursor::encode(&position));
    Ok(response::page(&page.items, next.transpose()?.as_deref()))
}

/// A text given by the user, read by a function of the domain whose error is the message.
fn parsed<T>(query: &mut Query, name: &str, read: impl Fn(&str) -> Result<T, String>) -> Option<T> {
    let text = query.take(name)?;
    read(&text)
        .map_err(|message| query.violation(name, message))
        .ok()
}
