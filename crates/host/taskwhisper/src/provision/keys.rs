//! The key pair of access tokens, and random passwords.

use anyhow::anyhow;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use sha2::{Digest as _, Sha256};

/// An Ed25519 private key in PKCS#8 version 1 (RFC 8410 section 7) is this and 32 bytes.
const PKCS8_PREFIX: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];
/// Bytes of randomness in a password.
const PASSWORD_BYTES: usize = 24;

/// A key pair for EdDSA. Not `Debug`.
pub struct KeyPair {
    /// PKCS#8 in PEM.
    pub private_pem: String,
    /// A JWKS with the public half; `kid` is its thumbprint (RFC 7638).
    pub public_jwks: String,
}

/// A new key pair.
pub fn generate() -> anyhow::Result<KeyPair> {
    key_pair(&random::<32>()?)
}

/// Letters, digits, `-` and `_` only, so that nothing needs to quote it.
pub fn password() -> anyhow::Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(random::<PASSWORD_BYTES>()?))
}

fn random<const N: usize>() -> anyhow::Result<[u8; N]> {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| anyhow!("the system gives no random bytes"))?;
    Ok(bytes)
}

fn key_pair(seed: &[u8; 32]) -> anyhow::Result<KeyPair> {
    let pair = Ed25519KeyPair::from_seed_unchecked(seed)
        .map_err(|error| anyhow!("cannot make an Ed25519 key: {error}"))?;
    let x = URL_SAFE_NO_PAD.encode(pair.public_key());
    // RFC 7638 section 3: the required members in alphabetical order, without white space.
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    let kid = URL_SAFE_NO_PAD.encode(Sha256::digest(members));
    let jwk = serde_json::json!({
        "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": kid, "x": x,
    });
    let der = [&PKCS8_PREFIX[..], seed].concat();
    Ok(KeyPair {
        private_pem: format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
            STANDARD.encode(der)
        ),
        public_jwks: serde_json::json!({ "keys": [jwk] }).to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8037, appendix A.
    #[test]
    fn public_key_and_thumbprint_are_those_of_the_standard() {
        let seed = URL_SAFE_NO_PAD
            .decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
            .unwrap();
        let pair = key_pair(&seed.try_into().unwrap()).unwrap();
        let jwks: serde_json::Value = serde_json::from_str(&pair.public_jwks).unwrap();
        let jwk = &jwks["keys"][0];
        assert_eq!(jwk["x"], "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
        assert_eq!(jwk["kid"], "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn the_private_key_is_pkcs8_that_others_read() {
        let pair = generate().unwrap();
        let base64: String = pair
            .private_pem
            .lines()
            .filter(|line| !line.starts_with('-'))
            .collect();
        let der = STANDARD.decode(base64).unwrap();
        let read = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).unwrap();
        let x = URL_SAFE_NO_PAD.encode(read.public_key());
        assert!(pair.public_jwks.contains(&x));
    }

    #[test]
    fn passwords_are_long_and_never_the_same() {
        let (one, two) = (password().unwrap(), password().unwrap());
        assert_ne!(one, two);
        assert_eq!(one.len(), 32);
    }
}
