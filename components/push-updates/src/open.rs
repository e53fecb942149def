//! Who may connect. Browsers cannot set headers on a WebSocket, so the access token comes as a
//! subprotocol; in the URL it would end up in logs.

use http_api::{Problem, StatusCode, authenticate_token, header};
use spin_websocket::{Acceptance, Opening, Refusal};

/// The subprotocol spoken here.
const SUBPROTOCOL: &str = "taskwhisper.v1";
/// What the subprotocol that carries the token begins with.
const TOKEN_PREFIX: &str = "bearer.";
const SCOPE_READ: &str = "tasks:read";

/// The connection's user, until the token expires.
pub async fn authorize(opening: &Opening) -> Result<Acceptance, Problem> {
    let token = opening
        .subprotocol_with_prefix(TOKEN_PREFIX)
        .ok_or_else(token_missing)?;
    let caller = authenticate_token(token).await?;
    caller.require_scope(SCOPE_READ)?;
    if !opening.offers(SUBPROTOCOL) {
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            format!("offer the subprotocol {SUBPROTOCOL} beside the token's"),
        ));
    }
    let user = caller.user_id.to_string();
    Ok(Acceptance::new([user.as_str()])
        .subprotocol(SUBPROTOCOL)
        .context(user.as_str())
        .expires_at(caller.expires_at.try_into().unwrap_or(0)))
}

fn token_missing() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        format!("offer the subprotocols {SUBPROTOCOL} and {TOKEN_PREFIX}<access token>"),
    )
    .with_header(header::WWW_AUTHENTICATE, "Bearer realm=\"taskwhisper\"")
}

/// The problem document as the answer to the opening request.
pub fn refusal(problem: Problem) -> Refusal {
    if let Some(cause) = problem.cause() {
        eprintln!("opening refused: {cause:#}");
    }
    let (parts, body) = problem.into_document().into_parts();
    let headers = parts.headers.iter();
    Refusal {
        status: parts.status.as_u16(),
        headers: headers
            .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
            .collect(),
        body: body.to_vec(),
    }
}
