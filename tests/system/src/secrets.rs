//! The keys that `taskwhisper up` generated, to make tokens that only their holder can make.

use std::{
    fs,
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer, SigningKey, pkcs8::DecodePrivateKey};
use serde_json::{Value, json};

/// The signing key, taken from `secrets.env`.
pub struct Secrets {
    key: SigningKey,
    kid: String,
}

impl Secrets {
    pub(crate) fn path(state: &Path) -> PathBuf {
        state.join("secrets.env")
    }

    pub(crate) fn read(state: &Path) -> Self {
        let text = fs::read_to_string(Self::path(state)).expect("secrets.env can be read");
        let pem = variable(&text, "SPIN_VARIABLE_JWT_SIGNING_KEY").replace("\\n", "\n");
        let jwks: Value = serde_json::from_str(&variable(&text, "SPIN_VARIABLE_JWT_PUBLIC_KEYS"))
            .expect("the public keys are a JWKS document");
        Self {
            key: SigningKey::from_pkcs8_pem(&pem).expect("the key is PKCS#8 PEM"),
            kid: jwks["keys"][0]["kid"].as_str().expect("a kid").to_owned(),
        }
    }

    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// A token with these claims, signed as the system itself would.
    pub fn sign(&self, claims: &Value) -> String {
        sign(&self.key, &self.kid, claims)
    }

    /// A token with these claims and this system's `kid`, signed with somebody else's key.
    pub fn sign_with_another_key(&self, claims: &Value) -> String {
        sign(&SigningKey::from_bytes(&[7; 32]), &self.kid, claims)
    }
}

fn sign(key: &SigningKey, kid: &str, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = json!({"typ": "JWT", "alg": "EdDSA", "kid": kid});
    let message = format!("{}.{}", part(&header), part(claims));
    let signature = key.sign(message.as_bytes()).to_bytes();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// A value of an env file: bare, or in single or double quotes that may span lines.
fn variable(text: &str, name: &str) -> String {
    let start = text
        .find(&format!("{name}="))
        .unwrap_or_else(|| panic!("secrets.env has no {name}"));
    let rest = &text[start + name.len() + 1..];
    match rest.chars().next() {
        Some(quote @ ('"' | '\'')) => {
            let inside = &rest[1..];
            let mut end = 0;
            let mut escaped = false;
            for (at, c) in inside.char_indices() {
                if c == quote && !escaped {
                    end = at;
                    break;
                }
                escaped = c == '\\' && !escaped && quote == '"';
            }
            inside[..end].replace("\\\"", "\"")
        }
        _ => rest.lines().next().unwrap_or_default().to_owned(),
    }
}
