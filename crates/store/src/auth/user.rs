//! Accounts: make, read, change.

use super::{Connection, Error, NewToken, Origin, Uuid, column, first_row};

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
    db: &Connection,
    user: NewUser,
    token: NewToken,
    origin: &Origin,
) -> Result<Option<String>, Error> {
    let [event_id, metadata, headers] = origin.event();
    let parameters = vec![
        user.id.to_string().into(),
        user.email.into(),
        user.password_hash.into(),
        user.name.into(),
        user.time_zone.into(),
        token.hash.into(),
        origin.user_agent().into(),
        token.lifetime_s.into(),
        event_id,
        metadata,
        headers,
    ];
    let row = first_row(db, include_str!("sign_up.sql"), parameters).await?;
    row.map(|row| column(&row, 0)).transpose()
}

/// The user's JSON text; `None` when the account is gone.
pub async fn read_user(db: &Connection, user_id: Uuid) -> Result<Option<String>, Error> {
    const STATEMENT: &str = "SELECT user_json(users)::text FROM users WHERE id = $1::text::uuid";
    let row = first_row(db, STATEMENT, vec![user_id.to_string().into()]).await?;
    row.map(|row| column(&row, 0)).transpose()
}

/// The stored hash of an account's password; `None` when the account is gone.
pub async fn read_password_hash(db: &Connection, user_id: Uuid) -> Result<Option<String>, Error> {
    const STATEMENT: &str = "SELECT password_hash FROM users WHERE id = $1::text::uuid";
    let row = first_row(db, STATEMENT, vec![user_id.to_string().into()]).await?;
    row.map(|row| column(&row, 0)).transpose()
}

/// Changes name and time zone where they are given. Returns the user's JSON text; `None` when the
/// account is gone.
pub async fn update_user(
    db: &Connection,
    user_id: Uuid,
    name: Option<String>,
    time_zone: Option<String>,
    origin: &Origin,
) -> Result<Option<String>, Error> {
    let [event_id, metadata, headers] = origin.event();
    let parameters = vec![
        user_id.to_string().into(),
        name.into(),
        time_zone.into(),
        event_id,
        metadata,
        headers,
    ];
    let row = first_row(db, include_str!("update_user.sql"), parameters).await?;
    row.map(|row| column(&row, 0)).transpose()
}

/// Sets the password, ends every session and begins a new one. Returns the user's JSON text; `None`
/// when the password is no longer the checked one.
pub async fn change_password(
    db: &Connection,
    user_id: Uuid,
    checked_hash: String,
    new_hash: String,
    token: NewToken,
    origin: &Origin,
) -> Result<Option<String>, Error> {
    let [event_id, metadata, headers] = origin.event();
    let parameters = vec![
        user_id.to_string().into(),
        checked_hash.into(),
        new_hash.into(),
        token.hash.into(),
        origin.user_agent().into(),
        token.lifetime_s.into(),
        event_id,
        metadata,
        headers,
    ];
    let row = first_row(db, include_str!("change_password.sql"), parameters).await?;
    row.map(|row| column(&row, 0)).transpose()
}
