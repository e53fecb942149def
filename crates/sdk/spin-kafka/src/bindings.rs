//! Bindings of `wit/kafka`, made once here so that user crates need neither WIT nor wit-bindgen.
#![allow(unsafe_code, missing_docs, clippy::all)]

spin_sdk::wit_bindgen::generate!({
    path: "../../../wit/kafka",
    world: "kafka-trigger",
    runtime_path: "::spin_sdk::wit_bindgen::rt",
    pub_export_macro: true,
    default_bindings_module: "spin_kafka::bindings",
    generate_all,
});

pub use exports::spin_triggers::kafka::handler::{Header, Message, Outcome};
