//! Guests that behave badly are contained: the host answers honestly and goes on serving.

use std::time::{Duration, Instant};

use containment::{Answer, Guest, Host, load};

fn assert_problem(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert!(!answer.header("x-request-id").is_empty());
    for inside in ["wasm", "trap", "panic", "unreachable", "guest", "memory"] {
        assert!(!answer.body.contains(inside), "{}", answer.body);
    }
}

fn is_well(answer: &Answer) -> bool {
    answer.status == 200 && answer.body == "well" && answer.complete
}

async fn assert_well(host: &Host, guest: &str) {
    let answer = host.client.get(&format!("/{guest}/")).await;
    assert!(is_well(&answer), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trap_is_one_failed_request() {
    let host = Host::serve(vec![Guest::new("trap")], |_| {}).await;
    for _ in 0..3 {
        assert_problem(&host.client.get("/trap/trap").await, 500);
        assert_well(&host, "trap").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_that_computes_forever_is_stopped_at_the_deadline() {
    let deadline = Duration::from_secs(2);
    let host = Host::serve(vec![Guest::new("spin")], |options| {
        options.request_deadline = deadline;
        // A request that shares an instance with one that is stopped fails with it.
        options.instance_concurrency = 1;
    })
    .await;
    let client = host.client.clone();
    // More of them than there are threads: they must give way to each other and to us.
    let spinning = tokio::spawn(async move {
        let start = Instant::now();
        let spins = (0..4).map(|_| client.get("/spin/spin"));
        (futures::future::join_all(spins).await, start.elapsed())
    });
    while !spinning.is_finished() {
        assert_well(&host, "spin").await;
    }
    let (answers, took) = spinning.await.unwrap();
    assert!(took >= deadline, "{took:?}");
    for answer in &answers {
        assert_problem(answer, 504);
    }
    assert_well(&host, "spin").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_shares_an_instance_with_one_that_computes_forever_gets_all_or_an_error() {
    let host = Host::serve(vec![Guest::new("spin")], |options| {
        options.request_deadline = Duration::from_millis(200);
    })
    .await;
    for _ in 0..5 {
        // More than there are instances at first: some of them are begun together.
        let asked = (0..24).map(|index| {
            let path = ["/spin/", "/spin/", "/spin/spin"][index % 3];
            host.client.get(path)
        });
        let answers = futures::future::join_all(asked).await;
        let late = answers.iter().filter(|answer| answer.status == 504).count();
        assert!(late > 0, "{answers:?}");
        for answer in answers.iter().filter(|answer| !is_well(answer)) {
            assert_problem(answer, answer.status.as_u16());
            assert!([500, 504].contains(&answer.status.as_u16()), "{answer:?}");
        }
    }
    assert_well(&host, "spin").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_that_allocates_without_end_hits_its_limit() {
    let host = Host::serve(vec![Guest::new("allocate")], |_| {}).await;
    for _ in 0..3 {
        assert_problem(&host.client.get("/allocate/allocate").await, 500);
        assert_well(&host, "allocate").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_waits_too_long_is_answered_at_the_deadline() {
    let host = Host::serve(vec![Guest::new("sleep")], |options| {
        options.request_deadline = Duration::from_secs(1);
    })
    .await;
    assert_problem(&host.client.get("/sleep/?3600000").await, 504);
    assert_eq!(host.client.get("/sleep/?1").await.body, "slept");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_an_instance_each_a_trap_spares_the_other_requests() {
    let host = Host::serve(vec![Guest::new("stream")], |options| {
        options.instance_concurrency = 1;
    })
    .await;
    let (broken, whole) = tokio::join!(
        host.client.get("/stream/break"),
        futures::future::join_all((0..4).map(|_| host.client.get("/stream/"))),
    );
    assert!(!broken.complete, "{broken:?}");
    for answer in whole {
        assert!(answer.complete);
        assert_eq!(answer.body, "1\n2\n3\n4\n5\n");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_response_that_breaks_off_does_not_look_complete() {
    let host = Host::serve(vec![Guest::new("stream")], |_| {}).await;
    let answer = host.client.get("/stream/break").await;
    assert_eq!(answer.status, 200);
    assert!(!answer.complete, "{answer:?}");
    assert_eq!(answer.body, "1\n2\n3\n");
    assert!(host.client.get("/stream/").await.complete);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http_requests_reach_allowed_hosts_only() {
    let target = Host::serve(vec![Guest::new("hello")], |_| {}).await;
    let other = Host::serve(vec![Guest::new("hello")], |_| {}).await;
    let guest = Guest::new("fetch").may_reach(format!("http://{}", target.address));
    let host = Host::serve(vec![guest], |_| {}).await;
    let fetch = async |url: String| host.client.get(&format!("/fetch/?{url}")).await.body;

    let denied = "ErrorCode::HttpRequestDenied";
    assert_eq!(
        fetch(format!("http://{}/hello/", target.address)).await,
        "200 OK"
    );
    assert_eq!(
        fetch(format!("http://{}/hello/", other.address)).await,
        denied
    );
    assert_eq!(
        fetch(format!("https://{}/hello/", target.address)).await,
        denied
    );
    let by_name = format!("http://localhost:{}/hello/", target.address.port());
    assert_eq!(fetch(by_name).await, denied);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn raw_sockets_reach_allowed_addresses_only() {
    let target = Host::serve(vec![Guest::new("hello")], |_| {}).await;
    let address = target.address;
    let refused = Host::serve(vec![Guest::new("socket")], |_| {}).await;
    let answer = refused.client.get(&format!("/socket/?{address}")).await;
    assert_eq!(answer.body, "PermissionDenied");

    // What is allowed for Postgres or HTTP is not allowed for anything else.
    let guest = Guest::new("socket")
        .may_reach(format!("postgres://{address}"))
        .may_reach(format!("http://{address}"));
    let other_scheme = Host::serve(vec![guest], |_| {}).await;
    let answer = other_scheme
        .client
        .get(&format!("/socket/?{address}"))
        .await;
    assert_eq!(answer.body, "PermissionDenied");

    let guest = Guest::new("socket").may_reach(format!("tcp://{address}"));
    let allowed = Host::serve(vec![guest], |_| {}).await;
    let answer = allowed.client.get(&format!("/socket/?{address}")).await;
    assert_eq!(answer.body, "connected");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_reads_only_its_own_variables() {
    let guest = Guest::new("variable").with_variable("greeting", "hello");
    let host = Host::serve(vec![guest], |_| {}).await;
    assert_eq!(host.client.get("/variable/?greeting").await.body, "hello");
    let other = host.client.get("/variable/?database_url").await.body;
    assert!(other.contains("Undefined"), "{other}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_are_read_only_and_confined() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("file")).unwrap();
    let inside = folder.path().join("file/inside.txt");
    std::fs::write(&inside, "inside").unwrap();
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("file/link")).unwrap();
    let host = Host::serve(vec![Guest::new("file").with_files(folder.path())], |_| {}).await;

    assert_eq!(host.client.get("/file/inside.txt").await.body, "inside");
    let written = host.client.put("/file/inside.txt").await.body;
    assert_ne!(written, "written");
    assert_eq!(std::fs::read_to_string(&inside).unwrap(), "inside");
    for outside in ["/file/link", "/file/../../etc/passwd", "/file/nothing"] {
        let body = host.client.get(outside).await.body;
        assert!(!body.contains("root:"), "{outside}: {body}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn key_value_stores_open_only_where_granted() {
    let host = Host::serve(vec![Guest::new("store").with_store("default")], |_| {}).await;
    assert_eq!(host.client.get("/store/?default").await.body, "");
    assert_eq!(host.client.put("/store/?default").await.body, "value");
    assert_eq!(host.client.get("/store/?default").await.body, "value");
    assert_eq!(
        host.client.get("/store/?other").await.body,
        "Error::AccessDenied"
    );
}

#[tokio::test]
async fn a_component_that_imports_too_much_is_refused_with_every_import() {
    let Err(error) = load(vec![Guest::new("nowhere"), Guest::new("hello")]).await else {
        panic!("it was loaded");
    };
    let error = format!("{error:#}");
    for part in [
        "`nowhere`",
        "nobody:provides/one@1.0.0",
        "nobody:provides/two@1.0.0",
    ] {
        assert!(error.contains(part), "{error}");
    }
    assert!(!error.contains("wasi:"), "{error}");
}
