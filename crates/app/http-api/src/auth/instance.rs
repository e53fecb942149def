//! The verifier of this instance, made from its variables. An instance serves many requests, so keys
//! are parsed once and read again after a minute: a rotated key set is seen without a restart.

use std::{
    cell::RefCell,
    rc::Rc,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::Context as _;
use http::{HeaderMap, header};
use spin_sdk::variables;

use super::{identity::Identity, verifier::Verifier};
use crate::problem::Problem;

/// How long parsed keys are used before the variables are read again, in seconds.
const KEYS_REFRESH_S: i64 = 60;

struct Loaded {
    at: i64,
    jwks: String,
    issuer: String,
    verifier: Rc<Verifier>,
}

thread_local! {
    static LOADED: RefCell<Option<Loaded>> = const { RefCell::new(None) };
}

/// The caller of a request: 401 without a good `Authorization: Bearer` token.
pub async fn authenticate(headers: &HeaderMap) -> Result<Identity, Problem> {
    let header = headers
        .get(header::AUTHORIZATION)
        .ok_or_else(|| Problem::unauthorized(None))?;
    let token = header.to_str().ok().and_then(bearer).ok_or_else(|| {
        Problem::unauthorized(Some("the Authorization header is not a Bearer token"))
    })?;
    authenticate_token(token).await
}

/// The caller behind a bare token, for openings that cannot send `Authorization` (WebSocket).
pub async fn authenticate_token(token: &str) -> Result<Identity, Problem> {
    let now = now_s();
    let verifier = verifier(now).await.map_err(Problem::internal)?;
    verifier
        .verify(token, now)
        .map_err(|error| Problem::unauthorized(Some(&error.to_string())))
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

fn now_s() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_secs() as i64)
}

async fn verifier(now: i64) -> anyhow::Result<Rc<Verifier>> {
    let fresh = LOADED.with_borrow(|loaded| {
        let loaded = loaded.as_ref()?;
        (now - loaded.at < KEYS_REFRESH_S).then(|| loaded.verifier.clone())
    });
    if let Some(verifier) = fresh {
        return Ok(verifier);
    }
    let jwks = variables::get("jwt_public_keys")
        .await
        .context("reading the variable jwt_public_keys")?;
    let issuer = variables::get("jwt_issuer")
        .await
        .context("reading the variable jwt_issuer")?;
    LOADED.with_borrow_mut(|slot| {
        if let Some(loaded) = slot
            && loaded.jwks == jwks
            && loaded.issuer == issuer
        {
            loaded.at = now;
            return Ok(loaded.verifier.clone());
        }
        let verifier = Rc::new(Verifier::new(&jwks, &issuer)?);
        *slot = Some(Loaded {
            at: now,
            jwks,
            issuer,
            verifier: verifier.clone(),
        });
        Ok(verifier)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_bearer_scheme_is_read() {
        assert_eq!(bearer("Bearer abc"), Some("abc"));
        assert_eq!(bearer("bearer abc"), Some("abc"));
        assert_eq!(bearer("Basic abc"), None);
        assert_eq!(bearer("Bearer "), None);
    }
}
