//! Answers the host gives in a component's place, as problem details (RFC 9457).

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};

use crate::body::ResponseBody;

/// Seconds after which a client that was turned away may try again.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("1");

/// Why the host answers itself. Says nothing of the inside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Problem {
    NotFound,
    NoHost,
    TooLarge,
    Failed,
    Busy,
    Deadline,
}

impl Problem {
    fn status(self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::NoHost => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Failed => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Deadline => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    fn detail(self) -> &'static str {
        match self {
            Self::NotFound => "Nothing is served at this path.",
            Self::NoHost => "The request needs one valid Host header.",
            Self::TooLarge => "The request body is larger than this server accepts.",
            Self::Failed => "The request could not be handled because of an error on our side.",
            Self::Busy => "The server has as many requests as it can handle. Try again shortly.",
            Self::Deadline => "The request was not answered in time. It may have taken effect.",
        }
    }

    pub(crate) fn response(self) -> Response<ResponseBody> {
        let status = self.status();
        let json = format!(
            r#"{{"type":"about:blank","title":"{}","status":{},"detail":"{}","errors":[]}}"#,
            status.canonical_reason().unwrap_or_default(),
            status.as_u16(),
            self.detail()
        );
        let mut response = Response::new(ResponseBody::full(Bytes::from(json)));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if self == Self::Busy {
            headers.insert(RETRY_AFTER, RETRY_AFTER_SECONDS);
        }
        response
    }
}
