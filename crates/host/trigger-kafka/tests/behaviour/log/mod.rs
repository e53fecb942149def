//! On the embedded log: real Postgres, a real guest.

mod harness;

mod hosts;
mod latency;
mod manifest;
mod outcomes;
