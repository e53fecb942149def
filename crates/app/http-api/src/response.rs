//! Responses. JSON that Postgres already rendered is passed on as it is, never parsed again.

use std::pin::Pin;

use bytes::Bytes;
use futures::stream::Stream;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::problem::Problem;

/// What every endpoint answers with.
pub type Response = http::Response<ResponseBody>;

/// The body of a response.
pub enum ResponseBody {
    /// All of it.
    Full(Bytes),
    /// Piece by piece, each when it is there. Dropped when the client leaves.
    Stream(Pin<Box<dyn Stream<Item = Bytes>>>),
}

impl Default for ResponseBody {
    fn default() -> Self {
        Self::Full(Bytes::new())
    }
}

impl<T: Into<Bytes>> From<T> for ResponseBody {
    fn from(all: T) -> Self {
        Self::Full(all.into())
    }
}

/// A response whose body is already JSON text. Not stored by caches unless the caller says so.
pub fn json_text(status: StatusCode, text: impl Into<Bytes>) -> Response {
    let mut response = Response::new(ResponseBody::Full(text.into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A response whose body is this value as JSON.
pub fn json(status: StatusCode, value: &impl Serialize) -> Result<Response, Problem> {
    Ok(json_text(status, serde_json::to_vec(value)?))
}

/// A page of a listing, `{"items": [...], "next_cursor": ...}`, from items that are JSON text.
pub fn page<T: AsRef<str>>(items: &[T], next_cursor: Option<&str>) -> Response {
    let size = items
        .iter()
        .map(|item| item.as_ref().len() + 1)
        .sum::<usize>()
        + 64;
    let mut text = String::with_capacity(size);
    text.push_str(r#"{"items":["#);
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(item.as_ref());
    }
    text.push_str(r#"],"next_cursor":"#);
    match next_cursor {
        // A cursor is base64url: nothing in it needs escaping.
        Some(cursor) => {
            text.push('"');
            text.push_str(cursor);
            text.push('"');
        }
        None => text.push_str("null"),
    }
    text.push('}');
    json_text(StatusCode::OK, text)
}

/// 204.
pub fn no_content() -> Response {
    empty(StatusCode::NO_CONTENT)
}

/// A response without a body.
pub fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(ResponseBody::default());
    *response.status_mut() = status;
    response
}

/// Header setting that reads well at the end of a handler.
pub trait ResponseExt {
    /// Sets a header; a value that is no legal header value is left out.
    #[must_use]
    fn with_header(self, name: HeaderName, value: impl AsRef<str>) -> Self;
}

impl ResponseExt for Response {
    fn with_header(mut self, name: HeaderName, value: impl AsRef<str>) -> Self {
        if let Ok(value) = HeaderValue::from_str(value.as_ref()) {
            self.headers_mut().insert(name, value);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_wraps_json_text_without_touching_it() {
        let response = page(&[r#"{"a":1}"#, r#"{"b":2}"#], Some("abc"));
        let ResponseBody::Full(body) = response.into_body() else {
            panic!("all of it is there");
        };
        assert_eq!(body, r#"{"items":[{"a":1},{"b":2}],"next_cursor":"abc"}"#);
    }
}
