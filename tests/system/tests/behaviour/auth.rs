//! Accounts, tokens and sessions.

use chrono::Utc;
use http::Method;
use serde_json::{Value, json};
use system_tests::{Account, Api, Reply};
use uuid::Uuid;

async fn post(api: &Api, path: &str, body: &Value) -> Reply {
    api.send(api.request(Method::POST, path).json(body)).await
}

async fn with_cookie(api: &Api, path: &str, cookie: &str) -> Reply {
    api.send(api.request(Method::POST, path).header("cookie", cookie))
        .await
}

async fn audit_types(api: &Api, account: &Account) -> Vec<String> {
    let entries = api.all(&account.path("/audit-logs"), &account.token).await;
    entries
        .iter()
        .map(|entry| entry["event_type"].as_str().expect("a type").to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_up_and_in_gives_a_token_that_works_and_a_hidden_cookie() {
    let Some(system) = crate::shared().await else {
        return;
    };
    let api = system.api();
    let ada = api.sign_up().await;

    let me = api.get("/api/auth/me", &ada.token).await.json(200);
    assert_eq!(me["email"], ada.email);
    assert_eq!(me["time_zone"], "Europe/Berlin");

    let credentials = json!({"email": ada.email.to_uppercase(), "password": ada.password});
    let reply = post(&api, "/api/auth/sign-in", &credentials).await;
    let body = reply.json(200);
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expires_in"], 900);
    assert_eq!(
        body["user"]["id"], ada.id,
        "an address is the same in capitals"
    );
    let cookie = reply.header("set-cookie").expect("a cookie");
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/api/auth", "Max-Age="] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert!(
        !reply.text.contains("refresh"),
        "the refresh token is only in the cookie"
    );

    let taken = json!({"email": ada.email, "password": "another password"});
    let reply = post(&api, "/api/auth/sign-up", &taken).await;
    assert_eq!(reply.named_fields(409), ["email"]);

    let jwks = api
        .send(api.request(Method::GET, "/api/auth/jwks"))
        .await
        .json(200);
    assert_eq!(jwks["keys"][0]["crv"], "Ed25519");
    assert_eq!(jwks["keys"][0]["kid"], system.secrets().kid());
    assert!(jwks["keys"][0].get("d").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_and_an_unknown_address_look_the_same_until_there_were_too_many() {
    let Some(system) = crate::shared().await else {
        return;
    };
    let api = system.api();
    let ada = api.sign_up().await;
    let wrong = json!({"email": ada.email, "password": "wrong password"});
    let unknown = json!({"email": "nobody@example.com", "password": "wrong password"});

    let first = post(&api, "/api/auth/sign-in", &wrong).await.problem(401);
    let second = post(&api, "/api/auth/sign-in", &unknown).await.problem(401);
    assert_eq!(first, second);

    let mut refused = None;
    for _ in 0..15 {
        let reply = post(&api, "/api/auth/sign-in", &wrong).await;
        if reply.status != 401 {
            refused = Some(reply);
            break;
        }
    }
    let refused = refused.expect("too many attempts are refused");
    refused.problem(429);
    assert!(refused.header("retry-after").is_some());

    // Nobody else is locked out.
    let bob = api.sign_up().await;
    let credentials = json!({"email": bob.email, "password": bob.password});
    post(&api, "/api/auth/sign-in", &credentials)
        .await
        .json(200);

    let failures = system_tests::eventually("the failures in the audit log", async || {
        let types = audit_types(&api, &ada).await;
        let count = types.iter().filter(|t| *t == "sign_in_failed").count();
        (count > 0).then_some(count)
    })
    .await;
    assert!(
        failures <= 10,
        "attempts that were refused are not noted: {failures}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_works_once_and_its_reuse_ends_the_session() {
    let Some(system) = crate::shared().await else {
        return;
    };
    let api = system.api();
    let ada = api.sign_up().await;

    let second = Account::from_reply(
        &with_cookie(&api, "/api/auth/refresh", &ada.cookie).await,
        200,
    );
    assert_ne!(second.cookie, ada.cookie, "rotated");
    let third = Account::from_reply(
        &with_cookie(&api, "/api/auth/refresh", &second.cookie).await,
        200,
    );
    api.get("/api/auth/me", &third.token).await.json(200);

    // Another session of the same person is not touched by what follows.
    let credentials = json!({"email": ada.email, "password": ada.password});
    let elsewhere = Account::from_reply(&post(&api, "/api/auth/sign-in", &credentials).await, 200);

    let reused = with_cookie(&api, "/api/auth/refresh", &ada.cookie).await;
    reused.problem(401);
    assert!(
        reused
            .header("set-cookie")
            .is_some_and(|cookie| cookie.contains("Max-Age=0"))
    );
    with_cookie(&api, "/api/auth/refresh", &third.cookie)
        .await
        .problem(401);
    Account::from_reply(
        &with_cookie(&api, "/api/auth/refresh", &elsewhere.cookie).await,
        200,
    );

    for nothing in ["", "refresh_token=", "refresh_token=nonsense", "other=1"] {
        with_cookie(&api, "/api/auth/refresh", nothing)
            .await
            .problem(401);
    }
    system_tests::eventually("the theft in the audit log", async || {
        audit_types(&api, &ada)
            .await
            .iter()
            .any(|t| t == "session.revoked")
            .then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_refreshes_with_one_token_at_most_one_succeeds_and_none_lives_on() {
    let Some(system) = crate::shared().await else {
        return;
    };
    let api = system.api();
    for _ in 0..5 {
        let ada = api.sign_up().await;
        let attempts = (0..8).map(|_| with_cookie(&api, "/api/auth/refresh", &ada.cookie));
        let replies = futures::future::join_all(attempts).await;
        let winners: Vec<&Reply> = replies.iter().filter(|reply| reply.status == 200).collect();
        assert_eq!(winners.len(), 1);
        let cookie = winners[0].cookie().expect("a next token");
        with_cookie(&api, "/api/auth/refresh", &cookie)
            .await
            .problem(401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_ends_the_session_and_may_be_repeated() {
    let Some(system) = crate::shared().await else {
        return;
    };
    let api = system.api();
    let ada = api.sign_up().await;
    for _ in 0..2 {
        let reply = with_cookie(&api, "/api/auth/sign-out", &ada.cookie).await;
        assert_eq!(reply.status, 204);
        assert!(
            reply
                .header("set-cookie")
                .is_some_and(|cookie| cookie.contains("Max-Age=0"))
        );
    }
    with_cookie(&api, "/api/auth/refresh", &ada.cookie)
        .await
        .problem(401);
    let types = system_tests::eventually("signing out in the audit log", async || {
        let types = audit_types(&api, &ada).await;
        (types.len() >= 2).then_some(types)
    })
    .await;
    assert_eq!(types, ["user.signed_up", "user.signed_out"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_ends_every_other_session() {
    let Some(system) = crate::shared().await else {
        return;
    };
    let api = system.api();
    let ada = api.sign_up().await;
    let change = json!({"current_password": ada.password, "new_password": "a better password"});
    let wrong =
        json!({"current_password": "not the password", "new_password": "a better password"});
    let reply = api
        .post("/api/auth/change-password", &ada.token, &wrong)
        .await;
    assert_eq!(reply.named_fields(400), ["current_password"]);
    let reply = api
        .post("/api/auth/change-password", &ada.token, &change)
        .await;
    let fresh = Account::from_reply(&reply, 200);
    with_cookie(&api, "/api/auth/refresh", &ada.cookie)
        .await
        .problem(401);
    Account::from_reply(
        &with_cookie(&api, "/api/auth/refresh", &fresh.cookie).await,
        200,
    );
    let old = json!({"email": ada.email, "password": ada.password});
    post(&api, "/api/auth/sign-in", &old).await.problem(401);
    let new = json!({"email": ada.email, "password": "a better password"});
    post(&api, "/api/auth/sign-in", &new).await.json(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_or_expired_token_opens_nothing() {
    let Some(system) = crate::shared().await else {
        return;
    };
    let api = system.api();
    let ada = api.sign_up().await;
    let secrets = system.secrets();
    let now = Utc::now().timestamp();
    let claims = |change: Value| {
        let mut claims = json!({
            "iss": "taskwhisper", "sub": ada.id, "iat": now, "exp": now + 900,
            "jti": Uuid::new_v4().to_string(), "scope": "*",
        });
        for (name, value) in change.as_object().expect("an object") {
            claims[name] = value.clone();
        }
        claims
    };
    let good = secrets.sign(&claims(json!({})));
    api.get("/api/auth/me", &good).await.json(200);

    let mut parts: Vec<&str> = good.split('.').collect();
    let none = base64_url(&json!({"alg": "none", "kid": secrets.kid()}).to_string());
    let hs256 = base64_url(&json!({"alg": "HS256", "kid": secrets.kid()}).to_string());
    let other_user = base64_url(&claims(json!({"sub": Uuid::new_v4().to_string()})).to_string());
    let signature = parts[2];
    parts[1] = &other_user;
    let changed = parts.join(".");
    let unsigned = format!("{none}.{other_user}.");
    let unsigned_with_signature = format!("{none}.{other_user}.{signature}");
    let symmetric = format!("{hs256}.{other_user}.{signature}");
    for (what, token) in [
        (
            "another key",
            secrets.sign_with_another_key(&claims(json!({}))),
        ),
        (
            "another issuer",
            secrets.sign(&claims(json!({"iss": "elsewhere"}))),
        ),
        (
            "expired",
            secrets.sign(&claims(json!({"iat": now - 2000, "exp": now - 1000}))),
        ),
        ("no expiry", secrets.sign(&claims(json!({"exp": null})))),
        ("no user", secrets.sign(&claims(json!({"sub": "somebody"})))),
        ("other claims", changed),
        ("alg none", unsigned),
        ("alg none, signed", unsigned_with_signature),
        ("HS256", symmetric),
        ("garbage", "garbage".to_owned()),
    ] {
        for path in [
            "/api/auth/me".to_owned(),
            ada.path("/tasks"),
            ada.path("/audit-logs"),
        ] {
            let reply = api.get(&path, &token).await;
            assert_eq!(reply.status, 401, "{what} at {path}: {}", reply.text);
            let challenge = reply.header("www-authenticate").expect("a challenge");
            assert!(
                challenge.contains("error=\"invalid_token\""),
                "{what}: {challenge}"
            );
        }
    }
    let gone = secrets.sign(&claims(json!({"sub": Uuid::new_v4().to_string()})));
    api.get("/api/auth/me", &gone).await.problem(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_is_changed_field_by_field() {
    let Some(system) = crate::shared().await else {
        return;
    };
    let api = system.api();
    let ada = api.sign_up().await;
    let changed = api
        .patch(
            "/api/auth/me",
            &ada.token,
            &json!({"time_zone": "Asia/Tokyo"}),
        )
        .await
        .json(200);
    assert_eq!(changed["time_zone"], "Asia/Tokyo");
    assert_eq!(changed["name"], "Ada");
    assert_eq!(api.get("/api/auth/me", &ada.token).await.json(200), changed);
}

fn base64_url(text: &str) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.encode(text)
}
