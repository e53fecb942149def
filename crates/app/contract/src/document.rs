//! The OpenAPI document, made from the declarations of all components.

use std::{collections::BTreeMap, fmt::Debug};

use utoipa::{
    PartialSchema,
    openapi::{
        ComponentsBuilder, ContentBuilder, HttpMethod, InfoBuilder, KnownFormat, ObjectBuilder,
        OpenApi, OpenApiBuilder, OpenApiVersion, Paths, RefOr, Required, Response, ResponseBuilder,
        Schema, SchemaFormat, ServerBuilder,
        path::{OperationBuilder, Parameter, ParameterBuilder, ParameterIn},
        request_body::{RequestBody, RequestBodyBuilder},
        schema::{SchemaType, Type},
        security::{
            ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
        },
        tag::TagBuilder,
    },
};

use crate::{
    audit_log, auth, health, openapi,
    operation::{Answer, Content, Operation},
    problem::{Problem, common_to},
    route::{Access, Verb},
    schemas::{Schemas, response_of},
    tasks, web,
};

const BEARER: &str = "bearer";
const COOKIE: &str = "refresh_token";

/// A component that serves HTTP.
pub struct Component {
    /// As spin.toml names it; the tag of its operations.
    pub name: &'static str,
    about: &'static str,
    describe: fn(&mut Draft, &'static str),
}

/// All of them.
pub const COMPONENTS: [Component; 6] = [
    Component {
        name: "auth",
        about: "Accounts and sessions",
        describe: |draft, name| draft.add(name, auth::OPERATIONS),
    },
    Component {
        name: "tasks",
        about: "Tasks, reminders and notifications",
        describe: |draft, name| draft.add(name, tasks::OPERATIONS),
    },
    Component {
        name: "audit-log",
        about: "What happened",
        describe: |draft, name| draft.add(name, audit_log::OPERATIONS),
    },
    Component {
        name: "health",
        about: "Whether it works",
        describe: |draft, name| draft.add(name, health::OPERATIONS),
    },
    Component {
        name: "openapi",
        about: "This document",
        describe: |draft, name| draft.add(name, openapi::OPERATIONS),
    },
    Component {
        name: "web",
        about: "Pages",
        describe: |draft, name| draft.add(name, web::OPERATIONS),
    },
];

/// The OpenAPI 3.1 document of the whole API.
pub fn document() -> OpenApi {
    let mut draft = Draft::default();
    for component in &COMPONENTS {
        (component.describe)(&mut draft, component.name);
    }
    draft.finish()
}

/// The document while it is made.
#[derive(Default)]
pub struct Draft {
    paths: Paths,
    schemas: Schemas,
    /// How often an operation's name was given.
    names: BTreeMap<String, usize>,
}

impl Draft {
    fn add<E: Copy + Debug>(&mut self, component: &str, operations: &[Operation<E>]) {
        for operation in operations {
            let described = self.describe(component, operation);
            let path = operation.route.path.replace("{*", "{");
            let method = method(operation.route.method);
            self.paths.add_path_operation(path, vec![method], described);
        }
    }

    fn describe<E: Copy + Debug>(
        &mut self,
        component: &str,
        operation: &Operation<E>,
    ) -> OperationBuilder {
        let route = &operation.route;
        let mut parameters = path_parameters(route.path);
        parameters.extend(operation.query.map(|query| query()).unwrap_or_default());
        parameters.extend(operation.headers.iter().map(|header| header.parameter()));
        let mut builder = OperationBuilder::new()
            .tag(component)
            .operation_id(Some(self.name(&route.endpoint)))
            .summary(Some(operation.summary))
            .parameters(Some(parameters))
            .request_body(self.request_body(operation));
        for requirement in securities(route.access, operation.takes_cookie) {
            builder = builder.security(requirement);
        }
        for (status, response) in self.responses(operation) {
            builder = builder.response(status.to_string(), response);
        }
        builder
    }

    /// `ListTasks` becomes `listTasks`; an endpoint that has a second route gets a number.
    fn name(&mut self, endpoint: &impl Debug) -> String {
        let name = format!("{endpoint:?}");
        let mut letters = name.chars();
        let first = letters.next().map(|first| first.to_ascii_lowercase());
        let name: String = first.into_iter().chain(letters).collect();
        let count = self.names.entry(name.clone()).or_default();
        *count += 1;
        match *count {
            1 => name,
            count => format!("{name}{count}"),
        }
    }

    fn request_body<E>(&mut self, operation: &Operation<E>) -> Option<RequestBody> {
        let body = operation.body.as_ref()?;
        let schema = (body.schema)(&mut self.schemas);
        let content = || ContentBuilder::new().schema(Some(schema.clone())).build();
        let mut builder = RequestBodyBuilder::new()
            .required(Some(Required::True))
            .content("application/json", content());
        if body.media_type != "application/json" {
            builder = builder.content(body.media_type, content());
        }
        Some(builder.build())
    }

