//! Finding the declared route that a request asks for: 404 for an unknown path, 405 with `Allow` for a
//! known path with another method.

use std::collections::BTreeMap;

pub use contract::{Access, Route, Verb};
use http::Method;
use uuid::Uuid;

use crate::{
    path,
    problem::{Problem, Violations},
};

/// Whether any route asks who calls.
pub const fn ask_for_callers<E>(routes: &[Route<E>]) -> bool {
    let mut index = 0;
    while index < routes.len() {
        if !matches!(routes[index].access, Access::Public) {
            return true;
        }
        index += 1;
    }
    false
}

/// A component's routes, ready to be searched.
#[derive(Debug, Clone)]
pub struct Router<E> {
    /// By path: what each method of it does.
    paths: matchit::Router<Vec<Route<E>>>,
}

/// Why routes cannot stand beside each other. A test of the declarations finds it, no request does.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the route {path} is ambiguous: {reason}")]
pub struct AmbiguousRoute {
    path: &'static str,
    reason: matchit::InsertError,
}

/// A route that was found, with the path's parts.
#[derive(Debug, Clone)]
pub struct Matched<'r, E> {
    pub route: Route<E>,
    pub params: Params<'r>,
}

/// The parts of a path by their names in the route, percent-decoded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params<'r>(Vec<(&'r str, String)>);

impl<E: Copy> Router<E> {
    /// # Errors
    /// When two routes would match the same request with equal right.
    pub fn new(routes: &[Route<E>]) -> Result<Self, AmbiguousRoute> {
        let mut by_path: BTreeMap<&'static str, Vec<Route<E>>> = BTreeMap::new();
        for route in routes {
            by_path.entry(route.path).or_default().push(*route);
        }
        let mut paths = matchit::Router::new();
        for (path, routes) in by_path {
            let inserted = paths.insert(path, routes);
            inserted.map_err(|reason| AmbiguousRoute { path, reason })?;
        }
        Ok(Self { paths })
    }

    /// Finds the route of a request. A literal wins over a `{name}`, so `/tasks/bulk` is not taken for
    /// `/tasks/{task_id}`.
    pub fn find(&self, method: &Method, path: &str) -> Result<Matched<'_, E>, Problem> {
        let unknown = || Problem::not_found("resource");
        let found = self.paths.at(path).map_err(|_| unknown())?;
        let Some(route) = found
            .value
            .iter()
            .find(|route| serves(route.method, method))
        else {
            let allow: Vec<&str> = found
                .value
                .iter()
                .map(|route| names(route.method))
                .collect();
            return Err(Problem::method_not_allowed(&allow.join(", ")));
        };
        let params = found.params.iter().map(|(name, part)| {
            let part = path::decode(part).ok_or_else(unknown)?;
            Ok((name, part.into_owned()))
        });
        Ok(Matched {
            route: *route,
            params: Params(params.collect::<Result<_, Problem>>()?),
        })
    }
}

/// As `Allow` has it.
const fn names(method: Verb) -> &'static str {
    match method {
        Verb::Get => "GET, HEAD",
        Verb::Post => "POST",
        Verb::Put => "PUT",
        Verb::Patch => "PATCH",
        Verb::Delete => "DELETE",
    }
}

fn serves(route: Verb, method: &Method) -> bool {
    match route {
        Verb::Get => method == Method::GET || method == Method::HEAD,
        Verb::Post => method == Method::POST,
        Verb::Put => method == Method::PUT,
        Verb::Patch => method == Method::PATCH,
        Verb::Delete => method == Method::DELETE,
    }
}

impl Params<'_> {
    /// The path's part for `{name}`; `None` when the route has no such name.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| *key == name);
        found.map(|(_, part)| part.as_str())
    }

    /// The path's part for `{name}` as a UUID; otherwise a 400 that names the field.
    pub fn uuid(&self, name: &str) -> Result<Uuid, Problem> {
        let part = self.get(name).unwrap_or_default();
        parse_uuid(part).ok_or_else(|| Problem::invalid_field(name, NOT_A_UUID))
    }

    /// Like [`Params::uuid`], but collects the violation and goes on.
    pub fn uuid_or(&self, name: &str, violations: &mut Violations) -> Uuid {
        parse_uuid(self.get(name).unwrap_or_default()).unwrap_or_else(|| {
            violations.push(name, NOT_A_UUID);
            Uuid::nil()
        })
    }
}

pub(crate) const NOT_A_UUID: &str = "must be a UUID such as 0192f0c4-5b1e-7c3a-9d2e-3f4a5b6c7d8e";

