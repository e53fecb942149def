use hyper::Request;

use super::*;

/// The example of RFC 6455 section 1.2, with changes; an empty value removes the header.
fn request(changes: &[(&str, &str)]) -> Request<()> {
    let mut headers = vec![
        ("host", "server.example.com"),
        ("upgrade", "websocket"),
        ("connection", "keep-alive, Upgrade"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-version", "13"),
    ];
    for (name, value) in changes {
        headers.retain(|(present, _)| present != name);
        headers.push((name, value));
    }
    headers
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .fold(Request::builder().uri("/ws"), |builder, (name, value)| {
            builder.header(name, value)
        })
        .body(())
        .expect("a valid request")
}

fn status(changes: &[(&str, &str)]) -> u16 {
    match check(&request(changes), None) {
        Ok(_) => 101,
        Err(problem) => problem.status.as_u16(),
    }
}

#[test]
fn the_example_of_the_rfc_is_accepted() {
    let handshake = check(&request(&[]), None).expect("valid");
    assert_eq!(handshake.accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert!(handshake.subprotocols.is_empty());
}

#[test]
fn what_the_rfc_demands_is_demanded() {
    assert_eq!(status(&[("upgrade", "")]), 426);
    assert_eq!(status(&[("connection", "close")]), 426);
    assert_eq!(status(&[("sec-websocket-version", "8")]), 426);
    assert_eq!(status(&[("sec-websocket-key", "")]), 400);
    assert_eq!(status(&[("sec-websocket-key", "dG9vIHNob3J0")]), 400);
    let mut post = request(&[]);
    *post.method_mut() = Method::POST;
    assert_eq!(check(&post, None).unwrap_err().status.as_u16(), 405);
    let mut old = request(&[]);
    *old.version_mut() = Version::HTTP_10;
    assert_eq!(check(&old, None).unwrap_err().status.as_u16(), 426);
}

#[test]
fn subprotocols_come_in_the_clients_order_and_must_be_tokens() {
    let offered = [("sec-websocket-protocol", "news.v2, news.v1")];
    let handshake = check(&request(&offered), None).expect("valid");
    assert_eq!(handshake.subprotocols, ["news.v2", "news.v1"]);
    assert_eq!(status(&[("sec-websocket-protocol", "news v2")]), 400);
    let many = vec!["a"; 33].join(",");
    assert_eq!(status(&[("sec-websocket-protocol", &many)]), 400);
}

#[test]
fn a_page_of_another_host_may_not_connect() {
    assert_eq!(status(&[("origin", "https://server.example.com")]), 101);
    assert_eq!(status(&[("origin", "https://evil.example.com")]), 403);
    assert_eq!(status(&[("origin", "null")]), 403);
}

#[test]
fn the_manifest_may_allow_other_origins() {
    let allowed = ["https://app.example.com".to_owned()];
    let from = |origin| request(&[("origin", origin)]);
    assert!(check(&from("https://app.example.com"), Some(&allowed)).is_ok());
    assert!(check(&from("https://server.example.com"), Some(&allowed)).is_err());
    let any = ["*".to_owned()];
    assert!(check(&from("https://anywhere.example"), Some(&any)).is_ok());
}
