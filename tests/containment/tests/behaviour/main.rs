//! What the host does with guests that behave well and badly.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod compiling;
mod invoker;
mod misbehaviour;
mod serving;
mod streaming;
