//! What every listing takes.

use utoipa::IntoParams;

#[derive(IntoParams)]
pub struct PageQuery {
    /// How many items a page has; 50 if it is left out.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before.
    pub cursor: Option<String>,
}
