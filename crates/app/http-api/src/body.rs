//! Request bodies: JSON objects of at most 1 MiB, read while counting. A body that is too large,
//! of another type or malformed is refused before anything is done with it.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

use crate::{
    fields::Fields,
    problem::{Problem, Violations},
};

/// The largest request body that is read, in bytes.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;

/// A request body as `spin_sdk::http::Request` has it; tests use `Full<Bytes>`.
pub trait Body: http_body::Body<Data = Bytes, Error: Into<BoxError>> {}

impl<B: http_body::Body<Data = Bytes, Error: Into<BoxError>>> Body for B {}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Reads a JSON object and hands it out field by field.
///
/// 413 over [`MAX_BODY_BYTES`], 415 when the content is not JSON, 400 naming line and column when it
/// is malformed, 400 when it is not an object. Duplicate fields and U+0000 (which Postgres cannot
/// store) are noted as violations in the [`Fields`].
pub async fn read_object(headers: &HeaderMap, body: impl Body) -> Result<Fields, Problem> {
    refuse_other_types(headers)?;
    parse_object(read_bytes(headers, body).await?)
}

/// Like [`read_object`] where the body may be left out: an empty one is an empty object.
pub async fn read_optional_object(headers: &HeaderMap, body: impl Body) -> Result<Fields, Problem> {
    let bytes = read_bytes(headers, body).await?;
    if bytes.is_empty() {
        return Ok(Fields::new(Map::new(), Violations::new(), bytes));
    }
    refuse_other_types(headers)?;
    parse_object(bytes)
}

/// Reads the whole body, refusing with 413 as soon as it passes [`MAX_BODY_BYTES`].
pub async fn read_bytes(headers: &HeaderMap, body: impl Body) -> Result<Bytes, Problem> {
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > MAX_BODY_BYTES as u64) {
        return Err(too_large());
    }
    let limited = Box::pin(Limited::new(body, MAX_BODY_BYTES));
    match limited.collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
        Err(error) => Err(Problem::new(
            StatusCode::BAD_REQUEST,
            format!("the request body could not be read: {error}"),
        )),
    }
}

fn too_large() -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        format!("the request body is larger than {MAX_BODY_BYTES} bytes"),
    )
}

/// `application/json` or any `application/*+json` (merge patch is one).
fn refuse_other_types(headers: &HeaderMap) -> Result<(), Problem> {
    let given = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = given
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let is_json = essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"));
    if is_json {
        return Ok(());
    }
    let detail = if given.is_empty() {
        "the body needs Content-Type: application/json".to_owned()
    } else {
        format!("the body must be application/json, not {essence}")
    };
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
        .with_header(header::ACCEPT, "application/json"))
}

fn parse_object(bytes: Bytes) -> Result<Fields, Problem> {
    let parsed: Object =
        serde_json::from_slice(&bytes).map_err(|error| match error.classify() {
            serde_json::error::Category::Data => {
                Problem::invalid_field("body", "must be a JSON object: {\"field\": value, ...}")
            }
            _ => Problem::invalid_field("body", format!("is not valid JSON: {error}")),
        })?;
    let mut violations = Violations::new();
    for name in &parsed.duplicates {
        violations.push(name.clone(), "is given more than once");
    }
    for (name, value) in &parsed.fields {
        if name.contains('\0') || contains_nul(value) {
            violations.push(name.replace('\0', "\u{fffd}"), "must not contain U+0000");
        }
    }
    Ok(Fields::new(parsed.fields, violations, bytes))
}

fn contains_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(contains_nul),
        Value::Object(fields) => fields
            .iter()
            .any(|(name, value)| name.contains('\0') || contains_nul(value)),
        _ => false,
    }
}

/// A top-level object that remembers which fields came twice; serde_json alone would keep the last
/// one without a word.
struct Object {
    fields: Map<String, Value>,
    duplicates: Vec<String>,
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor;

        impl<'de> Visitor<'de> for ObjectVisitor {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut object = Object {
                    fields: Map::new(),
                    duplicates: Vec::new(),
                };
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if object.fields.insert(name.clone(), value).is_some() {
                        object.duplicates.push(name);
                    }
                }
                Ok(object)
            }
        }

        deserializer.deserialize_map(ObjectVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::executor::block_on;
    use http_body_util::Full;

    fn read(content_type: &str, body: impl Into<Bytes>) -> Result<Fields, Problem> {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::CONTENT_TYPE,
            content_type.parse().expect("a header value"),
        );
        block_on(read_object(&headers, Full::new(body.into())))
    }

    #[test]
    fn an_object_is_read_field_by_field() {
        let mut fields =
            read("application/json; charset=utf-8", r#"{"title":"Tea"}"#).expect("read");
        assert_eq!(fields.string("title").value().as_deref(), Some("Tea"));
        assert!(fields.finish().is_ok());
    }

    #[test]
    fn another_content_type_is_refused() {
        for other in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/jsonx",
        ] {
            let problem = read(other, "{}").expect_err(other);
            assert_eq!(
                problem.status(),
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "{other}"
            );
        }
        assert!(read("application/merge-patch+json", "{}").is_ok());
    }

    #[test]
    fn malformed_json_names_the_position() {
        let problem = read("application/json", "{\n  \"title\": tea}").expect_err("malformed");
        assert_eq!(problem.status(), StatusCode::BAD_REQUEST);
        assert!(problem.errors()[0].message.contains("line 2 column"));
    }

    #[test]
    fn only_an_object_will_do() {
        for other in ["[]", "null", "3", "\"text\""] {
            let problem = read("application/json", other).expect_err(other);
            assert_eq!(problem.errors()[0].field, "body", "{other}");
        }
        assert!(read("application/json", "").is_err());
        assert!(read("application/json", "[".repeat(10_000)).is_err());
        assert!(read("application/json", &b"{\"a\":\"\xff\"}"[..]).is_err());
    }

    #[test]
    fn a_body_past_the_limit_is_refused() {
        let problem =
            read("application/json", vec![b' '; MAX_BODY_BYTES + 1]).expect_err("too large");
        assert_eq!(problem.status(), StatusCode::PAYLOAD_TOO_LARGE);
    }

    #[test]
    fn duplicate_fields_and_nul_characters_are_violations() {
        let mut fields = read("application/json", r#"{"a":1,"a":2,"b":"x\u0000"}"#).expect("read");
        let _ = (fields.take("a"), fields.take("b"));
        let problem = fields.finish().expect_err("two violations");
        let named: Vec<&str> = problem.errors().iter().map(|e| e.field.as_str()).collect();
        assert_eq!(named, ["a", "b"]);
    }
}