/// Only the hyphenated form: one resource has one address.
pub fn parse_uuid(text: &str) -> Option<Uuid> {
    (text.len() == 36)
        .then(|| Uuid::try_parse(text).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{StatusCode, header};

    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Endpoint {
        List,
        Create,
        Read,
        Bulk,
        Page,
    }

    const fn route(method: Verb, path: &'static str, endpoint: Endpoint) -> Route<Endpoint> {
        Route {
            method,
            path,
            access: Access::SignedIn,
            endpoint,
        }
    }

    fn router() -> Router<Endpoint> {
        let routes = [
            route(Verb::Get, "/api/{user_id}/tasks", Endpoint::List),
            route(Verb::Post, "/api/{user_id}/tasks", Endpoint::Create),
            route(Verb::Get, "/api/{user_id}/tasks/{task_id}", Endpoint::Read),
            route(Verb::Post, "/api/{user_id}/tasks/bulk", Endpoint::Bulk),
            route(Verb::Get, "/pages/{*path}", Endpoint::Page),
        ];
        Router::new(&routes).expect("no two are alike")
    }

    #[test]
    fn a_route_is_found_by_method_and_path() {
        let router = router();
        let found = router.find(&Method::POST, "/api/me/tasks").expect("found");
        assert_eq!(found.route.endpoint, Endpoint::Create);
        assert_eq!(found.params.get("user_id"), Some("me"));
        assert_eq!(found.params.get("task_id"), None);
        let found = router.find(&Method::HEAD, "/api/me/tasks").expect("found");
        assert_eq!(found.route.endpoint, Endpoint::List);
    }

    #[test]
    fn a_literal_wins_over_a_name() {
        let router = router();
        let found = router.find(&Method::POST, "/api/me/tasks/bulk");
        assert_eq!(found.expect("found").route.endpoint, Endpoint::Bulk);
        let refused = router.find(&Method::GET, "/api/me/tasks/bulk");
        let refused = refused.expect_err("bulk is POST");
        assert_eq!(refused.status(), StatusCode::METHOD_NOT_ALLOWED);
    }

    #[test]
    fn another_method_is_told_which_are_allowed() {
        let router = router();
        let refused = router.find(&Method::DELETE, "/api/me/tasks");
        let response = refused.expect_err("not allowed").into_response();
        assert_eq!(response.headers()[header::ALLOW], "GET, HEAD, POST");
    }

    #[test]
    fn an_unknown_path_is_not_found() {
        for path in [
            "/api/me",
            "/api/me/tasks/",
            "/api//tasks",
            "/api/me/tasks/1/2",
            "/pages/",
            "/api/%ff/tasks",
        ] {
            let refused = router().find(&Method::GET, path).expect_err(path);
            assert_eq!(refused.status(), StatusCode::NOT_FOUND, "{path}");
        }
    }

    #[test]
    fn parts_of_a_path_are_decoded_after_it_was_taken_apart() {
        let router = router();
        let found = router.find(&Method::GET, "/api/%6De/tasks").expect("found");
        assert_eq!(found.params.get("user_id"), Some("me"));
        let found = router.find(&Method::GET, "/pages/a%20b/c%2Fd");
        assert_eq!(found.expect("found").params.get("path"), Some("a b/c/d"));
    }

    #[test]
    fn a_bad_uuid_names_its_field() {
        let router = router();
        let found = router.find(&Method::GET, "/api/me/tasks/17");
        let refused = found.expect("found").params.uuid("task_id");
        let refused = refused.expect_err("not a UUID");
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
        assert_eq!(refused.errors()[0].field, "task_id");
    }

    #[test]
    fn every_component_can_tell_its_routes_apart() {
        assert!(Router::new(&contract::auth::ROUTES).is_ok());
        assert!(Router::new(&contract::tasks::ROUTES).is_ok());
        assert!(Router::new(&contract::audit_log::ROUTES).is_ok());
        assert!(Router::new(&contract::health::ROUTES).is_ok());
        assert!(Router::new(&contract::openapi::ROUTES).is_ok());
        assert!(Router::new(&contract::web::ROUTES).is_ok());
    }

    #[test]
    fn routes_that_cannot_be_told_apart_are_refused() {
        let routes = [
            route(Verb::Get, "/api/{user_id}/tasks", Endpoint::List),
            route(Verb::Get, "/api/{name}/tasks", Endpoint::Read),
        ];
        assert!(Router::new(&routes).is_err());
    }
}
