//! Checks access tokens: signature by a known key, issuer, lifetime. Remembers tokens it has already
//! checked (a bounded number) so that a client's next request costs no signature check.

use std::{cell::RefCell, collections::HashMap};

use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode, decode_header,
    errors::ErrorKind,
    jwk::{AlgorithmParameters, EllipticCurve, JwkSet},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{identity::Identity, provider::use_ed25519};

/// How far this clock and the issuer's may be apart, in seconds.
const LEEWAY_S: u64 = 3;
/// A longer token is none of ours.
const MAX_TOKEN_LENGTH: usize = 8 * 1024;
/// Tokens remembered per instance.
const MAX_REMEMBERED: usize = 1024;

/// What an access token says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claims {
    pub iss: String,
    /// The user's id.
    pub sub: Uuid,
    pub iat: i64,
    pub exp: i64,
    pub jti: String,
    #[serde(default)]
    pub scope: String,
}

/// Why a token is not accepted, in words for the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("the token is malformed")]
    Malformed,
    #[error("the token is signed with an unknown key or algorithm")]
    UnknownKey,
    #[error("the token's signature is wrong")]
    BadSignature,
    #[error("the token has expired")]
    Expired,
    #[error("the token was issued by someone else")]
    WrongIssuer,
}

/// Why a JWKS document cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("jwt_public_keys is not a JWKS document: {0}")]
    NotAJwks(#[from] serde_json::Error),
    #[error("jwt_public_keys has no Ed25519 key with a kid")]
    NoKey,
}

/// The accepted keys and issuer, and the tokens already checked.
pub struct Verifier {
    keys: HashMap<String, DecodingKey>,
    validation: Validation,
    checked: RefCell<HashMap<String, Identity>>,
}

impl Verifier {
    /// Reads a JWKS document. Keys of other types are left alone, so a document may carry them.
    pub fn new(jwks: &str, issuer: &str) -> Result<Self, KeyError> {
        use_ed25519();
        let set: JwkSet = serde_json::from_str(jwks)?;
        let mut keys = HashMap::new();
        for jwk in &set.keys {
            let (Some(kid), AlgorithmParameters::OctetKeyPair(pair)) =
                (&jwk.common.key_id, &jwk.algorithm)
            else {
                continue;
            };
            let Ok(key) = DecodingKey::from_jwk(jwk) else {
                continue;
            };
            let is_ed25519 = pair.curve == EllipticCurve::Ed25519
                && key.try_get_as_bytes().is_ok_and(|bytes| bytes.len() == 32);
            if is_ed25519 {
                keys.insert(kid.clone(), key);
            }
        }
        if keys.is_empty() {
            return Err(KeyError::NoKey);
        }
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.leeway = LEEWAY_S;
        validation.set_issuer(&[issuer]);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        validation.validate_aud = false;
        Ok(Self {
            keys,
            validation,
            checked: RefCell::default(),
        })
    }

    /// Checks a token at `now` (seconds since 1970).
    pub fn verify(&self, token: &str, now: i64) -> Result<Identity, TokenError> {
        if token.len() > MAX_TOKEN_LENGTH {
            return Err(TokenError::Malformed);
        }
        if let Some(identity) = self.checked.borrow().get(token) {
            return still_good(identity.clone(), now);
        }
        let identity = still_good(self.check(token)?, now)?;
        let mut checked = self.checked.borrow_mut();
        if checked.len() >= MAX_REMEMBERED {
            checked.retain(|_, known| still_good(known.clone(), now).is_ok());
        }
        if checked.len() >= MAX_REMEMBERED {
            checked.clear();
        }
        checked.insert(token.to_owned(), identity.clone());
        Ok(identity)
    }

    fn check(&self, token: &str) -> Result<Identity, TokenError> {
        let header = decode_header(token).map_err(|_| TokenError::Malformed)?;
        let key = header
            .kid
            .and_then(|kid| self.keys.get(&kid))
            .ok_or(TokenError::UnknownKey)?;
        let claims = decode::<Claims>(token, key, &self.validation)
            .map_err(|error| match error.kind() {
                ErrorKind::ExpiredSignature => TokenError::Expired,
                ErrorKind::InvalidIssuer => TokenError::WrongIssuer,
                ErrorKind::InvalidSignature => TokenError::BadSignature,
                ErrorKind::InvalidAlgorithm => TokenError::UnknownKey,
                _ => TokenError::Malformed,
            })?
            .claims;
        Ok(Identity {
            user_id: claims.sub,
            scope: claims.scope.into(),
            expires_at: claims.exp,
        })
    }
}

fn still_good(identity: Identity, now: i64) -> Result<Identity, TokenError> {
    if identity.expires_at.saturating_add(LEEWAY_S as i64) < now {
        return Err(TokenError::Expired);
    }
    Ok(identity)
}

#[cfg(test)]
mod tests;
