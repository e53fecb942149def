//! `allowed_outbound_hosts` by Spin's rules: `<scheme>://<host>[:<port>]`, each with wildcards, never a
//! path. What no entry allows is refused.

use std::net::IpAddr;
use std::ops::Range;

use ipnet::IpNet;
use url::Host;

/// The domain of Spin's service chaining, which this host does not do.
const SERVICE_CHAINING: &str = "spin.internal";

/// Where one component may connect to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedHosts(Vec<Entry>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    /// `None`: any.
    scheme: Option<String>,
    host: HostPattern,
    port: PortPattern,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum HostPattern {
    Any,
    /// `*.example.com`, kept as `.example.com`.
    Subdomains(String),
    /// `self`: only for relative URLs, so it allows no named host.
    Itself,
    Exact(Host),
    Network(IpNet),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum PortPattern {
    Any,
    Exact(u16),
    /// `1000..2000`, without the last.
    Range(Range<u16>),
}

impl AllowedHosts {
    /// Nothing is allowed.
    pub fn none() -> Self {
        Self::default()
    }

    /// Reads entries whose templates are resolved already. Entries that resolved to nothing
    /// (`""`, `http://`, `https://`) are skipped: an optional endpoint that is not configured.
    ///
    /// # Errors
    /// One message for each malformed entry.
    pub fn parse(resolved: &[String]) -> Result<Self, Vec<String>> {
        let mut entries = Vec::new();
        let mut errors = Vec::new();
        for text in resolved {
            if matches!(text.as_str(), "" | "http://" | "https://") {
                continue;
            }
            match parse_entry(text) {
                Ok(entry) => entries.push(entry),
                Err(reason) => errors.push(reason),
            }
        }
        if errors.is_empty() {
            Ok(Self(entries))
        } else {
            Err(errors)
        }
    }

    /// Whether a connection may be opened. IPv6 addresses may stand in brackets.
    pub fn allows(&self, scheme: &str, host: &str, port: u16) -> bool {
        let Some(host) = parse_host(host) else {
            return false;
        };
        self.0.iter().any(|entry| {
            entry.scheme.as_deref().is_none_or(|s| s == scheme)
                && entry.host.allows(&host)
                && entry.port.allows(port)
        })
    }

    /// Whether requests to the application itself (URLs without a host) are allowed.
    pub fn allows_self(&self, scheme: &str) -> bool {
        self.0.iter().any(|entry| {
            entry.scheme.as_deref().is_none_or(|s| s == scheme)
                && matches!(entry.host, HostPattern::Any | HostPattern::Itself)
        })
    }
}

/// Reads one entry that holds no template, or says what is wrong with it.
pub(crate) fn check_literal(text: &str) -> Result<(), String> {
    parse_entry(text).map(drop)
}

fn parse_entry(original: &str) -> Result<Entry, String> {
    let text = original.trim();
    let wrong = |reason: &str| format!("`{text}` is not an allowed host: {reason}");
    if text == "insecure:allow-all" {
        return Err(wrong("write `*://*:*` to allow all outbound connections"));
    }
    let Some((scheme, rest)) = text.split_once("://") else {
        return Err(wrong(
            "it has no scheme; write <scheme>://<host>[:<port>], as in `https://example.com`",
        ));
    };
    let (host, port) = split_port(rest);
    let host = HostPattern::parse(host).map_err(|reason| wrong(&reason))?;
    if host.is_service_chaining() {
        return Err(wrong(
            "this host does no service chaining (*.spin.internal); call the other component \
             by its public URL",
        ));
    }
    Ok(Entry {
        host,
        port: PortPattern::parse(port, scheme).map_err(|reason| wrong(&reason))?,
        scheme: parse_scheme(scheme).map_err(|reason| wrong(&reason))?,
    })
}

/// The port is what follows the last colon, unless that colon belongs to an IPv6 address.
fn split_port(rest: &str) -> (&str, &str) {
    match rest.rsplit_once(':') {
        None => (rest, ""),
        Some((host, "")) => (host, ""),
        Some(_) if HostPattern::parse(rest).is_ok() => (rest, ""),
        Some((host, port)) => (host, port.strip_suffix('/').unwrap_or(port)),
    }
}

fn parse_scheme(scheme: &str) -> Result<Option<String>, String> {
    if scheme == "*" {
        return Ok(None);
    }
    if scheme.is_empty() || !scheme.chars().all(char::is_alphabetic) {
        return Err("a scheme is letters, or `*` for any".into());
    }
    Ok(Some(scheme.to_owned()))
}

impl HostPattern {
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        match text {
            "" => return Err("it has no host".into()),
            "*" => return Ok(Self::Any),
            "self" | "self.alt" => return Ok(Self::Itself),
            _ => {}
        }
        if text.starts_with('{') {
            return Err("lists of hosts are not supported; write one entry for each".into());
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self::Network(address.into()));
        }
        if let Ok(network) = text.parse::<IpNet>() {
            return Ok(Self::Network(network));
        }
        let text = text.strip_suffix('/').unwrap_or(text);
        if text.contains('/') {
            return Err("it must not have a path".into());
        }
        if let Some(domain) = text.strip_prefix("*.") {
            return match Host::parse(domain) {
                Ok(Host::Domain(domain)) if !domain.contains('*') => {
                    Ok(Self::Subdomains(format!(".{domain}")))
                }
                _ => Err("behind `*.` must stand a domain".into()),
            };
        }
        if text.contains('*') {
            return Err("`*` stands for the whole host or for its first labels (`*.`) only".into());
        }
        match Host::parse(text) {
            Ok(Host::Ipv4(address)) => Ok(Self::Network(IpAddr::V4(address).into())),
            Ok(Host::Ipv6(address)) => Ok(Self::Network(IpAddr::V6(address).into())),
            Ok(host) => Ok(Self::Exact(host)),
            Err(error) => Err(error.to_string()),
        }
    }

    fn allows(&self, host: &Host) -> bool {
        match (self, host) {
            (Self::Any, _) => true,
            (Self::Subdomains(suffix), Host::Domain(domain)) => domain.ends_with(suffix),
            (Self::Exact(exact), host) => exact == host,
            (Self::Network(network), Host::Ipv4(address)) => {
                network.contains(&IpAddr::V4(*address))
            }
            (Self::Network(network), Host::Ipv6(address)) => {
                network.contains(&IpAddr::V6(*address))
            }
            (Self::Subdomains(_) | Self::Network(_) | Self::Itself, _) => false,
        }
    }

    fn is_service_chaining(&self) -> bool {
        let domain = match self {
            Self::Exact(Host::Domain(domain)) => domain.as_str(),
            Self::Subdomains(suffix) => suffix.trim_start_matches('.'),
            _ => return false,
        };
        domain == SERVICE_CHAINING || domain.ends_with(&format!(".{SERVICE_CHAINING}"))
    }
}

