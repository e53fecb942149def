//! What a route is.

/// One line of a component's route table.
#[derive(Debug, Clone, Copy)]
pub struct Route<E> {
    pub method: Verb,
    /// Segments are literals or `{name}`; the last one may be `{*name}`, which takes all that is left.
    /// `{user_id}` names the caller.
    pub path: &'static str,
    pub access: Access,
    pub endpoint: E,
}

/// Who may use a route. There is no default: every route says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anyone, without a token.
    Public,
    /// Anyone with a good token.
    SignedIn,
    /// Anyone whose token was given this scope.
    Scope(&'static str),
}

/// The methods this API uses; `HEAD` is served by the `GET` route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}
