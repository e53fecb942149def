//! Signing in, in two statements: the attempt is counted before the password is looked at.

use super::{
    Database, Error, EventType, NewToken, Origin, Uuid, column, first_row, first_text, uuid_column,
};

/// How long attempts are counted, in seconds: 15 minutes.
const WINDOW_S: i32 = 15 * 60;

/// Names the rows in which attempts are counted.
#[derive(Debug, Clone)]
pub struct AttemptKeys {
    of_account: String,
    of_peer: String,
}

impl AttemptKeys {
    /// For an e-mail address tried from a peer.
    pub fn new(email: &str, ip: Option<&str>) -> Self {
        let peer = ip.unwrap_or("unknown");
        // "account" sorts before "peer": everyone locks the two rows in this order.
        Self {
            of_account: format!("account {} {peer}", email.to_lowercase()),
            of_peer: format!("peer {peer}"),
        }
    }
}

/// How often something was tried within the window, this time included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempts {
    /// This time included.
    pub count: i32,
    /// Seconds until counting begins anew.
    pub retry_after_s: i32,
}

/// What is known before the password is looked at.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// For this account from this peer.
    pub of_account: Attempts,
    /// For any account from this peer.
    pub of_peer: Attempts,
    /// The account's id and password hash, if there is one.
    pub account: Option<(Uuid, String)>,
}

/// Counts an attempt and finds the account.
pub async fn begin_sign_in(
    db: &impl Database,
    keys: &AttemptKeys,
    email: &str,
) -> Result<Attempt, Error> {
    let parameters = vec![
        keys.of_account.clone().into(),
        keys.of_peer.clone().into(),
        WINDOW_S.into(),
        email.to_owned().into(),
    ];
    let row = first_row(db, include_str!("begin_sign_in.sql"), parameters)
        .await?
        .ok_or_else(|| Error::Decode("begin_sign_in gave no row".to_owned()))?;
    let account = match column::<Option<String>>(&row, 5)? {
        Some(password_hash) => Some((uuid_column(&row, 4)?, password_hash)),
        None => None,
    };
    Ok(Attempt {
        of_account: Attempts {
            count: column(&row, 0)?,
            retry_after_s: column(&row, 1)?,
        },
        of_peer: Attempts {
            count: column(&row, 2)?,
            retry_after_s: column(&row, 3)?,
        },
        account,
    })
}

/// The password was right: begins a session. Returns the user's JSON text; `None` when the account
/// is gone or its password no longer the checked one.
pub async fn finish_sign_in(
    db: &impl Database,
    user_id: Uuid,
    checked_hash: String,
    token: NewToken,
    keys: &AttemptKeys,
    origin: &Origin,
) -> Result<Option<String>, Error> {
    let parameters = vec![
        user_id.to_string().into(),
        token.hash.into(),
        origin.user_agent().into(),
        token.lifetime_s.into(),
        origin.event(EventType::UserSignedIn),
        keys.of_account.clone().into(),
        keys.of_peer.clone().into(),
        checked_hash.into(),
    ];
    first_text(db, include_str!("finish_sign_in.sql"), parameters).await
}

/// The password was wrong: notes it for the account's owner.
pub async fn fail_sign_in(db: &impl Database, user_id: Uuid, origin: &Origin) -> Result<(), Error> {
    let parameters = vec![
        user_id.to_string().into(),
        origin.event(EventType::SignInFailed),
    ];
    db.query(include_str!("fail_sign_in.sql"), parameters)
        .await?;
    Ok(())
}
