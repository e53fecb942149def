//! Accounts and sessions: `/api/auth/...`. The only component that holds the signing key.

mod access_token;
mod cookie;
mod input;
mod me;
mod password;
mod refresh_token;
mod session;
mod settings;
mod sign_in;
mod sign_up;

use contract::auth::{Endpoint, ROUTES};
use http_api::{
    Admitted, Body, Problem, Query, Response, StatusCode, header, response, response::ResponseExt,
};
use settings::Settings;

/// What every endpoint gets: the request without its body, and what it needs beside.
struct Call {
    request: Admitted<Endpoint>,
    settings: std::rc::Rc<Settings>,
}

http_api::service!(Endpoint, ROUTES, handle);

async fn handle(request: Admitted<Endpoint>, body: impl Body) -> Result<Response, Problem> {
    Query::refuse_all(request.query())?;
    let settings = settings::load().await.map_err(Problem::internal)?;
    let call = Call { request, settings };
    match call.request.endpoint {
        Endpoint::SignUp => sign_up::sign_up(&call, body).await,
        Endpoint::SignIn => sign_in::sign_in(&call, body).await,
        Endpoint::RefreshSession => session::refresh(&call, body).await,
        Endpoint::SignOut => session::sign_out(&call, body).await,
        Endpoint::ListKeys => Ok(jwks(&call.settings)),
        Endpoint::ReadAccount => me::read(&call).await,
        Endpoint::ChangeAccount => me::change(&call, body).await,
        Endpoint::ChangePassword => me::change_password(&call, body).await,
    }
}

/// The public keys, for whoever wants to check our tokens (RFC 7517).
fn jwks(settings: &Settings) -> Response {
    response::json_text(StatusCode::OK, settings.signer.jwks().to_owned())
        .with_header(header::CACHE_CONTROL, "public, max-age=300")
}
