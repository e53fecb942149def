//! Accounts and sessions: the component `auth`.

mod documents;

use crate::{
    headers::ResponseHeader,
    operation::{Operation, get, patch, post, routes},
    route::{Access, Route},
    scope::{ACCOUNT_READ, ACCOUNT_WRITE},
};
pub use documents::{Account, AccountChanges, Credentials, Jwks, NewAccount, NewPassword, Session};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    SignUp,
    SignIn,
    RefreshSession,
    SignOut,
    ListKeys,
    ReadAccount,
    ChangeAccount,
    ChangePassword,
}

const ME: &str = "/api/auth/me";
/// A session begins, or gets new tokens.
const COOKIE: &[ResponseHeader] = &[ResponseHeader::SetCookie];
const TOO_MANY: &str = "Too many attempts: Retry-After says when the next one is worth it.";

pub(crate) const OPERATIONS: &[Operation<Endpoint>] = &[
    post("/api/auth/sign-up", Access::Public, Endpoint::SignUp)
        .summary("Make an account")
        .takes::<NewAccount>()
        .gives::<Session>(201, "The account, signed in.")
        .with(COOKIE)
        .refuses(409, "The e-mail address has an account."),
    post("/api/auth/sign-in", Access::Public, Endpoint::SignIn)
        .summary("Sign in")
        .takes::<Credentials>()
        .gives::<Session>(200, "A new session.")
        .with(COOKIE)
        .refuses(401, "The e-mail address or the password is wrong.")
        .with(&[ResponseHeader::WwwAuthenticate])
        .refuses(429, TOO_MANY)
        .with(&[ResponseHeader::RetryAfter]),
    post(
        "/api/auth/refresh",
        Access::Public,
        Endpoint::RefreshSession,
    )
    .summary("Get a new access token")
    .takes_cookie()
    .gives::<Session>(
        200,
        "New tokens; the refresh token that was sent is used up.",
    )
    .with(COOKIE)
    .refuses(
        401,
        "There is no refresh token, it was used before, or its session has ended.",
    )
    .with(&[ResponseHeader::WwwAuthenticate, ResponseHeader::SetCookie]),
    post("/api/auth/sign-out", Access::Public, Endpoint::SignOut)
        .summary("End the session of the refresh token")
        .takes_cookie()
        .gives_nothing(204, "It has ended, or there was none.")
        .with(COOKIE),
    get("/api/auth/jwks", Access::Public, Endpoint::ListKeys)
        .summary("List the public keys of access tokens")
        .gives::<Jwks>(200, "A JWK set (RFC 7517) of Ed25519 keys."),
    get(ME, ACCOUNT_READ, Endpoint::ReadAccount)
        .summary("Read one's account")
        .gives::<Account>(200, "The account."),
    patch(ME, ACCOUNT_WRITE, Endpoint::ChangeAccount)
        .summary("Change one's account")
        .takes_patch::<AccountChanges>()
        .gives::<Account>(200, "The account as it is now."),
    post(
        "/api/auth/change-password",
        ACCOUNT_WRITE,
        Endpoint::ChangePassword,
    )
    .summary("Change one's password")
    .takes::<NewPassword>()
    .gives::<Session>(200, "A new session; every other one has ended.")
    .with(COOKIE)
    .refuses(429, TOO_MANY)
    .with(&[ResponseHeader::RetryAfter]),
];

pub const ROUTES: [Route<Endpoint>; OPERATIONS.len()] = routes(OPERATIONS);
