//! Ed25519 for `jsonwebtoken`, and nothing else: an algorithm that is not there cannot be confused
//! with another, and components stay small.

use ed25519_dalek::{Signature, SigningKey, VerifyingKey, pkcs8::DecodePrivateKey};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey,
    crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils},
    errors::{Error, ErrorKind},
    jwk::EllipticCurve,
};
use signature::{Signer, Verifier};

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: signer,
    verifier_factory: verifier,
    key_utils: KeyUtils {
        ed_pub_components_from_private_key: public_part,
        ..KeyUtils::new_unimplemented()
    },
};

/// Must be called before anything of `jsonwebtoken` is used; again does no harm.
pub fn use_ed25519() {
    // An error means that it is installed already.
    let _ = PROVIDER.install_default();
}

struct Ed25519Signer(SigningKey);

struct Ed25519Verifier(VerifyingKey);

impl Signer<Vec<u8>> for Ed25519Signer {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        let signature: Signature = self.0.try_sign(message)?;
        Ok(signature.to_vec())
    }
}

impl JwtSigner for Ed25519Signer {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

impl Verifier<Vec<u8>> for Ed25519Verifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        self.0
            .verify_strict(message, &Signature::from_slice(signature)?)
    }
}

impl JwtVerifier for Ed25519Verifier {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

fn signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>, Error> {
    require_eddsa(*algorithm)?;
    Ok(Box::new(Ed25519Signer(signing_key(key.as_bytes())?)))
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, Error> {
    require_eddsa(*algorithm)?;
    let bytes = key.try_get_as_bytes()?;
    let key = VerifyingKey::try_from(bytes).map_err(|_| ErrorKind::InvalidEddsaKey)?;
    Ok(Box::new(Ed25519Verifier(key)))
}

fn public_part(private_key: &[u8], curve: &EllipticCurve) -> Result<Vec<u8>, Error> {
    if *curve != EllipticCurve::Ed25519 {
        return Err(ErrorKind::InvalidAlgorithm.into());
    }
    Ok(signing_key(private_key)?
        .verifying_key()
        .to_bytes()
        .to_vec())
}

fn signing_key(pkcs8_der: &[u8]) -> Result<SigningKey, Error> {
    SigningKey::from_pkcs8_der(pkcs8_der).map_err(|_| ErrorKind::InvalidEddsaKey.into())
}

fn require_eddsa(algorithm: Algorithm) -> Result<(), Error> {
    if algorithm == Algorithm::EdDSA {
        return Ok(());
    }
    Err(ErrorKind::InvalidAlgorithm.into())
}
