//! Sessions: families of refresh tokens, each used once.

use super::{Database, Error, EventType, NewToken, Origin, Uuid, column, first_row, uuid_column};

/// What became of a presented refresh token.
#[derive(Debug, Clone)]
pub enum Refreshed {
    /// It was good and is used up; the next token took its place.
    Rotated {
        /// Whose session it is.
        user_id: Uuid,
        /// The user's JSON text.
        user: String,
    },
    /// It had been used before: someone has a copy, so the whole family was revoked.
    Reused,
    /// Unknown, expired or revoked.
    Ended,
}

/// Trades a refresh token (by its hash) for the next one.
pub async fn refresh(
    db: &impl Database,
    presented_hash: Vec<u8>,
    next: NewToken,
    origin: &Origin,
) -> Result<Refreshed, Error> {
    let parameters = vec![
        presented_hash.into(),
        next.hash.into(),
        origin.user_agent().into(),
        next.lifetime_s.into(),
        origin.event(EventType::SessionRevoked),
    ];
    let Some(row) = first_row(db, include_str!("refresh.sql"), parameters).await? else {
        return Ok(Refreshed::Ended);
    };
    let state: String = column(&row, 0)?;
    Ok(match state.as_str() {
        "good" => Refreshed::Rotated {
            user_id: uuid_column(&row, 1)?,
            user: column(&row, 2)?,
        },
        "reused" => Refreshed::Reused,
        _ => Refreshed::Ended,
    })
}

/// Ends the session of a refresh token (by its hash); one that is not good any more is left alone.
pub async fn sign_out(
    db: &impl Database,
    presented_hash: Vec<u8>,
    origin: &Origin,
) -> Result<(), Error> {
    let parameters = vec![
        presented_hash.into(),
        origin.event(EventType::UserSignedOut),
    ];
    db.query(include_str!("sign_out.sql"), parameters).await?;
    Ok(())
}
