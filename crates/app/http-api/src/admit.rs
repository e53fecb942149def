//! Letting a request in: its route, its caller, and whether that caller may. All of it comes from the
//! component's declaration, so no handler can forget it.

use http::{HeaderMap, Request, request::Parts};
use uuid::Uuid;

use crate::{
    auth::{Identity, authenticate},
    context::Context,
    problem::{Problem, Violations},
    routes::{Access, AmbiguousRoute, Params, Router},
};

/// The part of a path that must name the caller.
const USER_ID: &str = "user_id";

/// A request that its route lets in, without its body.
#[derive(Debug)]
pub struct Admitted<E> {
    /// What it asks for.
    pub endpoint: E,
    pub parts: Parts,
    pub context: Context,
    caller: Option<Identity>,
    params: Params<'static>,
}

impl<E> Admitted<E> {
    /// Who calls; 401 on a route that is public.
    pub fn caller(&self) -> Result<&Identity, Problem> {
        let caller = self.caller.as_ref();
        caller.ok_or_else(|| Problem::unauthorized(None))
    }

    /// The caller's id, which is that of `/api/{user_id}/...` too; 401 on a route that is public.
    pub fn user_id(&self) -> Result<Uuid, Problem> {
        self.caller().map(|caller| caller.user_id)
    }

    /// The path's part for `{name}`; empty when the route has no such name.
    pub fn param(&self, name: &str) -> &str {
        self.params.get(name).unwrap_or_default()
    }

    /// The path's part for `{name}` as a UUID; otherwise a 400 that names the field.
    pub fn uuid(&self, name: &str) -> Result<Uuid, Problem> {
        self.params.uuid(name)
    }

    /// Like [`Admitted::uuid`], but collects the violation and goes on.
    pub fn uuid_or(&self, name: &str, violations: &mut Violations) -> Uuid {
        self.params.uuid_or(name, violations)
    }

    pub fn headers(&self) -> &HeaderMap {
        &self.parts.headers
    }

    /// The query string, as [`Query::parse`](crate::Query::parse) takes it.
    pub fn query(&self) -> Option<&str> {
        self.parts.uri.query()
    }
}

/// How a component finds out who calls.
#[doc(hidden)]
pub trait Authenticate {
    fn authenticate(headers: &HeaderMap) -> impl Future<Output = Result<Identity, Problem>>;
}

/// What a component needs whose routes do, or do not, ask who calls. One of public routes alone thereby
/// carries nothing that verifies tokens: half a megabyte.
#[doc(hidden)]
pub struct Callers<const ASKED_FOR: bool>;

impl Authenticate for Callers<true> {
    fn authenticate(headers: &HeaderMap) -> impl Future<Output = Result<Identity, Problem>> {
        authenticate(headers)
    }
}

impl Authenticate for Callers<false> {
    async fn authenticate(_: &HeaderMap) -> Result<Identity, Problem> {
        Err(Problem::unauthorized(None))
    }
}

/// Finds a request's route, verifies its caller and checks what the route asks of them: 404 or 405, then
/// 401, then 403 for another user's `{user_id}` or a scope that the token lacks.
pub(crate) async fn admit<A: Authenticate, E: Copy, B>(
    router: &'static Result<Router<E>, AmbiguousRoute>,
    request: Request<B>,
    context: Context,
) -> Result<(Admitted<E>, B), Problem> {
    let router = router.as_ref().map_err(|error| error.clone())?;
    let (parts, body) = request.into_parts();
    let matched = router.find(&parts.method, parts.uri.path())?;
    let access = matched.route.access;
    let caller = match access {
        Access::Public => None,
        Access::SignedIn | Access::Scope(_) => {
            let caller = A::authenticate(&parts.headers).await?;
            authorise(access, &caller, matched.params.get(USER_ID))?;
            Some(caller)
        }
    };
    let admitted = Admitted {
        endpoint: matched.route.endpoint,
        parts,
        context,
        caller,
        params: matched.params,
    };
    Ok((admitted, body))
}

fn authorise(access: Access, caller: &Identity, user_id: Option<&str>) -> Result<(), Problem> {
    if let Some(user_id) = user_id {
        caller.require_user(user_id)?;
    }
    match access {
        Access::Public | Access::SignedIn => Ok(()),
        Access::Scope(scope) => caller.require_scope(scope),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::StatusCode;

    fn caller(scope: &str) -> Identity {
        Identity {
            user_id: Uuid::from_u128(7),
            scope: scope.into(),
            expires_at: 0,
        }
    }

    #[test]
    fn a_route_asks_for_its_scope() {
        let access = Access::Scope("tasks:write");
        assert!(authorise(access, &caller("tasks:read tasks:write"), Some("me")).is_ok());
        let refused = authorise(access, &caller("tasks:read"), Some("me"));
        assert_eq!(
            refused.expect_err("no scope").status(),
            StatusCode::FORBIDDEN
        );
        assert!(authorise(Access::SignedIn, &caller(""), None).is_ok());
    }

    #[test]
    fn nobody_is_let_in_as_another_user() {
        let another = Uuid::from_u128(8).to_string();
        for access in [Access::SignedIn, Access::Scope("tasks:read")] {
            assert!(authorise(access, &caller("*"), Some(&another)).is_err());
        }
    }
}
