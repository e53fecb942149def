//! Conditional requests (RFC 9110 section 13) over a resource's version number. Not with the crate
//! `headers`: it reads a malformed `If-Match` as one that matches nothing, where we say what is wrong.

use http::{HeaderMap, header};

use crate::problem::Problem;

/// The strong entity tag of a version.
pub fn etag(version: i64) -> String {
    format!("\"{version}\"")
}

/// What `If-Match` asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IfMatch {
    /// `*`: whatever version, as long as it exists.
    Any,
    /// One of these versions. Tags that are not ours are dropped: they match nothing.
    Versions(Vec<i64>),
}

impl IfMatch {
    /// `None` without the header; 400 when it is malformed.
    pub fn from_headers(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        let Some(value) = headers.get(header::IF_MATCH) else {
            return Ok(None);
        };
        let malformed =
            || Problem::invalid_field("If-Match", "must be * or entity tags such as \"3\"");
        let text = value.to_str().map_err(|_| malformed())?.trim();
        if text == "*" {
            return Ok(Some(Self::Any));
        }
        let tags = split_tags(text).ok_or_else(malformed)?;
        let versions = tags
            .into_iter()
            .filter_map(|tag| tag.strong_version())
            .collect();
        Ok(Some(Self::Versions(versions)))
    }

    /// Whether a resource of this version may be changed.
    pub fn allows(&self, version: i64) -> bool {
        match self {
            Self::Any => true,
            Self::Versions(versions) => versions.contains(&version),
        }
    }
}

/// Whether `If-None-Match` says that the client already has what has this entity tag (answer 304 then).
/// Compared weakly (RFC 9110 section 13.1.2).
pub fn client_has(headers: &HeaderMap, etag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

struct Tag<'a> {
    weak: bool,
    value: &'a str,
}

impl Tag<'_> {
    fn strong_version(&self) -> Option<i64> {
        if self.weak {
            return None;
        }
        self.value.parse().ok()
    }
}

fn split_tags(text: &str) -> Option<Vec<Tag<'_>>> {
    text.split(',')
        .map(|part| {
            let part = part.trim();
            let (weak, quoted) = match part.strip_prefix("W/") {
                Some(rest) => (true, rest),
                None => (false, part),
            };
            let value = quoted.strip_prefix('"')?.strip_suffix('"')?;
            Some(Tag { weak, value })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn if_match(value: &str) -> Result<Option<IfMatch>, Problem> {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_MATCH, value.parse().expect("a header value"));
        IfMatch::from_headers(&headers)
    }

    #[test]
    fn if_match_names_versions() {
        let condition = if_match("\"3\", \"4\"").expect("valid").expect("present");
        assert!(condition.allows(3) && condition.allows(4) && !condition.allows(5));
        assert_eq!(if_match("*").expect("valid"), Some(IfMatch::Any));
    }

    #[test]
    fn a_weak_or_foreign_tag_matches_nothing() {
        let condition = if_match("W/\"3\", \"abc\"")
            .expect("valid")
            .expect("present");
        assert!(!condition.allows(3));
    }

    #[test]
    fn a_client_has_what_it_names_weakly_or_strongly() {
        let mut headers = HeaderMap::new();
        assert!(!client_has(&headers, "\"3\""));
        headers.insert(
            header::IF_NONE_MATCH,
            "\"2\", W/\"3\"".parse().expect("a value"),
        );
        assert!(client_has(&headers, "\"3\"") && !client_has(&headers, "\"4\""));
        headers.append(header::IF_NONE_MATCH, "*".parse().expect("a value"));
        assert!(client_has(&headers, "\"4\""));
    }

    #[test]
    fn a_malformed_if_match_is_refused() {
        assert!(if_match("3").is_err());
    }
}
