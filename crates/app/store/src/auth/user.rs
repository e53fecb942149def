//! Accounts: make, read, change.

use super::{Database, Error, EventType, NewToken, Origin, Uuid, first_text};

/// An account that is about to be made.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// UUIDv7.
    pub id: Uuid,
    /// Kept as written; unique without regard to case.
    pub email: String,
    /// PHC string.
    pub password_hash: String,
    /// May be empty.
    pub name: String,
    /// IANA name.
    pub time_zone: String,
}

/// Makes an account with its first session. Returns the user's JSON text; `None` when the e-mail
/// address is taken.
pub async fn sign_up(
    db: &impl Database,
    user: NewUser,
    token: NewToken,
    origin: &Origin,
) -> Result<Option<String>, Error> {
    let parameters = vec![
        user.id.to_string().into(),
        user.email.into(),
        user.password_hash.into(),
        user.name.into(),
        user.time_zone.into(),
        token.hash.into(),
        origin.user_agent().into(),
        token.lifetime_s.into(),
        origin.event(EventType::UserSignedUp),
    ];
    first_text(db, include_str!("sign_up.sql"), parameters).await
}

/// The user's JSON text; `None` when the account is gone.
pub async fn read_user(db: &impl Database, user_id: Uuid) -> Result<Option<String>, Error> {
    const STATEMENT: &str = "SELECT user_json(users)::text FROM users WHERE id = $1::text::uuid";
    first_text(db, STATEMENT, vec![user_id.to_string().into()]).await
}

/// The stored hash of an account's password; `None` when the account is gone.
pub async fn read_password_hash(
    db: &impl Database,
    user_id: Uuid,
) -> Result<Option<String>, Error> {
    const STATEMENT: &str = "SELECT hash FROM passwords WHERE user_id = $1::text::uuid";
    first_text(db, STATEMENT, vec![user_id.to_string().into()]).await
}

/// Changes name and time zone where they are given. Returns the user's JSON text; `None` when the
/// account is gone.
pub async fn update_user(
    db: &impl Database,
    user_id: Uuid,
    name: Option<String>,
    time_zone: Option<String>,
    origin: &Origin,
) -> Result<Option<String>, Error> {
    let parameters = vec![
        user_id.to_string().into(),
        name.into(),
        time_zone.into(),
        origin.event(EventType::UserUpdated),
    ];
    first_text(db, include_str!("update_user.sql"), parameters).await
}

/// Sets the password, ends every session and begins a new one. Returns the user's JSON text; `None`
/// when the password is no longer the checked one.
pub async fn change_password(
    db: &impl Database,
    user_id: Uuid,
    checked_hash: String,
    new_hash: String,
    token: NewToken,
    origin: &Origin,
) -> Result<Option<String>, Error> {
    let parameters = vec![
        user_id.to_string().into(),
        checked_hash.into(),
        new_hash.into(),
        token.hash.into(),
        origin.user_agent().into(),
        token.lifetime_s.into(),
        origin.event(EventType::PasswordChanged),
    ];
    first_text(db, include_str!("change_password.sql"), parameters).await
}
