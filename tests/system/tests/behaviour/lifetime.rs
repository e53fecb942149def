//! The first start of a host, and its end.

use serde_json::json;
use system_tests::{System, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn a_host_sets_up_an_empty_database_by_itself() {
    let Some(system) = System::on_empty_database().await else {
        return;
    };
    let api = system.api();
    let ada = api.sign_up().await;
    api.get("/api/auth/me", &ada.token).await.json(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_asked_to_stop_answers_what_it_has_accepted() {
    let Some(mut system) = crate::system().await else {
        return;
    };
    let api = system.api();
    let ada = api.sign_up().await;
    // Sign-ups take a while each (argon2), so many are under way when the signal comes.
    let requests: Vec<_> = (0..12)
        .map(|n| {
            let api = api.clone();
            tokio::spawn(async move {
                let body =
                    json!({"email": format!("drain{n}@example.com"), "password": "long enough"});
                let request = api
                    .request(http::Method::POST, "/api/auth/sign-up")
                    .json(&body);
                api.try_send(request).await
            })
        })
        .collect();
    eventually("the sign-ups are under way", async || {
        let count = system
            .database
            .number("SELECT count(*) FROM users", &[])
            .await;
        (count >= Some(2)).then_some(())
    })
    .await;
    // Ctrl-C as a plugin of the real Spin gets it: from Spin, and from the terminal.
    system.host.terminate();
    system.host.interrupt();
    let status = system.host.ended().await;
    assert!(status.success(), "{status}");

    let mut answered = 0;
    for request in requests {
        match request.await.expect("no panic") {
            Ok(reply) if reply.status == 201 => answered += 1,
            // Refused, not lost: it had not been accepted yet.
            Ok(reply) => assert_eq!(reply.status, 503, "{}", reply.text),
            Err(error) => assert!(
                error.is_connect(),
                "an accepted request was dropped: {error}"
            ),
        }
    }
    let users = system
        .database
        .number("SELECT count(*) FROM users", &[])
        .await;
    assert_eq!(
        users,
        Some(answered + 1),
        "{} and those who were answered",
        ada.email
    );
}
