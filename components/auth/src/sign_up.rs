//! `POST /api/auth/sign-up`.

use http_api::{Body, Problem, Response, StatusCode, read_object};
use store::auth::NewUser;
use uuid::Uuid;

use crate::{Call, input, password, refresh_token, session};

pub async fn sign_up(call: &Call, body: impl Body) -> Result<Response, Problem> {
    let mut fields = read_object(call.request.headers(), body).await?;
    let email = input::email(&mut fields);
    let password = input::new_password(&mut fields, "password");
    let name = input::name(&mut fields).value().unwrap_or_default();
    let time_zone = input::time_zone(&mut fields).value();
    fields.finish()?;

    let user = NewUser {
        id: Uuid::now_v7(),
        email,
        password_hash: password::hash(&password).map_err(Problem::internal)?,
        name,
        time_zone: time_zone.unwrap_or_else(|| "UTC".to_owned()),
    };
    let user_id = user.id;
    let token = refresh_token::generate().map_err(Problem::internal)?;
    let db = store::connect().await.map_err(Problem::internal)?;
    let origin = session::origin(call);
    store::auth::sign_up(&db, user, session::stored(&token), &origin)
        .await?
        .ok_or_else(|| Problem::conflict("email", "already has an account: sign in instead"))
        .and_then(|user| session::signed_in(call, StatusCode::CREATED, user_id, &user, &token))
}
