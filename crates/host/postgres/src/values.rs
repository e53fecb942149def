//! Values between components and Postgres, as the real Spin converts them. Parameters are exactly
//! as strict, so that a component that works here works there; results lose nothing on the way
//! (any numeric, JSONB to the last digit) and `timestamptz` can be read.

mod numeric;
mod parameter;
mod result;

pub(crate) use parameter::{Parameter, check_types, parameters};
pub(crate) use result::{column, row};
