//! Which trigger answers a path, by Spin's rules: an exact route before a wildcard, and the
//! longest of the wildcards.

use std::borrow::Cow;

use routefinder::{RouteSpec, Segment};

/// Paths under it belong to the host; no route is reached there.
pub(crate) const WELL_KNOWN: &str = "/.well-known/spin/";

/// The routes of an application, each with a `T` to answer it.
pub struct Router<T> {
    routes: routefinder::Router<Entry<T>>,
}

struct Entry<T> {
    pattern: Pattern,
    target: T,
}

/// A route as written, and with the application's base in front.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    pub raw: String,
    pub based: String,
}

impl Pattern {
    /// A route below a base (`/` for none).
    ///
    /// # Errors
    /// Says what is wrong with the route.
    pub fn new(base: &str, raw: &str) -> Result<Self, String> {
        let slash = if raw.starts_with('/') { "" } else { "/" };
        let based = format!(
            "{}{slash}{}",
            base.strip_suffix('/').unwrap_or(base),
            raw.strip_suffix('/').unwrap_or(raw)
        );
        if based.strip_suffix("/*").unwrap_or(&based).contains('*') {
            return Err(format!(
                "route `{raw}`: a wildcard (`/...`) can only be at the end"
            ));
        }
        Ok(Self {
            raw: raw.into(),
            based,
        })
    }

    /// The route as written, without its trailing wildcard.
    pub fn prefix(&self) -> &str {
        self.raw.strip_suffix("/...").unwrap_or(&self.raw)
    }

    /// The names of its `:name` segments, in their order.
    pub(crate) fn segments(&self) -> Vec<String> {
        let spec = self.spec();
        let segments = spec.iter().flat_map(|spec| spec.segments());
        segments
            .filter_map(|segment| match segment {
                Segment::Param(name) => Some(name.to_string()),
                _ => None,
            })
            .collect()
    }

    fn spec(&self) -> Result<RouteSpec, String> {
        let spec = match self.based.strip_suffix("/...") {
            Some(prefix) => format!("{prefix}/*").parse(),
            None => self.based.parse(),
        };
        spec.map_err(|error: String| format!("route `{}`: {error}", self.raw))
    }
}

/// What a path matched.
pub struct RouteMatch<'router, 'path, T> {
    pub pattern: &'router Pattern,
    pub target: &'router T,
    captures: routefinder::Captures<'router, 'path>,
    path: &'path str,
}

impl<T> RouteMatch<'_, '_, T> {
    /// What the trailing wildcard stands for, with a `/` in front, or nothing.
    pub fn rest(&self) -> Cow<'_, str> {
        let Some(rest) = self.captures.wildcard() else {
            return "".into();
        };
        match (rest.is_empty(), self.path.ends_with('/')) {
            (true, false) => "".into(),
            (true, true) => "/".into(),
            (false, false) => format!("/{rest}").into(),
            (false, true) => format!("/{rest}/").into(),
        }
    }

    /// What the `:name` segments stand for.
    pub fn segments(&self) -> impl Iterator<Item = (&str, &str)> {
        self.captures.iter()
    }
}

impl<T> Default for Router<T> {
    fn default() -> Self {
        Self {
            routes: routefinder::Router::new(),
        }
    }
}

impl<T> Router<T> {
    /// Add a route. One that is there already is replaced and returned.
    ///
    /// # Errors
    /// When the pattern is malformed.
    pub fn add(&mut self, pattern: Pattern, target: T) -> Result<Option<T>, String> {
        let spec = pattern.spec()?;
        let entry = Entry { pattern, target };
        // The router's own lookup never finds an equal route: its order knows none.
        for (there, replaced) in self.routes.iter_mut() {
            if there.segments() == spec.segments() {
                return Ok(Some(std::mem::replace(replaced, entry).target));
            }
        }
        self.routes
            .add(spec, entry)
            .map(|()| None)
            .map_err(|never| {
                let never: std::convert::Infallible = never;
                match never {}
            })
    }

    /// The best match for a path.
    pub fn find<'router, 'path>(
        &'router self,
        path: &'path str,
    ) -> Option<RouteMatch<'router, 'path, T>> {
        let found = self.routes.best_match(path)?;
        let entry = found.handler();
        Some(RouteMatch {
            pattern: &entry.pattern,
            target: &entry.target,
            captures: found.captures(),
            path,
        })
    }

    /// Every route.
    pub fn iter(&self) -> impl Iterator<Item = (&Pattern, &T)> {
        self.routes
            .iter()
            .map(|(_, entry)| (&entry.pattern, &entry.target))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn router(routes: &[&'static str]) -> Router<&'static str> {
        let mut router = Router::default();
        for route in routes {
            router
                .add(Pattern::new("/", route).unwrap(), *route)
                .unwrap();
        }
        router
    }

    fn found(router: &Router<&'static str>, path: &str) -> Option<&'static str> {
        router.find(path).map(|found| *found.target)
    }

    #[test]
    fn an_exact_route_comes_before_a_wildcard() {
        let router = router(&["/foo/...", "/foo/bar", "/..."]);
        assert_eq!(found(&router, "/foo/bar"), Some("/foo/bar"));
        assert_eq!(found(&router, "/foo/bar/baz"), Some("/foo/..."));
        assert_eq!(found(&router, "/foo"), Some("/foo/..."));
        assert_eq!(found(&router, "/"), Some("/..."));
    }

    #[test]
    fn the_longest_wildcard_wins() {
        let router = router(&["/a/...", "/a/b/...", "/a/b/c/..."]);
        assert_eq!(found(&router, "/a/b/c/d"), Some("/a/b/c/..."));
        assert_eq!(found(&router, "/a/b/x"), Some("/a/b/..."));
        assert_eq!(found(&router, "/a/x"), Some("/a/..."));
        assert_eq!(found(&router, "/ab"), None);
    }

    #[test]
    fn segments_and_the_rest_are_captured() {
        let router = router(&["/api/:user_id/tasks/..."]);
        let found = router.find("/api/42/tasks/7/complete").unwrap();
        assert_eq!(found.segments().collect::<Vec<_>>(), [("user_id", "42")]);
        assert_eq!(found.rest(), "/7/complete");
        assert_eq!(router.find("/api/42/tasks").unwrap().rest(), "");
        assert_eq!(router.find("/api/42/tasks/").unwrap().rest(), "/");
        assert_eq!(router.find("/api/42/tasks/7/").unwrap().rest(), "/7/");
        assert!(router.find("/api/42").is_none());
    }

    #[test]
    fn star_is_a_wildcard_only_at_the_end() {
        let router = router(&["/old/*"]);
        assert_eq!(found(&router, "/old/way"), Some("/old/*"));
        assert!(Pattern::new("/", "/a/*/b").is_err());
        assert!(Pattern::new("/", "/a/.../b").is_ok());
    }

    #[test]
    fn the_base_goes_in_front() {
        let pattern = Pattern::new("/base/", "foo/...").unwrap();
        assert_eq!(pattern.based, "/base/foo/...");
        assert_eq!(pattern.prefix(), "foo");
    }

    #[test]
    fn the_later_of_two_equal_routes_wins() {
        let mut router = router(&["/foo/..."]);
        let replaced = router.add(Pattern::new("/", "/foo/*").unwrap(), "later");
        assert_eq!(replaced, Ok(Some("/foo/...")));
        assert_eq!(found(&router, "/foo/x"), Some("later"));
    }
}
