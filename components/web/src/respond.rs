//! The response for a file: the variant the client takes, or 304 if it has it.

use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_api::response::{self, ResponseExt as _};
use http_api::{Method, Response, ResponseBody, conditional};

use crate::asset::Asset;
use crate::encoding::{self, Encoding};
use crate::media_type;

/// The build puts a hash of the content into the names in this folder: they never change.
const HASHED: &str = "assets/";

/// Answer a GET or HEAD for this file.
pub fn with(asset: &Asset, method: &Method, headers: &HeaderMap) -> Response {
    let accepted = encoding::accepted(headers).into_iter();
    let (encoding, content) = accepted
        .filter_map(|encoding| Some((encoding, asset.content(encoding)?.clone())))
        .next()
        .unwrap_or((Encoding::Identity, bytes::Bytes::new()));
    let etag = match encoding.name() {
        Some(name) => format!("\"{}-{name}\"", asset.hash),
        None => format!("\"{}\"", asset.hash),
    };
    let mut response = match conditional::client_has(headers, &etag) {
        true => response::empty(StatusCode::NOT_MODIFIED),
        false => full(asset, encoding, content, method),
    };
    if asset.varies() {
        let vary = HeaderValue::from_static("accept-encoding");
        response.headers_mut().insert(header::VARY, vary);
    }
    let cache_control = match asset.name.starts_with(HASHED) {
        true => "public, max-age=31536000, immutable",
        false => "no-cache",
    };
    response
        .with_header(header::ETAG, etag)
        .with_header(header::CACHE_CONTROL, cache_control)
}

fn full(asset: &Asset, encoding: Encoding, content: bytes::Bytes, method: &Method) -> Response {
    let length = content.len();
    let body = match *method {
        Method::HEAD => ResponseBody::default(),
        _ => ResponseBody::Full(content),
    };
    let response =
        Response::new(body).with_header(header::CONTENT_TYPE, media_type::of(&asset.name));
    let response = match encoding.name() {
        Some(name) => response.with_header(header::CONTENT_ENCODING, name),
        None => response,
    };
    match *method {
        // The length of a body that is not there would be a lie to what lies between.
        Method::HEAD => response,
        _ => response.with_header(header::CONTENT_LENGTH, length.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asset(name: &str) -> std::rc::Rc<Asset> {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("assets")).expect("made");
        for (suffix, content) in [("", "identity"), (".br", "brotli"), (".gz", "gzip")] {
            let path = folder.path().join(format!("{name}{suffix}"));
            std::fs::write(path, content).expect("written");
        }
        crate::asset::load(folder.path(), name)
            .expect("readable")
            .expect("there")
    }

    fn get(asset: &Asset, headers: &[(http::HeaderName, &str)]) -> Response {
        let pairs = headers.iter();
        let headers = pairs.map(|(name, value)| (name.clone(), value.parse().expect("a value")));
        with(asset, &Method::GET, &headers.collect())
    }

    #[test]
    fn each_encoding_has_its_own_strong_etag() {
        let page = asset("index.html");
        let plain = get(&page, &[]);
        let small = get(&page, &[(header::ACCEPT_ENCODING, "br")]);
        assert_eq!(small.headers()[header::CONTENT_ENCODING], "br");
        assert_eq!(small.headers()[header::CONTENT_LENGTH], "6");
        assert_eq!(small.headers()[header::VARY], "accept-encoding");
        assert_ne!(small.headers()[header::ETAG], plain.headers()[header::ETAG]);
        assert!(
            plain.headers()[header::ETAG]
                .to_str()
                .expect("text")
                .starts_with('"')
        );
    }

    #[test]
    fn a_client_that_has_it_gets_304() {
        let page = asset("index.html");
        let etag = get(&page, &[]).headers()[header::ETAG].clone();
        let etag = etag.to_str().expect("text");
        let again = get(
            &page,
            &[(header::IF_NONE_MATCH, &format!("\"x\", W/{etag}"))],
        );
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(again.headers()[header::ETAG], etag);
        let other = get(
            &page,
            &[
                (header::IF_NONE_MATCH, etag),
                (header::ACCEPT_ENCODING, "gzip"),
            ],
        );
        assert_eq!(other.status(), StatusCode::OK);
    }

    #[test]
    fn only_hashed_names_are_kept_without_asking() {
        let cache = |name| get(&asset(name), &[]).headers()[header::CACHE_CONTROL].clone();
        assert_eq!(cache("index.html"), "no-cache");
        assert!(
            cache("assets/app-1a2b.js")
                .to_str()
                .expect("text")
                .contains("immutable")
        );
    }
}
