//! The `spin-*` headers that tell a component how it was reached. Only the host may set them.

use std::fmt::Write as _;
use std::net::SocketAddr;

use bytes::Bytes;
use http::header::{CONNECTION, HOST};
use http::uri::{Authority, Parts, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri};

use crate::routes::{Pattern, RouteMatch};

const PREFIX: &str = "spin-";
const FULL_URL: HeaderName = HeaderName::from_static("spin-full-url");
const PATH_INFO: HeaderName = HeaderName::from_static("spin-path-info");
const MATCHED_ROUTE: HeaderName = HeaderName::from_static("spin-matched-route");
const BASE_PATH: HeaderName = HeaderName::from_static("spin-base-path");
const COMPONENT_ROUTE: HeaderName = HeaderName::from_static("spin-component-route");
const RAW_COMPONENT_ROUTE: HeaderName = HeaderName::from_static("spin-raw-component-route");
const CLIENT_ADDR: HeaderName = HeaderName::from_static("spin-client-addr");

/// What is the same in the headers of all requests of a route.
pub(crate) struct RouteHeaders {
    fixed: [(HeaderName, HeaderValue); 4],
    /// The header of each `:name` segment, in their order.
    segments: Vec<HeaderName>,
}

impl RouteHeaders {
    /// # Errors
    /// When the route cannot be written as a header.
    pub(crate) fn new(pattern: &Pattern) -> Result<Self, String> {
        let wrong = || format!("route `{}` has characters no header has", pattern.raw);
        let value = |text: &str| HeaderValue::from_str(text).map_err(|_| wrong());
        let segments = pattern.segments().into_iter().map(|name| {
            let name = name.to_ascii_lowercase().replace('_', "-");
            HeaderName::try_from(format!("spin-path-match-{name}")).map_err(|_| wrong())
        });
        Ok(Self {
            fixed: [
                (MATCHED_ROUTE, value(&pattern.based)?),
                (BASE_PATH, HeaderValue::from_static("/")),
                (RAW_COMPONENT_ROUTE, value(&pattern.raw)?),
                (COMPONENT_ROUTE, value(pattern.prefix())?),
            ],
            segments: segments.collect::<Result<_, _>>()?,
        })
    }
}

/// Complete the URI from the `Host` header, as the guest wants to see it.
/// `None` where the request names no host, or two different ones.
pub(crate) fn set_authority<B>(request: &mut Request<B>) -> Option<()> {
    let header = match request.headers().get(HOST) {
        Some(host) => Some(Authority::try_from(host.as_bytes()).ok()?),
        None => None,
    };
    let mut parts: Parts = std::mem::take(request.uri_mut()).into_parts();
    let authority = match (header, parts.authority.take()) {
        (Some(header), Some(uri)) if header != uri => return None,
        (Some(authority), _) | (None, Some(authority)) => authority,
        (None, None) => return None,
    };
    parts.authority = Some(authority);
    parts.scheme = Some(Scheme::HTTP);
    if parts.path_and_query.is_none() {
        parts.path_and_query = Some(PathAndQuery::from_static("/"));
    }
    *request.uri_mut() = Uri::from_parts(parts).ok()?;
    Some(())
}

/// Replace whatever the client sent under the host's names by the truth.
pub(crate) fn set_spin_headers<T>(
    headers: &mut HeaderMap,
    uri: &Uri,
    route: &RouteHeaders,
    found: &RouteMatch<'_, '_, T>,
    client: SocketAddr,
) {
    remove_spoofed(headers);
    headers.remove(CONNECTION);
    // At once: growing step by step would hash every header again each time.
    headers.reserve(route.fixed.len() + 3 + route.segments.len());
    for (name, value) in &route.fixed {
        headers.insert(name, value.clone());
    }
    // All values share one allocation.
    let mut text = String::with_capacity(256);
    let mut written = |value: std::fmt::Arguments<'_>| {
        let start = text.len();
        _ = text.write_fmt(value);
        start..text.len()
    };
    let fixed = [
        (&FULL_URL, written(format_args!("{uri}"))),
        (&PATH_INFO, written(format_args!("{}", found.rest()))),
        (&CLIENT_ADDR, written(format_args!("{client}"))),
    ];
    let matched = route.segments.iter().zip(found.segments());
    let matched: Vec<_> = matched
        .map(|(name, (_, value))| (name, written(format_args!("{value}"))))
        .collect();
    let text = Bytes::from(text);
    for (name, range) in fixed.into_iter().chain(matched) {
        if let Ok(value) = HeaderValue::from_maybe_shared(text.slice(range)) {
            headers.insert(name, value);
        }
    }
}

fn remove_spoofed(headers: &mut HeaderMap) {
    let spoofed: Vec<HeaderName> = headers
        .keys()
        .filter(|name| name.as_str().starts_with(PREFIX))
        .cloned()
        .collect();
    for name in spoofed {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::Router;

    fn headers_for(path: &str, sent: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut request = Request::get(path).header(HOST, "example.org:8080");
        for (name, value) in sent {
            request = request.header(*name, *value);
        }
        let mut request = request.body(()).unwrap();
        set_authority(&mut request).unwrap();
        let pattern = Pattern::new("/", "/api/:user_id/tasks/...").unwrap();
        let route = RouteHeaders::new(&pattern).unwrap();
        let mut router = Router::default();
        router.add(pattern, ()).unwrap();
        let uri = request.uri().clone();
        let found = router.find(uri.path()).unwrap();
        let client = SocketAddr::from(([127, 0, 0, 1], 777));
        set_spin_headers(request.headers_mut(), &uri, &route, &found, client);
        request.headers().clone()
    }

    #[test]
    fn a_component_learns_how_it_was_reached() {
        let headers = headers_for("/api/42/tasks/7?a=b", &[]);
        for (name, value) in [
            (
                "spin-full-url",
                "http://example.org:8080/api/42/tasks/7?a=b",
            ),
            ("spin-path-info", "/7"),
            ("spin-matched-route", "/api/:user_id/tasks/..."),
            ("spin-raw-component-route", "/api/:user_id/tasks/..."),
            ("spin-component-route", "/api/:user_id/tasks"),
            ("spin-base-path", "/"),
            ("spin-client-addr", "127.0.0.1:777"),
            ("spin-path-match-user-id", "42"),
        ] {
            assert_eq!(headers.get(name).unwrap(), value, "{name}");
        }
    }

    #[test]
    fn a_client_cannot_set_them() {
        let sent = [
            ("spin-client-addr", "10.0.0.1:1"),
            ("spin-path-match-admin", "yes"),
            ("spin-future", "x"),
        ];
        let headers = headers_for("/api/42/tasks", &sent);
        assert_eq!(headers.get("spin-client-addr").unwrap(), "127.0.0.1:777");
        assert!(headers.get("spin-path-match-admin").is_none());
        assert!(headers.get("spin-future").is_none());
    }

    #[test]
    fn a_request_needs_one_host() {
        let mut none = Request::get("/x").body(()).unwrap();
        assert!(set_authority(&mut none).is_none());
        let mut two = Request::get("http://a/x")
            .header(HOST, "b")
            .body(())
            .unwrap();
        assert!(set_authority(&mut two).is_none());
        let mut same = Request::get("http://a/x")
            .header(HOST, "a")
            .body(())
            .unwrap();
        assert!(set_authority(&mut same).is_some());
    }
}
