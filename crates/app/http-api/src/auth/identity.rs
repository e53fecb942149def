//! The caller behind a verified token.

use std::sync::Arc;

use http::StatusCode;
use uuid::Uuid;

use crate::{
    problem::Problem,
    routes::{NOT_A_UUID, parse_uuid},
};

/// The scope of a person's own session: everything.
pub const SCOPE_ALL: &str = "*";

/// A verified caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub user_id: Uuid,
    /// Space-separated, as in the token (RFC 8693 section 4.2).
    pub scope: Arc<str>,
    /// Seconds since 1970 after which the token is no longer good.
    pub expires_at: i64,
}

impl Identity {
    /// Whether the token was given this scope.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scope
            .split(' ')
            .any(|given| given == scope || given == SCOPE_ALL)
    }

    /// 403 unless the token was given this scope.
    pub fn require_scope(&self, scope: &str) -> Result<(), Problem> {
        if self.has_scope(scope) {
            return Ok(());
        }
        Err(Problem::insufficient_scope(scope))
    }

    /// The user of `/api/{user_id}/...`: the token's own, or its alias `me`. 403 for anyone else's: the
    /// token is good, so another one would not help. 400 for what cannot be a user id.
    pub fn require_user(&self, segment: &str) -> Result<Uuid, Problem> {
        if segment == "me" {
            return Ok(self.user_id);
        }
        match parse_uuid(segment) {
            Some(user_id) if user_id == self.user_id => Ok(user_id),
            Some(_) => Err(Problem::new(
                StatusCode::FORBIDDEN,
                "the token belongs to another user",
            )),
            None => Err(Problem::invalid_field(
                "user_id",
                format!("{NOT_A_UUID}, or me"),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(scope: &str) -> Identity {
        Identity {
            user_id: Uuid::from_u128(7),
            scope: scope.into(),
            expires_at: 0,
        }
    }

    #[test]
    fn the_path_must_name_the_tokens_user() {
        let caller = identity("*");
        let status = |segment: &str| caller.require_user(segment).map_err(|p| p.status());
        assert_eq!(status("me"), Ok(caller.user_id));
        assert_eq!(status(&caller.user_id.to_string()), Ok(caller.user_id));
        assert_eq!(
            status(&Uuid::from_u128(8).to_string()),
            Err(StatusCode::FORBIDDEN)
        );
        assert_eq!(status("everyone"), Err(StatusCode::BAD_REQUEST));
    }

    #[test]
    fn a_scope_must_have_been_given() {
        assert!(identity("*").has_scope("tasks:write"));
        assert!(identity("tasks:read tasks:write").has_scope("tasks:write"));
        assert!(!identity("tasks:read").has_scope("tasks:write"));
        let refused = identity("tasks:read").require_scope("tasks:write");
        assert_eq!(refused.map_err(|p| p.status()), Err(StatusCode::FORBIDDEN));
    }
}
