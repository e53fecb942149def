//! Bindings of `wit/kafka`, made once here so that user crates need neither WIT nor wit-bindgen.
#![allow(unsafe_code, missing_docs, clippy::all)]

wit_bindgen::generate!({
    path: "../../../wit/kafka",
    world: "kafka-trigger",
    pub_export_macro: true,
    default_bindings_module: "spin_kafka::bindings",
    generate_all,
});

pub use exports::spin_triggers::kafka::handler::{Header, Message, Outcome};

#[cfg(test)]
mod tests {
    use std::any::TypeId;

    #[test]
    fn spin_sdk_has_the_same_runtime() {
        let ours = TypeId::of::<wit_bindgen::StreamResult>();
        assert_eq!(ours, TypeId::of::<spin_sdk::wit_bindgen::StreamResult>());
    }
}
