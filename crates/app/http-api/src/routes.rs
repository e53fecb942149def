//! A table of routes: method and path pattern to an endpoint. 404 for an unknown path, 405 with
//! `Allow` for a known path with another method.

use http::Method;
use uuid::Uuid;

use crate::problem::{Problem, Violations};

/// One line of a component's route table. A pattern's segment is a literal or a `{name}`.
#[derive(Debug, Clone, Copy)]
pub struct Route<E> {
    pub method: Verb,
    pub pattern: &'static str,
    pub endpoint: E,
}

/// The methods this API uses; `HEAD` is served by the `GET` route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Verb {
    fn name(self) -> &'static str {
        match self {
            Self::Get => "GET, HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    fn serves(self, method: &Method) -> bool {
        match self {
            Self::Get => method == Method::GET || method == Method::HEAD,
            Self::Post => method == Method::POST,
            Self::Put => method == Method::PUT,
            Self::Patch => method == Method::PATCH,
            Self::Delete => method == Method::DELETE,
        }
    }
}

impl<E> Route<E> {
    pub const fn get(pattern: &'static str, endpoint: E) -> Self {
        Self {
            method: Verb::Get,
            pattern,
            endpoint,
        }
    }

    pub const fn post(pattern: &'static str, endpoint: E) -> Self {
        Self {
            method: Verb::Post,
            pattern,
            endpoint,
        }
    }

    pub const fn put(pattern: &'static str, endpoint: E) -> Self {
        Self {
            method: Verb::Put,
            pattern,
            endpoint,
        }
    }

    pub const fn patch(pattern: &'static str, endpoint: E) -> Self {
        Self {
            method: Verb::Patch,
            pattern,
            endpoint,
        }
    }

    pub const fn delete(pattern: &'static str, endpoint: E) -> Self {
        Self {
            method: Verb::Delete,
            pattern,
            endpoint,
        }
    }
}

/// A route that was found, with the path's parts.
#[derive(Debug, Clone)]
pub struct Matched<'p, E> {
    pub endpoint: E,
    params: Vec<(&'static str, &'p str)>,
}

impl<'p, E> Matched<'p, E> {
    /// The path's part for `{name}`; empty when the pattern has no such name.
    pub fn param(&self, name: &str) -> &'p str {
        self.params
            .iter()
            .find(|(key, _)| *key == name)
            .map_or("", |(_, value)| value)
    }

    /// The path's part for `{name}` as a UUID; otherwise a 400 that names the field.
    pub fn uuid(&self, name: &str) -> Result<Uuid, Problem> {
        parse_uuid(self.param(name)).ok_or_else(|| Problem::invalid_field(name, NOT_A_UUID))
    }

    /// Like [`Matched::uuid`], but collects the violation and goes on.
    pub fn uuid_or(&self, name: &str, violations: &mut Violations) -> Uuid {
        parse_uuid(self.param(name)).unwrap_or_else(|| {
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

/// Finds the route. Of several patterns that match, the one with the earliest literal wins, so
/// `/tasks/bulk` is not taken for `/tasks/{id}`.
pub fn find<'p, E: Copy>(
    routes: &[Route<E>],
    method: &Method,
    path: &'p str,
) -> Result<Matched<'p, E>, Problem> {
    let best = routes
        .iter()
        .filter(|route| matches(route.pattern, path))
        .reduce(|best, route| {
            let is_better = specificity(route.pattern).gt(specificity(best.pattern));
            if is_better { route } else { best }
        })
        .ok_or_else(|| Problem::not_found("resource"))?;
    let same_path = || routes.iter().filter(|route| route.pattern == best.pattern);
    let Some(route) = same_path().find(|route| route.method.serves(method)) else {
        let allow: Vec<&str> = same_path().map(|route| route.method.name()).collect();
        return Err(Problem::method_not_allowed(&allow.join(", ")));
    };
    Ok(Matched {
        endpoint: route.endpoint,
        params: params(route.pattern, path),
    })
}

fn placeholder(segment: &'static str) -> Option<&'static str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

/// Greater for an earlier literal.
fn specificity(pattern: &'static str) -> impl Iterator<Item = bool> {
    let segments = pattern.split('/');
    segments.map(|segment| placeholder(segment).is_none())
}

/// Byte by byte: every request asks this of every route.
fn matches(pattern: &str, path: &str) -> bool {
    let (mut pattern, mut path) = (pattern.bytes(), path.bytes().peekable());
    while let Some(expected) = pattern.next() {
        if expected != b'{' {
            if path.next() != Some(expected) {
                return false;
            }
            continue;
        }
        pattern.find(|byte| *byte == b'}');
        if path.next_if(|byte| *byte != b'/').is_none() {
            return false;
        }
        while path.next_if(|byte| *byte != b'/').is_some() {}
    }
    path.next().is_none()
}

/// The parts of a path that matches.
fn params<'p>(pattern: &'static str, path: &'p str) -> Vec<(&'static str, &'p str)> {
    let segments = pattern.split('/').zip(path.split('/'));
    segments
        .filter_map(|(expected, given)| Some((placeholder(expected)?, given)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{StatusCode, header};

    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Endpoint {
        List,
        Create,
        Get,
        Bulk,
    }

    const ROUTES: &[Route<Endpoint>] = &[
        Route::get("/api/{user_id}/tasks", Endpoint::List),
        Route::post("/api/{user_id}/tasks", Endpoint::Create),
        Route::get("/api/{user_id}/tasks/{task_id}", Endpoint::Get),
        Route::post("/api/{user_id}/tasks/bulk", Endpoint::Bulk),
    ];

    #[test]
    fn a_route_is_found_by_method_and_path() {
        let found = find(ROUTES, &Method::POST, "/api/me/tasks").expect("found");
        assert_eq!(found.endpoint, Endpoint::Create);
        assert_eq!(found.param("user_id"), "me");
        let found = find(ROUTES, &Method::HEAD, "/api/me/tasks").expect("found");
        assert_eq!(found.endpoint, Endpoint::List);
    }

    #[test]
    fn a_literal_wins_over_a_placeholder() {
        let found = find(ROUTES, &Method::POST, "/api/me/tasks/bulk").expect("found");
        assert_eq!(found.endpoint, Endpoint::Bulk);
        let refused = find(ROUTES, &Method::GET, "/api/me/tasks/bulk").expect_err("bulk is POST");
        assert_eq!(refused.status(), StatusCode::METHOD_NOT_ALLOWED);
    }

    #[test]
    fn another_method_is_told_which_are_allowed() {
        let refused = find(ROUTES, &Method::DELETE, "/api/me/tasks").expect_err("not allowed");
        assert_eq!(
            refused.into_response().headers()[header::ALLOW],
            "GET, HEAD, POST"
        );
    }

    #[test]
    fn an_unknown_path_is_not_found() {
        for path in [
            "/api/me",
            "/api/me/tasks/",
            "/api//tasks",
            "/api/me/tasks/1/2",
        ] {
            let refused = find(ROUTES, &Method::GET, path).expect_err(path);
            assert_eq!(refused.status(), StatusCode::NOT_FOUND, "{path}");
        }
    }

    #[test]
    fn a_bad_uuid_names_its_field() {
        let found = find(ROUTES, &Method::GET, "/api/me/tasks/17").expect("found");
        let refused = found.uuid("task_id").expect_err("not a UUID");
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
        assert_eq!(refused.errors()[0].field, "task_id");
    }
}
