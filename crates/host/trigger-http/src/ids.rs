//! The ids that tie a request to its log lines, here and in other services.

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Longest request id taken over from a client.
const MAX_REQUEST_ID: usize = 128;

/// Keep a client's request id where it is harmless in logs and headers, else make one.
pub(crate) fn ensure_request_id(headers: &mut HeaderMap) -> HeaderValue {
    if let Some(id) = headers.get(REQUEST_ID)
        && is_valid_request_id(id.as_bytes())
    {
        return id.clone();
    }
    let mut buffer = Uuid::encode_buffer();
    let id = uuid_v7().hyphenated().encode_lower(&mut buffer);
    let Ok(id) = HeaderValue::from_str(id) else {
        return HeaderValue::from_static("unknown");
    };
    headers.insert(REQUEST_ID, id.clone());
    id
}

/// Random bits from the thread's generator: asking the system costs a call for each request.
fn uuid_v7() -> Uuid {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = now.map_or(0, |now| now.as_millis() as u64);
    uuid::Builder::from_unix_timestamp_millis(millis, &rand::random()).into_uuid()
}

fn is_valid_request_id(id: &[u8]) -> bool {
    (1..=MAX_REQUEST_ID).contains(&id.len())
        && id
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(byte))
}

/// Keep a client's trace context (W3C Trace Context, section 3.2), else begin a trace.
pub(crate) fn ensure_traceparent(headers: &mut HeaderMap) -> HeaderValue {
    if let Some(context) = headers.get(TRACEPARENT)
        && is_valid_traceparent(context.as_bytes())
    {
        return context.clone();
    }
    let (trace, span): (u128, u64) = rand::random();
    let mut context = String::with_capacity(55);
    // Neither may be zero.
    _ = write!(context, "00-{:032x}-{:016x}-00", trace | 1, span | 1);
    let Ok(context) = HeaderValue::from_str(&context) else {
        return HeaderValue::from_static("");
    };
    headers.insert(TRACEPARENT, context.clone());
    context
}

fn is_valid_traceparent(context: &[u8]) -> bool {
    let Ok(context) = std::str::from_utf8(context) else {
        return false;
    };
    let mut parts = context.split('-');
    let mut hex = |length: usize| {
        parts.next().filter(|part| {
            part.len() == length
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
        })
    };
    let (Some(version), Some(trace), Some(span), Some(_)) = (hex(2), hex(32), hex(16), hex(2))
    else {
        return false;
    };
    let is_nonzero = |id: &str| id.bytes().any(|byte| byte != b'0');
    let no_more = version != "00" || parts.next().is_none();
    version != "ff" && is_nonzero(trace) && is_nonzero(span) && no_more
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: HeaderName, value: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_static(value));
        headers
    }

    #[test]
    fn a_valid_request_id_is_kept() {
        let mut headers = with(REQUEST_ID, "abc-123");
        assert_eq!(ensure_request_id(&mut headers), "abc-123");
    }

    #[test]
    fn a_strange_request_id_is_replaced() {
        for strange in ["", "a b", "<script>", "x\u{e9}"] {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_str(strange).unwrap());
            let id = ensure_request_id(&mut headers);
            assert_eq!(id.len(), 36);
            assert_eq!(headers.get(REQUEST_ID), Some(&id));
        }
    }

    #[test]
    fn a_valid_traceparent_is_kept() {
        let valid = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(ensure_traceparent(&mut with(TRACEPARENT, valid)), valid);
        let future = "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what";
        assert_eq!(ensure_traceparent(&mut with(TRACEPARENT, future)), future);
    }

    #[test]
    fn an_invalid_traceparent_is_replaced_by_a_valid_one() {
        for invalid in [
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "junk",
        ] {
            let made = ensure_traceparent(&mut with(TRACEPARENT, invalid));
            assert_ne!(made, invalid);
            assert!(is_valid_traceparent(made.as_bytes()));
        }
    }
}
