//! Password hashes: argon2id with the parameters OWASP recommends (19 MiB, 2 passes, 1 lane).

use anyhow::anyhow;
use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString},
};

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_BYTES: usize = 16;

/// Looked at for an e-mail address that nobody has, so that the answer takes as long as a wrong
/// password does. It is the hash of nothing: no password fits.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGhhcyB0aGlz$\
                      AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A PHC string with a fresh salt.
pub fn hash(password: &str) -> anyhow::Result<String> {
    let mut salt = [0; SALT_BYTES];
    getrandom::fill(&mut salt)?;
    let salt = SaltString::encode_b64(&salt).map_err(|error| anyhow!("salt: {error}"))?;
    let hash = hasher()?
        .hash_password(password.as_bytes(), &salt)
        .map_err(|error| anyhow!("argon2: {error}"))?;
    Ok(hash.to_string())
}

/// Whether the password fits. `None` costs the same and never fits.
pub fn fits(password: &str, hash: Option<&str>) -> anyhow::Result<bool> {
    let parsed = PasswordHash::new(hash.unwrap_or(NOBODY))
        .map_err(|error| anyhow!("stored hash: {error}"))?;
    let fits = hasher()?
        .verify_password(password.as_bytes(), &parsed)
        .is_ok();
    Ok(fits && hash.is_some())
}

fn hasher() -> anyhow::Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None)
        .map_err(|error| anyhow!("argon2 parameters: {error}"))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_password_fits() {
        let hash = hash("correct horse").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(fits("correct horse", Some(&hash)).unwrap());
        assert!(!fits("wrong horse", Some(&hash)).unwrap());
    }

    #[test]
    fn nobody_has_no_password() {
        assert!(!fits("", None).unwrap());
        assert!(PasswordHash::new(NOBODY).unwrap().hash.is_some());
    }
}
