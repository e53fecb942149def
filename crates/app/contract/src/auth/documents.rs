//! Accounts and sessions as they are sent.

use chrono::{DateTime, Utc};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(ToSchema)]
pub struct NewAccount {
    pub email: String,
    /// 8 to 200 characters.
    #[schema(min_length = 8, max_length = 200)]
    pub password: String,
    /// One line of at most 200 characters.
    pub name: Option<String>,
    /// IANA name; UTC if it is left out.
    pub time_zone: Option<String>,
}

#[derive(ToSchema)]
pub struct Credentials {
    pub email: String,
    #[schema(max_length = 200)]
    pub password: String,
}

#[derive(ToSchema)]
pub struct Account {
    pub id: Uuid,
    pub email: String,
    /// May be empty.
    pub name: String,
    /// IANA name.
    pub time_zone: String,
    pub created_at: DateTime<Utc>,
}

/// Fields that are left out stay as they are.
#[derive(ToSchema)]
pub struct AccountChanges {
    /// One line of at most 200 characters; null clears it.
    pub name: Option<String>,
    /// IANA name.
    pub time_zone: Option<String>,
}

#[derive(ToSchema)]
pub struct NewPassword {
    #[schema(max_length = 200)]
    pub current_password: String,
    /// 8 to 200 characters.
    #[schema(min_length = 8, max_length = 200)]
    pub new_password: String,
}

/// The refresh token comes as a cookie.
#[derive(ToSchema)]
pub struct Session {
    /// An EdDSA JWT, for `Authorization: Bearer`.
    pub access_token: String,
    /// `Bearer`.
    pub token_type: String,
    /// Seconds that the access token is good for.
    pub expires_in: i64,
    pub user: Account,
}

#[derive(ToSchema)]
pub struct Jwks {
    /// Each as a JWK.
    #[schema(value_type = Vec<Object>)]
    pub keys: Vec<()>,
}
