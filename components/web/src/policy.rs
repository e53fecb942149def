//! Security headers, on every response of this component.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use url::Url;

/// What browsers are told to allow.
pub struct Policy {
    content: String,
    is_https: bool,
}

const FIXED: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];

impl Policy {
    /// `public_url` is where browsers find the application: its WebSocket may be connected to,
    /// and if it is https, it stays so.
    pub fn new(public_url: Option<&str>) -> Self {
        let url = public_url.and_then(|text| Url::parse(text).ok());
        let is_https = url.as_ref().is_some_and(|url| url.scheme() == "https");
        // `'self'` covers it in current browsers; the older ones need the address.
        let socket = url.and_then(|url| {
            let scheme = if is_https { "wss" } else { "ws" };
            let host = url.host_str()?;
            let port = url.port().map_or(String::new(), |port| format!(":{port}"));
            Some(format!(" {scheme}://{host}{port}"))
        });
        Self {
            content: format!(
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                 font-src 'self'; manifest-src 'self'; worker-src 'self'; connect-src 'self'{}; \
                 base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
                socket.unwrap_or_default()
            ),
            is_https,
        }
    }

    /// Set the headers.
    pub fn apply(&self, headers: &mut HeaderMap) {
        for (name, value) in FIXED {
            headers.insert(name, HeaderValue::from_static(value));
        }
        if let Ok(content) = HeaderValue::from_str(&self.content) {
            headers.insert(header::CONTENT_SECURITY_POLICY, content);
        }
        if self.is_https {
            headers.insert(
                header::STRICT_TRANSPORT_SECURITY,
                HeaderValue::from_static("max-age=31536000"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(public_url: Option<&str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        Policy::new(public_url).apply(&mut headers);
        headers
    }

    #[test]
    fn scripts_come_from_here_only_and_nobody_frames_the_page() {
        let headers = headers(Some("http://127.0.0.1:3000"));
        let content = headers[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .expect("text");
        assert!(content.contains("script-src 'self';"));
        assert!(content.contains("frame-ancestors 'none'"));
        assert!(content.contains("connect-src 'self' ws://127.0.0.1:3000;"));
        assert!(!content.contains("unsafe"));
        assert!(!headers.contains_key(header::STRICT_TRANSPORT_SECURITY));
    }

    #[test]
    fn an_https_site_stays_https() {
        let headers = headers(Some("https://todo.example/"));
        let content = headers[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .expect("text");
        assert!(content.contains("connect-src 'self' wss://todo.example;"));
        assert!(headers.contains_key(header::STRICT_TRANSPORT_SECURITY));
    }

    #[test]
    fn a_malformed_address_only_leaves_the_socket_to_self() {
        let headers = headers(Some("not a url; script-src *"));
        let content = headers[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .expect("text");
        assert!(content.contains("connect-src 'self';"));
        assert!(!content.contains('*'));
    }
}
