//! Pages of a listing.

use crate::database::{Row, column};
use spin_sdk::pg::Error;

/// A page of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<P> {
    /// Each as its JSON.
    pub items: Vec<String>,
    /// Where the page ended, if there is another.
    pub next: Option<P>,
}

impl<P> Page<P> {
    /// From the rows of a statement whose first column is an item's JSON and that was asked for one row
    /// more than the page has, to know whether there is another.
    pub(crate) fn of(
        mut rows: Vec<Row>,
        limit: u32,
        position: impl FnOnce(&Row) -> Result<P, Error>,
    ) -> Result<Self, Error> {
        let limit = limit as usize;
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let next = match rows.last() {
            Some(last) if has_more => Some(position(last)?),
            _ => None,
        };
        let items = rows.iter().map(|row| column(row, 0));
        Ok(Self {
            items: items.collect::<Result<_, _>>()?,
            next,
        })
    }
}
