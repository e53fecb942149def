//! What a request carries beside its content: ids for logs and traces, and where it came from.

use http::HeaderMap;

/// The header in which the host says who called.
pub(crate) const CLIENT_ADDRESS: &str = "spin-client-addr";

/// Taken from the headers that the host sets or passes on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    /// `x-request-id`; empty when the host sets none.
    pub request_id: String,
    /// W3C `traceparent`, valid or absent. Belongs into the headers of every event the request causes.
    pub traceparent: Option<String>,
    /// IP address of the peer as the host saw it (`spin-client-addr`). Behind a proxy this is the proxy.
    pub client_ip: Option<String>,
}

impl Context {
    pub fn from_headers(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        Self {
            request_id: text("x-request-id").unwrap_or_default().to_owned(),
            traceparent: text("traceparent")
                .filter(|value| is_traceparent(value))
                .map(str::to_owned),
            client_ip: text(CLIENT_ADDRESS).and_then(ip_of),
        }
    }
}

/// `version-trace_id-parent_id-flags` in lower-case hex, no id all zeros (W3C Trace Context 3.2).
fn is_traceparent(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [version, trace_id, parent_id, flags] = parts.as_slice() else {
        return false;
    };
    let hex = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    let not_zero = |part: &str| part.bytes().any(|b| b != b'0');
    hex(version, 2)
        && *version != "ff"
        && hex(trace_id, 32)
        && not_zero(trace_id)
        && hex(parent_id, 16)
        && not_zero(parent_id)
        && hex(flags, 2)
}

fn ip_of(address: &str) -> Option<String> {
    if let Ok(socket) = address.parse::<std::net::SocketAddr>() {
        return Some(socket.ip().to_string());
    }
    let ip = address.parse::<std::net::IpAddr>().ok()?;
    Some(ip.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_malformed_traceparent_is_dropped() {
        assert!(is_traceparent(
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        ));
        for bad in [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        ] {
            assert!(!is_traceparent(bad), "{bad}");
        }
    }

    #[test]
    fn the_peer_is_known_without_its_port() {
        assert_eq!(ip_of("127.0.0.1:5000").as_deref(), Some("127.0.0.1"));
        assert_eq!(ip_of("[::1]:5000").as_deref(), Some("::1"));
        assert_eq!(ip_of("nonsense"), None);
    }
}
