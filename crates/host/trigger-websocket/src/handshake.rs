//! The opening handshake (RFC 6455 section 4.2). It checks the browser's `Origin`; otherwise any
//! page could open connections as the user who visits it.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hyper::header::{self, HeaderMap, HeaderName};
use hyper::{Method, Request, StatusCode, Version};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::problem::Problem;

const VERSION: &str = "13";
/// More of them would only cost the host time.
const MAX_SUBPROTOCOLS: usize = 32;

/// A valid request for the upgrade.
#[derive(Debug)]
pub(crate) struct Handshake {
    /// The value of `Sec-WebSocket-Accept`.
    pub(crate) accept: String,
    /// In the client's order of preference.
    pub(crate) subprotocols: Vec<String>,
}

/// Check a request for the upgrade.
///
/// # Errors
/// The refusal says what a valid one must have.
pub(crate) fn check<B>(
    request: &Request<B>,
    allowed_origins: Option<&[String]>,
) -> Result<Handshake, Problem> {
    if request.method() != Method::GET {
        return Err(Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "a WebSocket is opened with GET",
        )
        .header(header::ALLOW, "GET"));
    }
    let headers = request.headers();
    let asks = has_token(headers, header::CONNECTION, "upgrade")
        && has_token(headers, header::UPGRADE, "websocket");
    if request.version() != Version::HTTP_11 || !asks {
        return Err(Problem::new(
            StatusCode::UPGRADE_REQUIRED,
            "this address speaks WebSocket: send Connection: Upgrade and Upgrade: websocket over HTTP/1.1",
        )
        .header(header::UPGRADE, "websocket")
        .header(header::CONNECTION, "upgrade"));
    }
    if one(headers, header::SEC_WEBSOCKET_VERSION) != Some(VERSION) {
        return Err(Problem::new(
            StatusCode::UPGRADE_REQUIRED,
            "Sec-WebSocket-Version must be 13",
        )
        .header(header::SEC_WEBSOCKET_VERSION, VERSION));
    }
    let key = one(headers, header::SEC_WEBSOCKET_KEY)
        .filter(|key| BASE64_STANDARD.decode(key).is_ok_and(|key| key.len() == 16))
        .ok_or_else(|| {
            Problem::new(
                StatusCode::BAD_REQUEST,
                "Sec-WebSocket-Key must be 16 bytes in base64, once",
            )
        })?;
    check_origin(headers, allowed_origins)?;
    Ok(Handshake {
        accept: derive_accept_key(key.as_bytes()),
        subprotocols: subprotocols(headers)?,
    })
}

fn check_origin(headers: &HeaderMap, allowed: Option<&[String]>) -> Result<(), Problem> {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return Ok(());
    };
    let origin = origin.to_str().unwrap_or_default();
    let is_allowed = match allowed {
        Some(list) => list
            .iter()
            .any(|allowed| allowed == "*" || allowed.eq_ignore_ascii_case(origin)),
        None => {
            let host = one(headers, header::HOST).unwrap_or_default();
            origin
                .split_once("://")
                .is_some_and(|(_, authority)| authority.eq_ignore_ascii_case(host))
        }
    };
    if is_allowed {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        "pages of this origin may not connect; the trigger's allowed_origins says which may",
    ))
}

fn subprotocols(headers: &HeaderMap) -> Result<Vec<String>, Problem> {
    let malformed = || {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "Sec-WebSocket-Protocol must be a list of at most 32 tokens",
        )
    };
    let mut offered = Vec::new();
    for value in headers.get_all(header::SEC_WEBSOCKET_PROTOCOL) {
        let value = value.to_str().map_err(|_| malformed())?;
        for token in value.split(',').map(str::trim) {
            if offered.len() == MAX_SUBPROTOCOLS || !is_token(token) {
                return Err(malformed());
            }
            offered.push(token.to_owned());
        }
    }
    Ok(offered)
}

/// RFC 9110 section 5.6.2.
fn is_token(text: &str) -> bool {
    let is_tchar = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_tchar)
}

/// The value of a header that must be there once.
fn one(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then(|| value.trim())
}

fn has_token(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|candidate| candidate.trim().eq_ignore_ascii_case(token))
}

#[cfg(test)]
mod tests;
