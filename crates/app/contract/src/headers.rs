//! Headers that mean something to an operation, or that it answers with.

use utoipa::{
    PartialSchema,
    openapi::{
        Header, HeaderBuilder, Required,
        path::{Parameter, ParameterBuilder, ParameterIn},
    },
};

/// A header of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestHeader {
    IdempotencyKey,
    IfMatch,
    IfNoneMatch,
}

/// A header of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseHeader {
    Allow,
    ETag,
    IdempotencyReplayed,
    Location,
    RetryAfter,
    SetCookie,
    WwwAuthenticate,
}

impl RequestHeader {
    const fn name_and_meaning(self) -> (&'static str, &'static str) {
        match self {
            Self::IdempotencyKey => (
                "Idempotency-Key",
                "1 to 255 printable ASCII characters. The same request with the same key is answered \
                 as the first was; another request with it is refused with 409.",
            ),
            Self::IfMatch => (
                "If-Match",
                "The entity tag of the version that is to be changed; 412 if there is a newer one.",
            ),
            Self::IfNoneMatch => (
                "If-None-Match",
                "The entity tag of what the client has; 304 if that is still so.",
            ),
        }
    }

    pub(crate) fn parameter(self) -> Parameter {
        let (name, meaning) = self.name_and_meaning();
        ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(meaning))
            .schema(Some(String::schema()))
            .build()
    }
}

impl ResponseHeader {
    pub(crate) const fn name(self) -> &'static str {
        self.name_and_meaning().0
    }

    const fn name_and_meaning(self) -> (&'static str, &'static str) {
        match self {
            Self::Allow => ("Allow", "The methods that this path has."),
            Self::ETag => ("ETag", "The version, for If-Match and If-None-Match."),
            Self::IdempotencyReplayed => (
                "Idempotency-Replayed",
                "`true` if this is the answer to an earlier request with the same key.",
            ),
            Self::Location => ("Location", "Where it is."),
            Self::RetryAfter => (
                "Retry-After",
                "Seconds after which it is worth another try.",
            ),
            Self::SetCookie => (
                "Set-Cookie",
                "The next refresh token, for /api/auth alone, or its removal.",
            ),
            Self::WwwAuthenticate => (
                "WWW-Authenticate",
                "What was wrong with the token (RFC 6750).",
            ),
        }
    }

    pub(crate) fn header(self) -> Header {
        HeaderBuilder::new()
            .schema(Some(String::schema()))
            .description(Some(self.name_and_meaning().1))
            .build()
    }
}
