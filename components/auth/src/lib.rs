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

use http_api::{
    Body, Context, Parts, Problem, Query, Request, Response, Route, StatusCode, authenticate,
    header, response, response::ResponseExt, routes,
};
use settings::Settings;

#[derive(Clone, Copy)]
enum Endpoint {
    SignUp,
    SignIn,
    Refresh,
    SignOut,
    Jwks,
    ReadMe,
    ChangeMe,
    ChangePassword,
}

const ROUTES: &[Route<Endpoint>] = &[
    Route::post("/api/auth/sign-up", Endpoint::SignUp),
    Route::post("/api/auth/sign-in", Endpoint::SignIn),
    Route::post("/api/auth/refresh", Endpoint::Refresh),
    Route::post("/api/auth/sign-out", Endpoint::SignOut),
    Route::get("/api/auth/jwks", Endpoint::Jwks),
    Route::get("/api/auth/me", Endpoint::ReadMe),
    Route::patch("/api/auth/me", Endpoint::ChangeMe),
    Route::post("/api/auth/change-password", Endpoint::ChangePassword),
];

/// What every endpoint gets: the request without its body, and what it carries beside.
struct Call {
    parts: Parts,
    context: Context,
    settings: std::rc::Rc<Settings>,
}

http_api::service!(route);

async fn route(request: Request<impl Body>, context: Context) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let endpoint = routes::find(ROUTES, &parts.method, parts.uri.path())?.endpoint;
    Query::refuse_all(parts.uri.query())?;
    let settings = settings::load().await.map_err(Problem::internal)?;
    let call = Call {
        parts,
        context,
        settings,
    };
    match endpoint {
        Endpoint::SignUp => sign_up::sign_up(&call, body).await,
        Endpoint::SignIn => sign_in::sign_in(&call, body).await,
        Endpoint::Refresh => session::refresh(&call, body).await,
        Endpoint::SignOut => session::sign_out(&call, body).await,
        Endpoint::Jwks => Ok(jwks(&call.settings)),
        Endpoint::ReadMe => me::read(&call, authenticate(&call.parts.headers).await?).await,
        Endpoint::ChangeMe => {
            let identity = authenticate(&call.parts.headers).await?;
            me::change(&call, identity, body).await
        }
        Endpoint::ChangePassword => {
            let identity = authenticate(&call.parts.headers).await?;
            me::change_password(&call, identity, body).await
        }
    }
}

/// The public keys, for whoever wants to check our tokens (RFC 7517).
fn jwks(settings: &Settings) -> Response {
    response::json_text(StatusCode::OK, settings.signer.jwks().to_owned())
        .with_header(header::CACHE_CONTROL, "public, max-age=300")
}
