//! The refresh token's cookie: never readable by scripts, never sent from another site, and only
//! ever sent here.

use cookie::{Cookie, SameSite, time::Duration};
use http::{HeaderMap, header};

use crate::refresh_token;

const NAME: &str = "refresh_token";

/// The refresh token of a request.
pub fn read(headers: &HeaderMap) -> Option<String> {
    let lines = headers.get_all(header::COOKIE).iter();
    lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(Cookie::split_parse)
        .flatten()
        .find(|cookie| cookie.name() == NAME && !cookie.value().is_empty())
        .map(|cookie| cookie.value().to_owned())
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
    let cookie = Cookie::build((NAME, value))
        .path("/api/auth")
        .max_age(Duration::seconds(max_age_s.into()))
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(secure);
    cookie.to_string()
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
        assert_eq!(read(&headers).as_deref(), Some("abc"));
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