impl PortPattern {
    fn parse(text: &str, scheme: &str) -> Result<Self, String> {
        if text.is_empty() {
            return default_port(scheme)
                .map(Self::Exact)
                .ok_or_else(|| format!("`{scheme}` has no usual port, so one must be given"));
        }
        if text == "*" {
            return Ok(Self::Any);
        }
        if text.contains('/') {
            return Err("it must not have a path".into());
        }
        let number = |digits: &str| {
            digits
                .parse::<u16>()
                .map_err(|_| format!("`{text}` is not a port; write 80, 80..90 or `*`"))
        };
        match text.split_once("..") {
            Some((start, end)) => Ok(Self::Range(number(start)?..number(end)?)),
            None => Ok(Self::Exact(number(text)?)),
        }
    }

    fn allows(&self, port: u16) -> bool {
        match self {
            Self::Any => true,
            Self::Exact(exact) => *exact == port,
            Self::Range(range) => range.contains(&port),
        }
    }
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "postgres" => Some(5432),
        "mysql" => Some(3306),
        "redis" => Some(6379),
        "mqtt" => Some(1883),
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

fn parse_host(host: &str) -> Option<Host> {
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => Some(Host::Ipv4(address)),
        Ok(IpAddr::V6(address)) => Some(Host::Ipv6(address)),
        Err(_) => Host::parse(host).ok(),
    }
}
