//! Access tokens: EdDSA JWTs of 15 minutes, signed with the key in `jwt_signing_key`. They cannot be
//! taken back; ending a session only stops it from getting another one.

use anyhow::{Context, bail};
use base64::{Engine, engine::general_purpose::STANDARD};
use http_api::auth::{Claims, SCOPE_ALL, use_ed25519};
use jsonwebtoken::{
    Algorithm, EncodingKey, Header, encode,
    jwk::{AlgorithmParameters, Jwk, JwkSet},
};
use uuid::Uuid;

pub const LIFETIME_S: i64 = 15 * 60;

pub struct Signer {
    key: EncodingKey,
    header: Header,
    issuer: String,
    jwks: String,
}

impl Signer {
    /// Takes a PKCS#8 PEM Ed25519 key and the JWKS with its public half, which gives it its `kid`.
    pub fn new(pem: &str, jwks: &str, issuer: String) -> anyhow::Result<Self> {
        use_ed25519();
        let key = EncodingKey::from_ed_der(&pkcs8(pem)?);
        let mut set: JwkSet =
            serde_json::from_str(jwks).context("jwt_public_keys is not a JWKS document")?;
        set.keys.retain(|jwk| public_part(jwk).is_some());
        let own = Jwk::from_encoding_key(&key, Algorithm::EdDSA)
            .context("jwt_signing_key is not an Ed25519 key")?;
        let known = set
            .keys
            .iter()
            .find(|jwk| public_part(jwk) == public_part(&own));
        let Some(kid) = known.and_then(|jwk| jwk.common.key_id.clone()) else {
            bail!("jwt_public_keys does not have the public half of jwt_signing_key with a kid");
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(kid);
        Ok(Self {
            key,
            header,
            issuer,
            jwks: serde_json::to_string(&set)?,
        })
    }

    /// A token for a person's own session.
    pub fn sign(&self, user_id: Uuid, now: i64) -> anyhow::Result<String> {
        let claims = Claims {
            iss: self.issuer.clone(),
            sub: user_id,
            iat: now,
            exp: now + LIFETIME_S,
            jti: Uuid::now_v7().to_string(),
            scope: SCOPE_ALL.to_owned(),
        };
        Ok(encode(&self.header, &claims, &self.key)?)
    }

    /// The accepted public keys, and nothing else that the variable may have held.
    pub fn jwks(&self) -> &str {
        &self.jwks
    }
}

fn public_part(jwk: &Jwk) -> Option<&str> {
    match &jwk.algorithm {
        AlgorithmParameters::OctetKeyPair(pair) => Some(&pair.x),
        _ => None,
    }
}

/// The DER inside a PEM document. Variables often carry line breaks as `\n`.
fn pkcs8(pem: &str) -> anyhow::Result<Vec<u8>> {
    let pem = pem.replace("\\n", "\n");
    let body = pem
        .trim()
        .strip_prefix("-----BEGIN PRIVATE KEY-----")
        .and_then(|rest| rest.strip_suffix("-----END PRIVATE KEY-----"))
        .context("jwt_signing_key is not a PEM document of a PKCS#8 PRIVATE KEY")?;
    let text: String = body.split_whitespace().collect();
    STANDARD
        .decode(text)
        .context("jwt_signing_key is not valid PEM")
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_api::auth::Verifier;

    /// Made for this test only: the seed is 32 times the byte 1.
    fn pem() -> String {
        let mut der = vec![
            0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22,
            0x04, 0x20,
        ];
        der.extend([1; 32]);
        let text = STANDARD.encode(der);
        format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n")
    }

    fn jwks() -> String {
        use_ed25519();
        let key = EncodingKey::from_ed_der(&pkcs8(&pem()).unwrap());
        let mut jwk = Jwk::from_encoding_key(&key, Algorithm::EdDSA).unwrap();
        jwk.common.key_id = Some("k1".to_owned());
        serde_json::to_string(&JwkSet { keys: vec![jwk] }).unwrap()
    }

    #[test]
    fn a_signed_token_is_accepted_by_the_verifier() {
        let signer = Signer::new(&pem(), &jwks(), "taskwhisper".to_owned()).unwrap();
        let now = crate::settings::now_s();
        let user_id = Uuid::now_v7();
        let token = signer.sign(user_id, now).unwrap();
        let verifier = Verifier::new(signer.jwks(), "taskwhisper").unwrap();
        let identity = verifier.verify(&token, now).unwrap();
        assert_eq!(identity.user_id, user_id);
        assert_eq!(identity.expires_at, now + LIFETIME_S);
    }

    #[test]
    fn line_breaks_may_be_escaped() {
        assert_eq!(
            pkcs8(&pem().replace('\n', "\\n")).unwrap(),
            pkcs8(&pem()).unwrap()
        );
        assert!(pkcs8("secret").is_err());
    }

    #[test]
    fn a_key_that_is_not_published_is_refused() {
        let error = Signer::new(&pem(), r#"{"keys":[]}"#, String::new())
            .err()
            .unwrap();
        assert!(error.to_string().contains("jwt_public_keys"));
    }

    #[test]
    fn a_private_part_in_the_jwks_is_never_published() {
        let with_secret = jwks().replace(r#""crv""#, r#""d":"secret","crv""#);
        let signer = Signer::new(&pem(), &with_secret, String::new()).unwrap();
        assert!(!signer.jwks().contains("secret"));
    }
}
