//! Refresh tokens: 256 random bits that the browser keeps in a cookie; we keep only their hash.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// How long a session lasts without being used, in seconds: 30 days.
pub const LIFETIME_S: i32 = 30 * 24 * 60 * 60;

pub struct RefreshToken {
    pub text: String,
    pub hash: Vec<u8>,
}

pub fn generate() -> anyhow::Result<RefreshToken> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)?;
    let text = URL_SAFE_NO_PAD.encode(secret);
    let hash = hash(&text);
    Ok(RefreshToken { text, hash })
}

/// What is stored. A plain hash is enough: the token is random, so there is nothing to guess.
pub fn hash(text: &str) -> Vec<u8> {
    Sha256::digest(text.as_bytes()).to_vec()
}
