//! What host-postgres' tests call.
#![allow(unsafe_code, clippy::all)]

spin_sdk::wit_bindgen::generate!({
    path: "../../../crates/host/postgres/tests/guest.wit",
    world: "guest",
    runtime_path: "::spin_sdk::wit_bindgen::rt",
});

use crate::Run;
export!(Run with_types_in self);
