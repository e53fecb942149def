//! Problem documents (RFC 9457): the only form in which this API reports an error. Every violation
//! of a request is collected first and reported together.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use spin_sdk::pg;

use crate::response::{Response, ResponseBody};

/// One thing that is wrong with a request, and where: a field of the body, a query parameter, a
/// part of the path or a header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    pub field: String,
    pub message: String,
}

/// Collects what is wrong with a request until [`Violations::check`] turns it into one problem.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Violations(Vec<FieldError>);

impl Violations {
    /// Nobody reads a thousand messages; past this many further ones are dropped.
    const MAX: usize = 100;

    pub fn new() -> Self {
        Self::default()
    }

    pub fn push(&mut self, field: impl Into<String>, message: impl Into<String>) {
        if self.0.len() < Self::MAX {
            self.0.push(FieldError {
                field: field.into(),
                message: message.into(),
            });
        }
    }

    /// Adds `(field, message)` pairs, for example those of the domain's own validation.
    pub fn extend<F: Into<String>, M: Into<String>>(
        &mut self,
        violations: impl IntoIterator<Item = (F, M)>,
    ) {
        for (field, message) in violations {
            self.push(field, message);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether something was already found wrong with this field.
    pub fn concern(&self, field: &str) -> bool {
        self.0.iter().any(|error| error.field == field)
    }

    /// `Err` with a 400 problem when anything was found.
    pub fn check(self) -> Result<(), Problem> {
        if self.is_empty() {
            return Ok(());
        }
        Err(Problem::invalid(self))
    }
}

impl IntoIterator for Violations {
    type Item = FieldError;
    type IntoIter = std::vec::IntoIter<FieldError>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// An error as the client sees it. Through `?` what an operation refused becomes what it says; any other
/// `std::error::Error` a 500, or a 503 when the database behind it cannot answer now: its text goes to
/// the log, never to the client.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    kind: &'static str,
    title: &'static str,
    detail: String,
    errors: Vec<FieldError>,
    headers: Vec<(HeaderName, HeaderValue)>,
    cause: Option<anyhow::Error>,
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: &'a str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    errors: &'a [FieldError],
}

impl Problem {
    /// A problem whose meaning is its status (`type` is `about:blank`).
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            detail: detail.into(),
            errors: Vec::new(),
            headers: Vec::new(),
            cause: None,
        }
    }

    /// 400 with every violation found.
    pub fn invalid(violations: Violations) -> Self {
        let detail = match violations.0.as_slice() {
            [only] => format!("{}: {}", only.field, only.message),
            many => format!("{} things are wrong with the request", many.len()),
        };
        Self {
            kind: "urn:taskwhisper:problem:invalid-request",
            title: "Invalid request",
            errors: violations.0,
            ..Self::new(StatusCode::BAD_REQUEST, detail)
        }
    }

    /// 400 for one field.
    pub fn invalid_field(field: impl Into<String>, message: impl Into<String>) -> Self {
        let mut violations = Violations::new();
        violations.push(field, message);
        Self::invalid(violations)
    }

    /// 401 with `WWW-Authenticate` (RFC 6750): `description` is `None` when no token was sent.
    pub fn unauthorized(description: Option<&str>) -> Self {
        let challenge = match description {
            None => "Bearer realm=\"taskwhisper\"".to_owned(),
            Some(text) => format!(
                "Bearer realm=\"taskwhisper\", error=\"invalid_token\", error_description=\"{}\"",
                text.replace(['"', '\\'], "'")
            ),
        };
        let detail = description.unwrap_or("send an access token: Authorization: Bearer <token>");
        Self::new(StatusCode::UNAUTHORIZED, detail).with_header(header::WWW_AUTHENTICATE, challenge)
    }

