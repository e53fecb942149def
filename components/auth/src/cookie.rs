//! The refresh token's cookie: never readable by scripts, never sent from another site, and only
//! ever sent here.

use http::{HeaderMap, header};

use crate::refresh_token;

const NAME: &str = "refresh_token";

/// The refresh token of a request.
pub fn read(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, value)| *name == NAME && !value.is_empty())
        .map(|(_, value)| value)
}

/// `Set-Cookie` that stores the token.
pub fn set(token: &str, secure: bool) -> String {
    line(token, refresh_token::LIFETIME_S, secure)
}

/// `Set-Cookie` that removes the token.
pub fn clear(secure: bool) -> String {
    line("", 0, secure)
}

fn line(value: &str, max_age_s: i32, secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    format!(
        "{NAME}={value}; Path=/api/auth; Max-Age={max_age_s}; HttpOnly; SameSite=Strict{secure}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_found_among_other_cookies() {
        let mut headers = HeaderMap::new();
        headers.append(
            header::COOKIE,
            "theme=dark; refresh_token=abc".parse().unwrap(),
        );
        assert_eq!(read(&headers), Some("abc"));
        assert_eq!(read(&HeaderMap::new()), None);
    }

    #[test]
    fn the_cookie_is_out_of_reach_for_scripts_and_other_sites() {
        let line = set("abc", true);
        for attribute in ["HttpOnly", "SameSite=Strict", "Path=/api/auth", "Secure"] {
            assert!(line.contains(attribute), "{line}");
        }
        assert!(!set("abc", false).contains("Secure"));
        assert!(clear(false).contains("Max-Age=0"));
    }
}
