//! Bodies that are refused before a field is looked at.

use serde_json::json;

use super::Bench;

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_no_json_object_is_refused_everywhere() {
    let Some(system) = crate::shared().await else {
        return;
    };
    let bench = Bench::new(system).await;
    for endpoint in bench.with_body() {
        for malformed in [
            "{",
            "{\"title\": tea}",
            "nonsense",
            "{} {}",
            "{\"a\":\"\\ud800\"}",
        ] {
            let reply = bench.raw(&endpoint, "application/json", malformed).await;
            assert_eq!(reply.named_fields(400), ["body"], "{malformed}");
            assert!(reply.text.contains("line 1 column"), "{}", reply.text);
        }
        for other in ["[]", "null", "\"text\"", "17"] {
            let reply = bench.raw(&endpoint, "application/json", other).await;
            assert_eq!(reply.named_fields(400), ["body"], "{other}");
        }
        let deep = "[".repeat(100_000);
        assert_eq!(
            bench
                .raw(&endpoint, "application/json", deep)
                .await
                .named_fields(400),
            ["body"]
        );
        let latin1 = vec![b'{', b'"', 0xe9, b'"', b':', b'1', b'}'];
        assert_eq!(
            bench
                .raw(&endpoint, "application/json", latin1)
                .await
                .named_fields(400),
            ["body"]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_and_repeated_fields_are_all_named_at_once_everywhere() {
    let Some(system) = crate::shared().await else {
        return;
    };
    let bench = Bench::new(system).await;
    for endpoint in bench.with_body() {
        let mut body = endpoint.body.clone().expect("it has one");
        body["shiny"] = json!(true);
        body["Title"] = json!("capital");
        let reply = bench.json(&endpoint, &body).await;
        assert_eq!(
            reply.named_fields(400),
            ["Title", "shiny"],
            "{}",
            endpoint.path
        );
        let repeated = r#"{"shiny": 1, "shiny": 2}"#;
        let fields = bench
            .raw(&endpoint, "application/json", repeated)
            .await
            .named_fields(400);
        assert!(fields.contains(&"shiny".to_owned()), "{}", endpoint.path);
        let nul = r#"{"shiny\u0000": "a\u0000b"}"#;
        bench
            .raw(&endpoint, "application/json", nul)
            .await
            .problem(400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_content_type_and_a_huge_body_are_refused_everywhere() {
    let Some(system) = crate::shared().await else {
        return;
    };
    let bench = Bench::new(system).await;
    for endpoint in bench.with_body() {
        let text = endpoint.body.as_ref().expect("it has one").to_string();
        for content_type in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/xml",
        ] {
            bench
                .raw(&endpoint, content_type, text.clone())
                .await
                .problem(415);
        }
        let huge = format!("{{\"title\": \"{}\"}}", "x".repeat(1024 * 1024));
        bench
            .raw(&endpoint, "application/json", huge.clone())
            .await
            .problem(413);
        // Not announced: the size shows only while it is read.
        let chunks = futures::stream::iter(
            huge.into_bytes()
                .chunks(16 * 1024)
                .map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec()))
                .collect::<Vec<_>>(),
        );
        let body = reqwest::Body::wrap_stream(chunks);
        bench
            .raw(&endpoint, "application/json", body)
            .await
            .problem(413);
    }
}
