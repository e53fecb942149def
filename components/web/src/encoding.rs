//! Content encodings, and which of them a client takes (RFC 9110 section 12.5.3).

use http::{HeaderMap, header};

/// An encoding the build may have made of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Brotli,
    Gzip,
    Identity,
}

impl Encoding {
    /// Best first.
    const COMPRESSED: [Self; 2] = [Self::Brotli, Self::Gzip];

    /// Its name in `Content-Encoding`.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Brotli => Some("br"),
            Self::Gzip => Some("gzip"),
            Self::Identity => None,
        }
    }
}

/// The encodings to try, best first: what the client takes, and the file as it is.
pub fn accepted(headers: &HeaderMap) -> Vec<Encoding> {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter();
    let offers: Vec<(String, f32)> = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(offer)
        .collect();
    let weight = |name: &str| {
        let named = offers.iter().find(|(offered, _)| offered == name);
        let any = || offers.iter().find(|(offered, _)| offered == "*");
        named.or_else(any).map_or(0.0, |(_, weight)| *weight)
    };
    let mut accepted: Vec<(Encoding, f32)> = Encoding::COMPRESSED
        .into_iter()
        .filter_map(|encoding| Some((encoding, weight(encoding.name()?))))
        .filter(|(_, weight)| *weight > 0.0)
        .collect();
    // Stable: of equals the better one stays first.
    accepted.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    let best_first = accepted.into_iter().map(|(encoding, _)| encoding);
    best_first.chain([Encoding::Identity]).collect()
}

/// `br;q=0.5`: the name and its weight.
fn offer(text: &str) -> (String, f32) {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default().to_ascii_lowercase();
    let weight = parts
        .find_map(|parameter| parameter.strip_prefix("q="))
        .map_or(1.0, |weight| weight.parse().unwrap_or(0.0));
    (name, weight)
}

#[cfg(test)]
mod tests {
    use super::Encoding::{Brotli, Gzip, Identity};
    use super::*;

    fn of(value: &'static str) -> Vec<Encoding> {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::ACCEPT_ENCODING,
            http::HeaderValue::from_static(value),
        );
        accepted(&headers)
    }

    #[test]
    fn the_client_says_what_it_takes_and_the_smallest_comes_first() {
        assert_eq!(of("gzip, deflate, br"), [Brotli, Gzip, Identity]);
        assert_eq!(of("gzip;q=1.0, br;q=0.5"), [Gzip, Brotli, Identity]);
        assert_eq!(of("br;q=0, *"), [Gzip, Identity]);
        assert_eq!(of("identity"), [Identity]);
        assert_eq!(of("br;q=nonsense"), [Identity]);
        assert_eq!(accepted(&HeaderMap::new()), [Identity]);
    }
}
