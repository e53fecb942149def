//! The web application and the page of this document: the component `web`.

use crate::{
    headers::{RequestHeader, ResponseHeader},
    operation::{Operation, get, routes},
    route::{Access, Route},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    ReadPage,
}

pub(crate) const OPERATIONS: &[Operation<Endpoint>] = &[
    page("/", "Open the web application"),
    page("/docs", "Read this document as a page"),
    page("/{*path}", "Read a page or a file of the web application"),
];

pub const ROUTES: [Route<Endpoint>; OPERATIONS.len()] = routes(OPERATIONS);

const fn page(path: &'static str, summary: &'static str) -> Operation<Endpoint> {
    get(path, Access::Public, Endpoint::ReadPage)
        .summary(summary)
        .reads(&[RequestHeader::IfNoneMatch])
        .gives_other("*/*", "The page or file.")
        .with(&[ResponseHeader::ETag])
        .gives_nothing(304, "The client has it.")
        .with(&[ResponseHeader::ETag])
        .refuses(404, "There is no such page or file.")
}
