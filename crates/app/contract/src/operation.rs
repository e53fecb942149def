//! One operation of the API: its route, and the documents it takes and gives.
//!
//! Everything here is `const`. A component keeps the routes alone ([`routes`]); what is said beside them
//! exists only where the OpenAPI document is made.

use utoipa::{IntoParams, ToSchema, openapi::path::Parameter};

use crate::{
    headers::{RequestHeader, ResponseHeader},
    route::{Access, Route, Verb},
    schemas::{self, SchemaOf},
};

/// More answers than this, the common ones apart, no operation has.
const MAX_ANSWERS: usize = 6;

/// A route, and what it takes and gives.
#[derive(Clone, Copy)]
pub struct Operation<E> {
    pub(crate) route: Route<E>,
    pub(crate) summary: &'static str,
    pub(crate) query: Option<fn() -> Vec<Parameter>>,
    pub(crate) headers: &'static [RequestHeader],
    pub(crate) body: Option<RequestBody>,
    pub(crate) answers: [Option<Answer>; MAX_ANSWERS],
    pub(crate) takes_cookie: bool,
}

#[derive(Clone, Copy)]
pub(crate) struct RequestBody {
    pub(crate) media_type: &'static str,
    pub(crate) schema: SchemaOf,
}

#[derive(Clone, Copy)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) about: &'static str,
    pub(crate) content: Option<Content>,
    pub(crate) headers: &'static [ResponseHeader],
}

#[derive(Clone, Copy)]
pub(crate) enum Content {
    Json(SchemaOf),
    /// Of this type, without a schema.
    Other(&'static str),
    Problem,
}

pub(crate) const fn get<E: Copy>(path: &'static str, access: Access, endpoint: E) -> Operation<E> {
    operation(Verb::Get, path, access, endpoint)
}

pub(crate) const fn post<E: Copy>(path: &'static str, access: Access, endpoint: E) -> Operation<E> {
    operation(Verb::Post, path, access, endpoint)
}

pub(crate) const fn patch<E: Copy>(
    path: &'static str,
    access: Access,
    endpoint: E,
) -> Operation<E> {
    operation(Verb::Patch, path, access, endpoint)
}

pub(crate) const fn delete<E: Copy>(
    path: &'static str,
    access: Access,
    endpoint: E,
) -> Operation<E> {
    operation(Verb::Delete, path, access, endpoint)
}

/// `access` says who may: `Access::Public`, `Access::SignedIn` or one of [`crate::scope`].
const fn operation<E: Copy>(
    method: Verb,
    path: &'static str,
    access: Access,
    endpoint: E,
) -> Operation<E> {
    Operation {
        route: Route {
            method,
            path,
            access,
            endpoint,
        },
        summary: "",
        query: None,
        headers: &[],
        body: None,
        answers: [None; MAX_ANSWERS],
        takes_cookie: false,
    }
}

impl<E: Copy> Operation<E> {
    /// What it does, in a few words.
    pub(crate) const fn summary(mut self, summary: &'static str) -> Self {
        self.summary = summary;
        self
    }

    /// Its query parameters; all are optional.
    pub(crate) const fn query<Q: IntoParams>(mut self) -> Self {
        self.query = Some(schemas::query_of::<Q>);
        self
    }

    /// Request headers that mean something to it.
    pub(crate) const fn reads(mut self, headers: &'static [RequestHeader]) -> Self {
        self.headers = headers;
        self
    }

    /// The refresh token's cookie shows who calls.
    pub(crate) const fn takes_cookie(mut self) -> Self {
        self.takes_cookie = true;
        self
    }

    /// The body: a JSON object whose fields are all known.
    pub(crate) const fn takes<T: ToSchema>(self) -> Self {
        self.body("application/json", schemas::request_of::<T>)
    }

    /// The body: a JSON merge patch (RFC 7396).
    pub(crate) const fn takes_patch<T: ToSchema>(self) -> Self {
        self.body("application/merge-patch+json", schemas::request_of::<T>)
    }

    /// Success with a document.
    pub(crate) const fn gives<T: ToSchema>(self, status: u16, about: &'static str) -> Self {
        self.answer(
            status,
            about,
            Some(Content::Json(schemas::response_of::<T>)),
        )
    }

    /// Success with a page of documents: `{"items": [...], "next_cursor": ...}`.
    pub(crate) const fn gives_page<T: ToSchema>(self, about: &'static str) -> Self {
        self.answer(200, about, Some(Content::Json(schemas::page_of::<T>)))
    }

    /// Success with content of another type.
    pub(crate) const fn gives_other(self, media_type: &'static str, about: &'static str) -> Self {
        self.answer(200, about, Some(Content::Other(media_type)))
    }

    /// An answer without a body.
    pub(crate) const fn gives_nothing(self, status: u16, about: &'static str) -> Self {
        self.answer(status, about, None)
    }

    /// A problem of its own, beside those that any operation like it may answer with.
    pub(crate) const fn refuses(self, status: u16, about: &'static str) -> Self {
        self.answer(status, about, Some(Content::Problem))
    }

    /// Headers of the answer that was declared last.
    pub(crate) const fn with(mut self, headers: &'static [ResponseHeader]) -> Self {
        let index = self.count_answers() - 1;
        if let Some(answer) = &mut self.answers[index] {
            answer.headers = headers;
        }
        self
    }

    const fn body(mut self, media_type: &'static str, schema: SchemaOf) -> Self {
        self.body = Some(RequestBody { media_type, schema });
        self
    }

    const fn answer(mut self, status: u16, about: &'static str, content: Option<Content>) -> Self {
        self.answers[self.count_answers()] = Some(Answer {
            status,
            about,
            content,
            headers: &[],
        });
        self
    }

    const fn count_answers(&self) -> usize {
        let mut count = 0;
        while count < MAX_ANSWERS && self.answers[count].is_some() {
            count += 1;
        }
        count
    }
}

/// The routes alone, for the component that serves them.
pub(crate) const fn routes<E: Copy, const N: usize>(operations: &[Operation<E>]) -> [Route<E>; N] {
    let mut routes = [operations[0].route; N];
    let mut index = 1;
    while index < N {
        routes[index] = operations[index].route;
        index += 1;
    }
    routes
}
