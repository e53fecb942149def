//! This component's variables, parsed once and read again after a minute, so that a rotated key is
//! seen without a restart.

use std::{
    cell::RefCell,
    rc::Rc,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::Context;
use spin_sdk::variables;

use crate::access_token::Signer;

const REFRESH_S: i64 = 60;

pub struct Settings {
    pub signer: Signer,
    /// Whether browsers reach us by https, so that cookies may be bound to it.
    pub secure_cookies: bool,
}

thread_local! {
    static LOADED: RefCell<Option<(i64, Rc<Settings>)>> = const { RefCell::new(None) };
}

pub async fn load() -> anyhow::Result<Rc<Settings>> {
    let now = now_s();
    let fresh = LOADED.with_borrow(|loaded| {
        loaded
            .as_ref()
            .filter(|(at, _)| now - at < REFRESH_S)
            .map(|(_, settings)| settings.clone())
    });
    if let Some(settings) = fresh {
        return Ok(settings);
    }
    let signer = Signer::new(
        &variable("jwt_signing_key").await?,
        &variable("jwt_public_keys").await?,
        variable("jwt_issuer").await?,
    )?;
    let settings = Rc::new(Settings {
        signer,
        secure_cookies: variable("public_url").await?.starts_with("https://"),
    });
    LOADED.set(Some((now, settings.clone())));
    Ok(settings)
}

/// Seconds since 1970.
pub fn now_s() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_secs() as i64)
}

async fn variable(name: &str) -> anyhow::Result<String> {
    variables::get(name)
        .await
        .with_context(|| format!("reading the variable {name}"))
}
