//! `POST /api/auth/sign-in`. An unknown e-mail address and a wrong password look the same and take
//! the same time.

use http_api::{Body, Problem, Response, StatusCode, read_object};
use store::{
    Database,
    auth::{AttemptKeys, Attempts},
};
use uuid::Uuid;

use crate::{
    Call, input, password, refresh_token,
    session::{self, unauthorized},
};

/// Attempts for one account from one peer within 15 minutes. Per peer, so that nobody can lock
/// somebody else's account.
const MAX_ACCOUNT_ATTEMPTS: i32 = 10;
/// Attempts from one peer, whatever the account; those that succeed are taken back.
const MAX_PEER_ATTEMPTS: i32 = 300;

pub async fn sign_in(call: &Call, body: impl Body) -> Result<Response, Problem> {
    let mut fields = read_object(call.request.headers(), body).await?;
    let email = input::email(&mut fields);
    let password = input::password(&mut fields, "password");
    fields.finish()?;

    let origin = session::origin(call);
    let keys = AttemptKeys::new(&email, origin.ip.as_deref());
    let db = store::connect().await.map_err(Problem::internal)?;
    let account = count_attempt(&db, &keys, &email).await?;

    let hash = account.as_ref().map(|(_, hash)| hash.as_str());
    let fits = password::fits(&password, hash).map_err(Problem::internal)?;
    let Some((user_id, checked_hash)) = account else {
        return Err(wrong());
    };
    if !fits {
        store::auth::fail_sign_in(&db, user_id, &origin).await?;
        return Err(wrong());
    }
    let token = refresh_token::generate().map_err(Problem::internal)?;
    let stored = session::stored(&token);
    store::auth::finish_sign_in(&db, user_id, checked_hash, stored, &keys, &origin)
        .await?
        .ok_or_else(wrong)
        .and_then(|user| session::signed_in(call, StatusCode::OK, user_id, &user, &token))
}

/// Counts one look at a password, or refuses it with 429. Returns the account of the e-mail address.
pub async fn count_attempt(
    db: &impl Database,
    keys: &AttemptKeys,
    email: &str,
) -> Result<Option<(Uuid, String)>, Problem> {
    let attempt = store::auth::begin_sign_in(db, keys, email).await?;
    refuse_past(MAX_ACCOUNT_ATTEMPTS, attempt.of_account)?;
    refuse_past(MAX_PEER_ATTEMPTS, attempt.of_peer)?;
    Ok(attempt.account)
}

fn wrong() -> Problem {
    unauthorized("the e-mail address or the password is wrong")
}

fn refuse_past(max: i32, attempts: Attempts) -> Result<(), Problem> {
    if attempts.count <= max {
        return Ok(());
    }
    let retry_after_s = u64::try_from(attempts.retry_after_s).unwrap_or(0).max(1);
    Err(Problem::too_many_requests(
        retry_after_s,
        "too many attempts to sign in: wait before trying again",
    ))
}
