//! `POST /tasks`.

use crate::{Call, no_account, task_response};
use chrono::Utc;
use chrono_tz::Tz;
use http_api::idempotency::IdempotencyKey;
use http_api::response::ResponseExt;
use http_api::{Body, Problem, Response, StatusCode, Violations, header, read_object};
use store::Connection;
use store::tasks::{self, Created, NewTask, Origin, RequestKey};

pub async fn create(call: &Call, body: impl Body) -> Result<Response, Problem> {
    let fields = read_object(&call.parts.headers, body).await?;
    let key = IdempotencyKey::from_request(
        &call.parts.headers,
        &call.parts.method,
        call.parts.uri.path(),
        fields.bytes(),
    )?;
    let (input, mut violations) = fields.into_parts();
    call.refuse_query(&mut violations);

    let db = call.database().await?;
    let needs_zone = domain::needs_user_time_zone(&input);
    let zone = if needs_zone {
        user_zone(call, &db).await?
    } else {
        Tz::UTC
    };
    let task = checked(domain::create(&input, zone, Utc::now()), violations)?;
    let zone_is_given = needs_zone || input.get("time_zone").is_some_and(|zone| !zone.is_null());
    let new = NewTask {
        task: &task,
        use_user_zone: !zone_is_given,
        origin: match key.clone() {
            None => Origin::Request,
            Some(key) => Origin::KeyedRequest(RequestKey {
                key: key.key,
                fingerprint: key.fingerprint,
            }),
        },
    };
    let (stored, is_replay) = match (tasks::create(&db, &call.author, new).await?, key) {
        (Created::New(stored), _) => (stored, false),
        (Created::Replayed(stored), _) => (stored, true),
        (Created::KeyReused, Some(key)) => return Err(key.reused()),
        (Created::KeyReused | Created::Nothing, _) => return Err(no_account()),
    };
    let location = format!("/api/{}/tasks/{}", call.author.user_id, stored.id);
    let response =
        task_response(StatusCode::CREATED, stored).with_header(header::LOCATION, location);
    Ok(if is_replay {
        response.with_header(
            header::HeaderName::from_static("idempotency-replayed"),
            "true",
        )
    } else {
        response
    })
}

async fn user_zone(call: &Call, db: &Connection) -> Result<Tz, Problem> {
    let name = tasks::user_time_zone(db, call.author.user_id)
        .await?
        .ok_or_else(no_account)?;
    // Checked when it was set; a zone that this build no longer knows must not block its user.
    Ok(name.parse().unwrap_or(Tz::UTC))
}

/// What the domain made of the input, or everything that is wrong with it and with the request.
pub fn checked<T>(
    result: Result<T, domain::Violations>,
    mut violations: Violations,
) -> Result<T, Problem> {
    match result {
        Ok(value) => violations.check().map(|()| value),
        Err(wrong) => {
            violations.extend(wrong.into_iter().map(|wrong| (wrong.field, wrong.message)));
            Err(Problem::invalid(violations))
        }
    }
}
