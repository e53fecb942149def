//! `POST /api/auth/refresh` and `/sign-out`, and what every answer that begins or prolongs a session
//! looks like.
//!
//! A refresh token is good for one use. There is no grace period for a second use: it would be one
//! for a thief too. Browser tabs share the cookie and take turns (the web app holds a Web Lock).

use http_api::{
    Body, Problem, Response, StatusCode, header, read_optional_object,
    response::{self, ResponseExt},
};
use store::auth::{NewToken, Origin, Refreshed};
use uuid::Uuid;

use crate::{
    Call, access_token, cookie,
    refresh_token::{self, RefreshToken},
    settings::now_s,
};

pub async fn refresh(call: &Call, body: impl Body) -> Result<Response, Problem> {
    read_optional_object(call.request.headers(), body)
        .await?
        .finish()?;
    let Some(presented) = cookie::read(call.request.headers()) else {
        return Err(unauthorized("there is no refresh token: sign in"));
    };
    let next = refresh_token::generate().map_err(Problem::internal)?;
    let db = store::connect().await.map_err(Problem::internal)?;
    let refreshed = store::auth::refresh(
        &db,
        refresh_token::hash(&presented),
        stored(&next),
        &origin(call),
    )
    .await?;
    match refreshed {
        Refreshed::Rotated { user_id, user } => {
            signed_in(call, StatusCode::OK, user_id, &user, &next)
        }
        Refreshed::Reused => Err(ended(
            call,
            "the refresh token was used before, so its session was ended: sign in again",
        )),
        Refreshed::Ended => Err(ended(call, "the session has ended: sign in again")),
    }
}

pub async fn sign_out(call: &Call, body: impl Body) -> Result<Response, Problem> {
    read_optional_object(call.request.headers(), body)
        .await?
        .finish()?;
    if let Some(presented) = cookie::read(call.request.headers()) {
        let db = store::connect().await.map_err(Problem::internal)?;
        store::auth::sign_out(&db, refresh_token::hash(&presented), &origin(call)).await?;
    }
    Ok(response::no_content().with_header(
        header::SET_COOKIE,
        cookie::clear(call.settings.secure_cookies),
    ))
}

/// The answer with both tokens: the access token in the body, the refresh token as a cookie.
pub fn signed_in(
    call: &Call,
    status: StatusCode,
    user_id: Uuid,
    user: &str,
    refresh: &RefreshToken,
) -> Result<Response, Problem> {
    let access_token = call
        .settings
        .signer
        .sign(user_id, now_s())
        .map_err(Problem::internal)?;
    let text = format!(
        r#"{{"access_token":"{access_token}","token_type":"Bearer","expires_in":{},"user":{user}}}"#,
        access_token::LIFETIME_S
    );
    Ok(response::json_text(status, text).with_header(
        header::SET_COOKIE,
        cookie::set(&refresh.text, call.settings.secure_cookies),
    ))
}

/// 401 for whoever could not show who they are by other means than an access token.
pub fn unauthorized(detail: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, detail)
        .with_header(header::WWW_AUTHENTICATE, "Bearer realm=\"taskwhisper\"")
}

pub fn stored(token: &RefreshToken) -> NewToken {
    NewToken {
        hash: token.hash.clone(),
        lifetime_s: refresh_token::LIFETIME_S,
    }
}

pub fn origin(call: &Call) -> Origin {
    let user_agent = call.request.headers().get(header::USER_AGENT);
    Origin {
        change_id: Uuid::now_v7(),
        ip: call.request.context.client_ip.clone(),
        user_agent: user_agent.and_then(|value| Some(value.to_str().ok()?.to_owned())),
        traceparent: call.request.context.traceparent.clone(),
    }
}

fn ended(call: &Call, detail: &str) -> Problem {
    unauthorized(detail).with_header(
        header::SET_COOKIE,
        cookie::clear(call.settings.secure_cookies),
    )
}
