//! What components can rely on, shown with real guests on a real Postgres. Needs
//! `TEST_DATABASE_URL` and the guests of `tests/guests`; `cargo xtask test` provides both.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod appending;
mod cancelling;
mod database;
mod harness;
mod hosts;
mod pooling;
mod settings;
mod statements;
mod streams;
mod transactions;
mod values;

/// Every guest made for these tests; each is run by the module of the same subject.
const GUESTS: &[&str] = &[
    "postgres-cancel",
    "postgres-hosts",
    "postgres-settings",
    "postgres-statements",
    "postgres-stream",
    "postgres-transaction",
    "postgres-values",
];

#[test]
fn every_postgres_guest_has_a_test() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/guests");
    let mut found: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("postgres-"))
        .collect();
    found.sort();
    assert_eq!(found, GUESTS);
}
