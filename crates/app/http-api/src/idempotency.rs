//! `Idempotency-Key`: a client that repeats a request with the same key gets the first answer again.

use http::{HeaderMap, Method};
use sha2::{Digest, Sha256};

use crate::problem::Problem;

/// The key's largest length in characters.
pub const MAX_KEY_LENGTH: usize = 255;

/// A key and the fingerprint of the request it came with: the same key with another request is a
/// mistake of the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    pub key: String,
    /// SHA-256 of method, path and body, in hex.
    pub fingerprint: String,
}

impl IdempotencyKey {
    /// `None` without the header; 400 when it is empty, too long or not printable ASCII.
    pub fn from_request(
        headers: &HeaderMap,
        method: &Method,
        path: &str,
        body: &[u8],
    ) -> Result<Option<Self>, Problem> {
        let Some(value) = headers.get("idempotency-key") else {
            return Ok(None);
        };
        let text = value.to_str().unwrap_or_default().trim();
        // The IETF draft writes the key as a quoted string, most clients send it bare.
        let key = text
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
            .unwrap_or(text);
        if key.is_empty()
            || key.len() > MAX_KEY_LENGTH
            || !key.bytes().all(|b| (0x20..0x7f).contains(&b))
        {
            return Err(Problem::invalid_field(
                "Idempotency-Key",
                format!("must be 1 to {MAX_KEY_LENGTH} printable ASCII characters"),
            ));
        }
        Ok(Some(Self {
            key: key.to_owned(),
            fingerprint: fingerprint(method, path, body),
        }))
    }
}

fn fingerprint(method: &Method, path: &str, body: &[u8]) -> String {
    let mut hash = Sha256::new();
    for part in [method.as_str().as_bytes(), path.as_bytes(), body] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(value: &str, body: &str) -> Result<Option<IdempotencyKey>, Problem> {
        let mut headers = HeaderMap::new();
        headers.insert("idempotency-key", value.parse().expect("a header value"));
        IdempotencyKey::from_request(&headers, &Method::POST, "/tasks", body.as_bytes())
    }

    #[test]
    fn the_fingerprint_tells_requests_apart() {
        let first = key("\"k1\"", "{}").expect("valid").expect("present");
        let same = key("k1", "{}").expect("valid").expect("present");
        let other = key("k1", "{ }").expect("valid").expect("present");
        assert_eq!(first, same);
        assert_ne!(first.fingerprint, other.fingerprint);
    }

    #[test]
    fn an_unusable_key_is_refused() {
        assert!(key("\"\"", "").is_err());
        assert!(key(&"k".repeat(256), "").is_err());
    }
}
