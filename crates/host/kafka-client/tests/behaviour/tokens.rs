//! A token endpoint of OpenID Connect. What it hands out nobody has signed.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub const CLIENT: &str = "taskwhisper";
pub const SECRET: &str = "client-secret";
pub const SCOPE: &str = "events";

/// Its URL; it answers as long as the test runs.
pub async fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    serve_on(listener)
}

/// As [`serve`], on this listener.
pub fn serve_on(listener: TcpListener) -> String {
    let address = listener.local_addr().expect("its address");
    let app = axum::Router::new().route("/token", post(token));
    tokio::spawn(async { axum::serve(listener, app).await });
    format!("http://{address}/token")
}

async fn token(headers: HeaderMap, form: String) -> Result<Json<Value>, StatusCode> {
    let credentials = BASE64_STANDARD.encode(format!("{CLIENT}:{SECRET}"));
    if headers.get(AUTHORIZATION).map(|value| value.as_bytes())
        != Some(format!("Basic {credentials}").as_bytes())
    {
        return Err(StatusCode::UNAUTHORIZED);
    }
    if form != format!("grant_type=client_credentials&scope={SCOPE}") {
        return Err(StatusCode::BAD_REQUEST);
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.expect("after 1970").as_secs();
    let part = |part: Value| BASE64_URL_SAFE_NO_PAD.encode(part.to_string());
    let token = format!(
        "{}.{}.",
        part(json!({"alg": "none"})),
        part(json!({"sub": CLIENT, "iat": now - 1, "exp": now + 600}))
    );
    Ok(Json(json!({
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": 600
    })))
}