    /// 403: the token is good but was not given this scope.
    pub fn insufficient_scope(scope: &str) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            format!("the token does not have the scope {scope}"),
        )
        .with_header(
            header::WWW_AUTHENTICATE,
            format!(
                "Bearer realm=\"taskwhisper\", error=\"insufficient_scope\", scope=\"{scope}\""
            ),
        )
    }

    /// 404. `what` completes "there is no such ...".
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("there is no such {what}"))
    }

    /// 405 with `Allow`.
    pub fn method_not_allowed(allow: &str) -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            format!("this resource allows {allow}"),
        )
        .with_header(header::ALLOW, allow)
    }

    /// 409 naming the field whose value collides.
    pub fn conflict(field: impl Into<String>, message: impl Into<String>) -> Self {
        let (field, message) = (field.into(), message.into());
        let mut problem = Self::new(StatusCode::CONFLICT, format!("{field}: {message}"));
        problem.errors.push(FieldError { field, message });
        problem
    }

    /// 412: `If-Match` named another version.
    pub fn precondition_failed() -> Self {
        Self::new(
            StatusCode::PRECONDITION_FAILED,
            "the resource has changed since that version: read it again and repeat the change",
        )
    }

    /// 429 with `Retry-After`.
    pub fn too_many_requests(retry_after_s: u64, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, detail)
            .with_header(header::RETRY_AFTER, retry_after_s.to_string())
    }

    /// 503 with `Retry-After`; the cause is logged.
    pub fn unavailable(cause: impl Into<anyhow::Error>) -> Self {
        let mut problem = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "the service cannot answer right now: try again shortly",
        )
        .with_header(header::RETRY_AFTER, "1");
        problem.cause = Some(cause.into());
        problem
    }

    /// 500, or 503 when the database could not answer; the cause is logged.
    pub fn internal(cause: impl Into<anyhow::Error>) -> Self {
        let cause = cause.into();
        if cause.chain().any(is_passing) {
            return Self::unavailable(cause);
        }
        let mut problem = Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "something went wrong on our side: the log has it under this request's x-request-id",
        );
        problem.cause = Some(cause);
        problem
    }

    /// What an operation says, in the words of HTTP.
    fn refused(error: operations::Error) -> Self {
        use operations::Error;
        match error {
            Error::Invalid(wrong) => {
                let mut violations = Violations::new();
                violations.extend(wrong.into_iter().map(|one| (one.field, one.message)));
                Self::invalid(violations)
            }
            Error::NotFound(what) => Self::not_found(what),
            Error::Conflict { field, message } => Self::conflict(field, message),
            Error::PreconditionFailed => Self::precondition_failed(),
            Error::KeyReused => {
                Self::conflict("Idempotency-Key", "was already used with another request")
            }
            Error::AccountGone => Self::unauthorized(Some("the account no longer exists")),
            Error::Busy => Self::unavailable(error),
            Error::Database(cause) => Self::internal(cause),
        }
    }

    /// Adds a response header; a value that is no legal header value is left out.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: impl AsRef<str>) -> Self {
        if let Ok(value) = HeaderValue::from_str(value.as_ref()) {
            self.headers.push((name, value));
        }
        self
    }

    pub fn status(&self) -> StatusCode {
        self.status
    }

    pub fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    /// What went wrong inside, for the log only.
    pub fn cause(&self) -> Option<&anyhow::Error> {
        self.cause.as_ref()
    }

    pub fn into_response(self) -> Response {
        self.into_document().map(ResponseBody::Full)
    }

    /// The response for those who answer by other means than [`Response`].
    pub fn into_document(self) -> http::Response<Bytes> {
        let document = Document {
            r#type: self.kind,
            title: self.title,
            status: self.status.as_u16(),
            detail: &self.detail,
            errors: &self.errors,
        };
        let body = serde_json::to_vec(&document).unwrap_or_default();
        let mut response = http::Response::new(Bytes::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        for (name, value) in self.headers {
            headers.append(name, value);
        }
        response
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Problem {
    fn from(error: E) -> Self {
        match anyhow::Error::new(error).downcast() {
            Ok(refused) => Self::refused(refused),
            Err(other) => Self::internal(other),
        }
    }
}

/// Whether a database error is one that passes: no connection, no room, shut down, deadlock.
fn is_passing(error: &(dyn std::error::Error + 'static)) -> bool {
    let inner = match error.downcast_ref::<pg::Error>() {
        Some(pg::Error::PgError(inner)) => inner,
        Some(pg::Error::Decode(_)) => return false,
        None => match error.downcast_ref::<pg::PgError>() {
            Some(inner) => inner,
            None => return false,
        },
    };
    match inner {
        pg::PgError::ConnectionFailed(_) => true,
        pg::PgError::QueryFailed(pg::QueryError::DbError(error)) => {
            // SQLSTATE classes: connection, transaction rollback, resources, operator intervention.
            ["08", "40", "53", "57"]
                .iter()
                .any(|class| error.code.starts_with(class))
        }
        // What did not come from the server has no code: "connection closed", "error communicating
        // with the server".
        pg::PgError::QueryFailed(pg::QueryError::Text(text)) => {
            text.contains("connection") || text.contains("communicating")
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_names_every_violation_at_once() {
        let mut violations = Violations::new();
        violations.push("title", "must not be empty");
        violations.push("colour", "is not a field of this request");
        let problem = violations.check().expect_err("two violations");
        assert_eq!(problem.status(), StatusCode::BAD_REQUEST);
        assert_eq!(problem.errors().len(), 2);
        assert_eq!(
            problem.into_response().headers()[header::CONTENT_TYPE],
            "application/problem+json"
        );
    }

    #[test]
    fn no_violation_is_no_problem() {
        assert!(Violations::new().check().is_ok());
    }

    #[test]
    fn an_internal_error_keeps_its_cause_to_itself() {
        let problem = Problem::from(std::io::Error::other("password=hunter2"));
        assert_eq!(problem.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert!(problem.cause().is_some());
        assert!(!problem.detail.contains("hunter2"));
    }

    #[test]
    fn a_database_that_is_away_is_a_503() {
        let away = pg::Error::PgError(pg::PgError::ConnectionFailed("refused".to_owned()));
        assert_eq!(
            Problem::from(away).status(),
            StatusCode::SERVICE_UNAVAILABLE
        );
        let cut = pg::QueryError::Text("error communicating with the server".to_owned());
        let cut = pg::Error::PgError(pg::PgError::QueryFailed(cut));
        assert_eq!(Problem::from(cut).status(), StatusCode::SERVICE_UNAVAILABLE);
        let bug = pg::Error::Decode("no such column".to_owned());
        assert_eq!(
            Problem::from(bug).status(),
            StatusCode::INTERNAL_SERVER_ERROR
        );
    }

    #[test]
    fn what_an_operation_refuses_is_said_in_the_words_of_http() {
        let away = pg::Error::PgError(pg::PgError::ConnectionFailed("refused".to_owned()));
        for (error, status) in [
            (operations::Error::invalid("title", "is empty"), 400),
            (operations::Error::NotFound("task"), 404),
            (operations::Error::PreconditionFailed, 412),
            (operations::Error::KeyReused, 409),
            (operations::Error::AccountGone, 401),
            (operations::Error::Busy, 503),
            (operations::Error::Database(away), 503),
        ] {
            let told = error.to_string();
            assert_eq!(Problem::from(error).status().as_u16(), status, "{told}");
        }
        let wrong = Problem::from(operations::Error::invalid("title", "is empty"));
        assert_eq!(wrong.errors()[0].field, "title");
    }

    #[test]
    fn a_missing_token_is_challenged_without_an_error_code() {
        let response = Problem::unauthorized(None).into_response();
        assert_eq!(
            response.headers()[header::WWW_AUTHENTICATE],
            "Bearer realm=\"taskwhisper\""
        );
    }
}
