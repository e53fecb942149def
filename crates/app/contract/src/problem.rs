//! Problem documents, and the answers that any operation like it may give.

use utoipa::ToSchema;

use crate::headers::ResponseHeader;
use crate::route::{Access, Verb};

/// What went wrong (RFC 9457).
#[derive(ToSchema)]
pub struct Problem {
    /// `about:blank` where the status says it all.
    pub r#type: String,
    pub title: String,
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    pub detail: String,
    /// Everything that is wrong with the request, all of it at once.
    pub errors: Vec<FieldError>,
}

/// One thing that is wrong, and where.
#[derive(ToSchema)]
pub struct FieldError {
    /// A field of the body, a query parameter, a part of the path, or a header.
    pub field: String,
    pub message: String,
}

/// A problem that operations of a kind have in common.
#[derive(Debug)]
pub(crate) struct Common {
    pub(crate) status: u16,
    pub(crate) about: &'static str,
    pub(crate) headers: &'static [ResponseHeader],
}

const fn common(status: u16, about: &'static str) -> Common {
    Common {
        status,
        about,
        headers: &[],
    }
}

const ALWAYS: [Common; 4] = [
    common(
        400,
        "Something is wrong with the request; `errors` names all of it.",
    ),
    common(500, "Something went wrong on our side."),
    Common {
        status: 503,
        about: "The service cannot answer right now.",
        headers: &[ResponseHeader::RetryAfter],
    },
    common(
        504,
        "The request was not answered in time; it may have taken effect.",
    ),
];
const UNAUTHORISED: Common = Common {
    status: 401,
    about: "There is no access token, or it is no good.",
    headers: &[ResponseHeader::WwwAuthenticate],
};
const FORBIDDEN: Common = Common {
    status: 403,
    about: "The token is another user's, or lacks the scope.",
    headers: &[ResponseHeader::WwwAuthenticate],
};
const NOT_FOUND: Common = common(404, "There is no such resource.");
const WITH_BODY: [Common; 2] = [
    common(413, "The body is too large."),
    common(415, "The body is not JSON."),
];

/// What an operation may answer with whatever it does.
pub(crate) fn common_to(method: Verb, path: &str, access: Access) -> Vec<&'static Common> {
    let mut problems: Vec<&'static Common> = ALWAYS.iter().collect();
    if access != Access::Public {
        problems.extend([&UNAUTHORISED, &FORBIDDEN]);
    }
    if path.contains("_id}") {
        problems.push(&NOT_FOUND);
    }
    if method != Verb::Get {
        problems.extend(&WITH_BODY);
    }
    problems
}
