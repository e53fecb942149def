//! This document: the component `openapi`.

use utoipa::ToSchema;

use crate::{
    headers::{RequestHeader, ResponseHeader},
    operation::{Operation, get, routes},
    route::{Access, Route},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    ReadDocument,
}

pub(crate) const OPERATIONS: &[Operation<Endpoint>] =
    &[get("/openapi.json", Access::Public, Endpoint::ReadDocument)
        .summary("Read this document")
        .reads(&[RequestHeader::IfNoneMatch])
        .gives::<OpenApi>(200, "An OpenAPI 3.1 document.")
        .with(&[ResponseHeader::ETag])
        .gives_nothing(304, "The client has it.")
        .with(&[ResponseHeader::ETag])];

pub const ROUTES: [Route<Endpoint>; OPERATIONS.len()] = routes(OPERATIONS);

/// The OpenAPI specification says what its members hold.
#[derive(ToSchema)]
pub struct OpenApi {
    pub openapi: String,
    #[schema(value_type = Object)]
    pub info: (),
    #[schema(value_type = Vec<Object>)]
    pub servers: (),
    #[schema(value_type = Object)]
    pub paths: (),
    #[schema(value_type = Object)]
    pub components: (),
    #[schema(value_type = Vec<Object>)]
    pub tags: (),
}
