//! What an access token may be given leave for. A person's own session has all of it.

use crate::route::Access;

pub const TASKS_READ: Access = Access::Scope("tasks:read");
pub const TASKS_WRITE: Access = Access::Scope("tasks:write");
pub const ACCOUNT_READ: Access = Access::Scope("account:read");
pub const ACCOUNT_WRITE: Access = Access::Scope("account:write");
pub const AUDIT_READ: Access = Access::Scope("audit:read");
