//! Tokens signed with a throw-away key, and all the ways to forge one.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{EncodingKey, Header, encode, jwk::Jwk};

use super::*;

/// PKCS#8 of an Ed25519 key: a fixed prefix and 32 bytes of seed.
fn signing_key(seed: u8) -> EncodingKey {
    let mut der = vec![
        0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04,
        0x20,
    ];
    der.extend([seed; 32]);
    EncodingKey::from_ed_der(&der)
}

fn jwks(seed: u8, kid: &str) -> String {
    use_ed25519();
    let mut jwk = Jwk::from_encoding_key(&signing_key(seed), Algorithm::EdDSA).expect("a key");
    jwk.common.key_id = Some(kid.to_owned());
    serde_json::to_string(&JwkSet { keys: vec![jwk] }).expect("serializes")
}

fn now() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("after 1970")
        .as_secs() as i64
}

fn claims() -> Claims {
    Claims {
        iss: "taskwhisper".to_owned(),
        sub: Uuid::from_u128(42),
        iat: now(),
        exp: now() + 900,
        jti: "t1".to_owned(),
        scope: "*".to_owned(),
    }
}

fn sign(seed: u8, kid: &str, claims: &Claims) -> String {
    let mut header = Header::new(Algorithm::EdDSA);
    header.kid = Some(kid.to_owned());
    encode(&header, claims, &signing_key(seed)).expect("signs")
}

fn verifier() -> Verifier {
    Verifier::new(&jwks(1, "k1"), "taskwhisper").expect("a good JWKS")
}

#[test]
fn a_good_token_names_its_user() {
    let identity = verifier()
        .verify(&sign(1, "k1", &claims()), now())
        .expect("good");
    assert_eq!(identity.user_id, Uuid::from_u128(42));
    assert!(identity.has_scope("anything"));
}

#[test]
fn an_expired_token_is_refused_also_when_it_was_remembered() {
    let verifier = verifier();
    let token = sign(1, "k1", &claims());
    assert!(verifier.verify(&token, now()).is_ok());
    assert_eq!(
        verifier.verify(&token, now() + 1000),
        Err(TokenError::Expired)
    );
    let old = Claims {
        exp: now() - 60,
        ..claims()
    };
    assert_eq!(
        verifier.verify(&sign(1, "k1", &old), now()),
        Err(TokenError::Expired)
    );
}

#[test]
fn a_token_of_another_key_or_issuer_is_refused() {
    let verifier = verifier();
    assert_eq!(
        verifier.verify(&sign(2, "k1", &claims()), now()),
        Err(TokenError::BadSignature)
    );
    assert_eq!(
        verifier.verify(&sign(1, "k2", &claims()), now()),
        Err(TokenError::UnknownKey)
    );
    let foreign = Claims {
        iss: "elsewhere".to_owned(),
        ..claims()
    };
    assert_eq!(
        verifier.verify(&sign(1, "k1", &foreign), now()),
        Err(TokenError::WrongIssuer)
    );
}

#[test]
fn an_unsigned_token_is_refused() {
    let part = |json: &str| URL_SAFE_NO_PAD.encode(json);
    let payload = part(&serde_json::to_string(&claims()).expect("serializes"));
    let header = part(r#"{"alg":"none","kid":"k1"}"#);
    assert!(
        verifier()
            .verify(&format!("{header}.{payload}."), now())
            .is_err()
    );
}

#[test]
fn a_token_signed_with_the_public_key_as_a_shared_secret_is_refused() {
    // Only an issuer could be talked into this, and it knows no HS256; so any signature will do.
    let part = |json: &str| URL_SAFE_NO_PAD.encode(json);
    let payload = part(&serde_json::to_string(&claims()).expect("serializes"));
    let header = part(r#"{"alg":"HS256","kid":"k1"}"#);
    let forged = format!("{header}.{payload}.{}", part("signature"));
    assert_eq!(
        verifier().verify(&forged, now()),
        Err(TokenError::UnknownKey)
    );
}

#[test]
fn garbage_is_refused() {
    for garbage in ["", ".", "..", "a.b.c", "é.é.é", &"x".repeat(10_000)] {
        assert!(verifier().verify(garbage, now()).is_err());
    }
}

#[test]
fn the_memory_for_checked_tokens_is_bounded() {
    let verifier = verifier();
    for n in 0..MAX_REMEMBERED + 10 {
        let token = sign(
            1,
            "k1",
            &Claims {
                jti: n.to_string(),
                ..claims()
            },
        );
        verifier.verify(&token, now()).expect("good");
    }
    assert!(verifier.checked.borrow().len() <= MAX_REMEMBERED);
}

#[test]
fn a_jwks_without_a_usable_key_is_refused() {
    assert!(matches!(
        Verifier::new("{", "x"),
        Err(KeyError::NotAJwks(_))
    ));
    assert!(matches!(
        Verifier::new(r#"{"keys":[]}"#, "x"),
        Err(KeyError::NoKey)
    ));
    let short = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","x":"AAAA"}]}"#;
    assert!(matches!(Verifier::new(short, "x"), Err(KeyError::NoKey)));
}