    /// The operation's own answers, and those that operations like it have in common.
    fn responses<E: Copy>(&mut self, operation: &Operation<E>) -> BTreeMap<u16, Response> {
        let mut responses = BTreeMap::new();
        for answer in operation.answers.iter().flatten() {
            responses.insert(answer.status, self.response(answer));
        }
        let route = &operation.route;
        for problem in common_to(route.method, route.path, route.access) {
            let answer = self.response(&Answer {
                status: problem.status,
                about: problem.about,
                content: Some(Content::Problem),
                headers: problem.headers,
            });
            responses
                .entry(problem.status)
                .and_modify(|own: &mut Response| own.content.extend(answer.content.clone()))
                .or_insert(answer);
        }
        responses
    }

    fn response(&mut self, answer: &Answer) -> Response {
        let mut builder = ResponseBuilder::new().description(answer.about);
        let of = |schema: RefOr<Schema>| ContentBuilder::new().schema(Some(schema)).build();
        builder = match answer.content {
            None => builder,
            Some(Content::Json(schema)) => {
                builder.content("application/json", of(schema(&mut self.schemas)))
            }
            Some(Content::Other(media_type)) => {
                builder.content(media_type, ContentBuilder::new().build())
            }
            Some(Content::Problem) => {
                let schema = response_of::<Problem>(&mut self.schemas);
                builder.content("application/problem+json", of(schema))
            }
        };
        for header in answer.headers {
            builder = builder.header(header.name(), header.header());
        }
        builder.build()
    }

    fn finish(self) -> OpenApi {
        let components = ComponentsBuilder::new()
            .schemas_from_iter(self.schemas)
            .security_scheme(
                BEARER,
                SecurityScheme::Http(
                    HttpBuilder::new()
                        .scheme(HttpAuthScheme::Bearer)
                        .bearer_format("JWT")
                        .description(Some("An access token of 15 minutes."))
                        .build(),
                ),
            )
            .security_scheme(
                COOKIE,
                SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(
                    COOKIE,
                    "The refresh token: httpOnly, for /api/auth alone, good for one use.",
                ))),
            )
            .build();
        OpenApiBuilder::new()
            .openapi(OpenApiVersion::Version31)
            .info(
                InfoBuilder::new()
                    .title("TaskWhisper")
                    .version(env!("CARGO_PKG_VERSION"))
                    .description(Some(ABOUT))
                    .build(),
            )
            .servers(Some([ServerBuilder::new().url("/").build()]))
            .tags(Some(COMPONENTS.iter().map(|component| {
                TagBuilder::new()
                    .name(component.name)
                    .description(Some(component.about))
                    .build()
            })))
            .paths(self.paths)
            .components(Some(components))
            .build()
    }
}

const ABOUT: &str = "JSON in and out. Every error is a problem document (RFC 9457) that names all that \
    is wrong at once; unknown fields and query parameters are wrong, too. `{user_id}` is the token's user \
    or `me`. `GET` serves `HEAD` as well; another method of a known path is answered with 405. What \
    changes is pushed over the WebSocket `/ws`.";

const fn method(verb: Verb) -> HttpMethod {
    match verb {
        Verb::Get => HttpMethod::Get,
        Verb::Post => HttpMethod::Post,
        Verb::Put => HttpMethod::Put,
        Verb::Patch => HttpMethod::Patch,
        Verb::Delete => HttpMethod::Delete,
    }
}

fn securities(access: Access, takes_cookie: bool) -> Vec<SecurityRequirement> {
    match access {
        Access::Public if takes_cookie => vec![SecurityRequirement::new(COOKIE, [""; 0])],
        Access::Public => Vec::new(),
        Access::SignedIn => vec![SecurityRequirement::new(BEARER, [""; 0])],
        Access::Scope(scope) => vec![SecurityRequirement::new(BEARER, [scope])],
    }
}

fn path_parameters(path: &str) -> Vec<Parameter> {
    let names = path.split('/').filter_map(|segment| {
        let name = segment.strip_prefix('{')?.strip_suffix('}')?;
        Some(name.trim_start_matches('*'))
    });
    names.map(path_parameter).collect()
}

fn path_parameter(name: &str) -> Parameter {
    let (schema, meaning): (RefOr<Schema>, _) = match name {
        "user_id" => (String::schema(), "The token's user id, or `me`."),
        name if name.ends_with("_id") => {
            let uuid = ObjectBuilder::new()
                .schema_type(SchemaType::new(Type::String))
                .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)));
            (Schema::from(uuid).into(), "Its id.")
        }
        _ => (String::schema(), "May have several segments."),
    };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(meaning))
        .schema(Some(schema))
        .build()
}
