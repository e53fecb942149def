//! Tasks, their reminders and the notification log: `/api/{user_id}/tasks/...` and
//! `/api/{user_id}/notifications`.

mod change;
mod create;
mod list;
mod notifications;
mod read;
mod reminders;

use events::Source;
use http_api::{
    Body, Fields, Parts, Problem, Query, Request, Response, Route, StatusCode, authenticate,
    conditional, cursor, header, read_optional_object, response, response::ResponseExt, routes,
};
use operations::tasks::Stored;
use operations::{Author, Context, Input, Page, Violations};
use serde::Serialize;
use store::Connection;

#[derive(Clone, Copy)]
enum Endpoint {
    List,
    Create,
    Read,
    Patch,
    Delete,
    Complete,
    Reopen,
    Restore,
    ListReminders,
    AddReminder,
    RemoveReminder,
    ListNotifications,
}

const ROUTES: &[Route<Endpoint>] = &[
    Route::get("/api/{user_id}/tasks", Endpoint::List),
    Route::post("/api/{user_id}/tasks", Endpoint::Create),
    Route::get("/api/{user_id}/tasks/{task_id}", Endpoint::Read),
    Route::patch("/api/{user_id}/tasks/{task_id}", Endpoint::Patch),
    Route::delete("/api/{user_id}/tasks/{task_id}", Endpoint::Delete),
    Route::post(
        "/api/{user_id}/tasks/{task_id}/complete",
        Endpoint::Complete,
    ),
    Route::patch(
        "/api/{user_id}/tasks/{task_id}/complete",
        Endpoint::Complete,
    ),
    Route::post("/api/{user_id}/tasks/{task_id}/reopen", Endpoint::Reopen),
    Route::post("/api/{user_id}/tasks/{task_id}/restore", Endpoint::Restore),
    Route::get(
        "/api/{user_id}/tasks/{task_id}/reminders",
        Endpoint::ListReminders,
    ),
    Route::post(
        "/api/{user_id}/tasks/{task_id}/reminders",
        Endpoint::AddReminder,
    ),
    Route::delete(
        "/api/{user_id}/tasks/{task_id}/reminders/{reminder_id}",
        Endpoint::RemoveReminder,
    ),
    Route::get("/api/{user_id}/notifications", Endpoint::ListNotifications),
];

const SCOPE_READ: &str = "tasks:read";
const SCOPE_WRITE: &str = "tasks:write";

impl Endpoint {
    fn scope(self) -> &'static str {
        match self {
            Self::List | Self::Read | Self::ListReminders | Self::ListNotifications => SCOPE_READ,
            _ => SCOPE_WRITE,
        }
    }
}

/// A request of a known user, without its body.
struct Call {
    parts: Parts,
    context: Context<Connection>,
}

http_api::service!(route);

async fn route(
    request: Request<impl Body>,
    carried: http_api::Context,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let matched = routes::find(ROUTES, &parts.method, &path)?;
    let caller = authenticate(&parts.headers).await?;
    let user_id = caller.require_user(matched.param("user_id"))?;
    caller.require_scope(matched.endpoint.scope())?;
    let db = store::connect().await.map_err(Problem::internal)?;
    let author = Author::user(user_id, Source::Rest, carried.traceparent);
    let call = Call {
        parts,
        context: Context::new(db, author),
    };
    let task_id = || matched.uuid("task_id");
    match matched.endpoint {
        Endpoint::List => list::list(&call).await,
        Endpoint::Create => create::create(&call, body).await,
        Endpoint::Read => read::read(&call, task_id()?).await,
        Endpoint::Patch => change::patch(&call, task_id()?, body).await,
        Endpoint::Delete => change::delete(&call, task_id()?, body).await,
        Endpoint::Complete => change::complete(&call, task_id()?, body).await,
        Endpoint::Reopen => change::reopen(&call, task_id()?, body).await,
        Endpoint::Restore => change::restore(&call, task_id()?, body).await,
        Endpoint::ListReminders => reminders::list(&call, task_id()?).await,
        Endpoint::AddReminder => reminders::add(&call, task_id()?, body).await,
        Endpoint::RemoveReminder => {
            reminders::remove(&call, task_id()?, matched.uuid("reminder_id")?).await
        }
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
