//! Bindings of `wit/cron`, made once here so that user crates need neither WIT nor wit-bindgen.
#![allow(unsafe_code, missing_docs, clippy::all)]

wit_bindgen::generate!({
    path: "../../../wit/cron",
    world: "spin-cron",
    pub_export_macro: true,
    default_bindings_module: "spin_cron::bindings",
    generate_all,
});
