//! `/api/auth/me` and `/api/auth/change-password`: one's own account.

use events::Source;
use http_api::{Body, Field, Problem, Response, StatusCode, read_object, response};
use operations::accounts::{self, Changes};
use operations::{Author, Context};
use store::Connection;
use store::auth::AttemptKeys;

use crate::{Call, input, password, refresh_token, session, sign_in};

pub async fn read(call: &Call) -> Result<Response, Problem> {
    let user = accounts::read(&context(call).await?).await?;
    Ok(response::json_text(StatusCode::OK, user))
}

/// A merge patch (RFC 7396) of name and time zone.
pub async fn change(call: &Call, body: impl Body) -> Result<Response, Problem> {
    let mut fields = read_object(call.request.headers(), body).await?;
    let name = match input::name(&mut fields) {
        Field::Null => Some(String::new()),
        other => other.value(),
    };
    let time_zone = match input::time_zone(&mut fields) {
        Field::Null => {
            fields.violation("time_zone", "cannot be removed");
            None
        }
        other => other.value(),
    };
    fields.finish()?;

    let changes = Changes { name, time_zone };
    let context = context(call).await?;
    let user = accounts::change(&context, changes, &session::origin(call)).await?;
    Ok(response::json_text(StatusCode::OK, user))
}

/// Ends every session but the one it answers with.
pub async fn change_password(call: &Call, body: impl Body) -> Result<Response, Problem> {
    let user_id = call.request.user_id()?;
    let mut fields = read_object(call.request.headers(), body).await?;
    let current = input::password(&mut fields, "current_password");
    let new = input::new_password(&mut fields, "new_password");
    fields.finish()?;

    let db = store::connect().await.map_err(Problem::internal)?;
    let checked_hash = store::auth::read_password_hash(&db, user_id)
        .await?
        .ok_or_else(gone)?;
    let keys = AttemptKeys::new(
        &user_id.to_string(),
        call.request.context.client_ip.as_deref(),
    );
    sign_in::count_attempt(&db, &keys, "").await?;
    let wrong = || Problem::invalid_field("current_password", "is wrong");
    if !password::fits(&current, Some(&checked_hash)).map_err(Problem::internal)? {
        return Err(wrong());
    }
    let new_hash = password::hash(&new).map_err(Problem::internal)?;
    let token = refresh_token::generate().map_err(Problem::internal)?;
    let user = store::auth::change_password(
        &db,
        user_id,
        checked_hash,
        new_hash,
        session::stored(&token),
        &session::origin(call),
    )
    .await?
    .ok_or_else(wrong)?;
    session::signed_in(call, StatusCode::OK, user_id, &user, &token)
}

async fn context(call: &Call) -> Result<Context<Connection>, Problem> {
    let user_id = call.request.user_id()?;
    let db = store::connect().await.map_err(Problem::internal)?;
    let traceparent = call.request.context.traceparent.clone();
    let author = Author::user(user_id, Source::Rest, traceparent);
    Ok(Context::new(db, author))
}

fn gone() -> Problem {
    Problem::unauthorized(Some("the account no longer exists"))
}
