//! PUT sets a key of the store that its query names, GET reads it.

use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;
use spin_sdk::key_value::{Error, Store};

#[http_service]
async fn store(request: Request) -> impl IntoResponse {
    let label = request.uri().query().unwrap_or_default();
    let outcome = use_store(label, request.method() == "PUT").await;
    outcome.unwrap_or_else(|error| format!("{error:?}"))
}

async fn use_store(label: &str, set: bool) -> Result<String, Error> {
    let store = Store::open(label).await?;
    if set {
        store.set("key", b"value").await?;
    }
    let value = store.get("key").await?.unwrap_or_default();
    Ok(String::from_utf8_lossy(&value).into_owned())
}
