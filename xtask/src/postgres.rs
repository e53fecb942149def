//! A private PostgreSQL server: its binaries, its cluster, its start and its end.

mod binaries;
mod cluster;
mod owner;

pub use cluster::{Cluster, DATABASE, Durability};
