//! Who calls: access tokens are EdDSA JWTs, checked against the JWKS in the variable
//! `jwt_public_keys`. Nothing here can make a token.

mod identity;
mod instance;
mod provider;
mod verifier;

pub use identity::{Identity, SCOPE_ALL};
pub use instance::{authenticate, authenticate_token};
pub use provider::use_ed25519;
pub use verifier::{Claims, KeyError, TokenError, Verifier};
