//! Bindings of the Spin interfaces, generated from `wit/spin`.

#![allow(missing_docs, reason = "generated code")]

wasmtime::component::bindgen!({
    path: [
        "../../../wit/spin/variables@3.0.0",
        "../../../wit/spin/key-value@3.0.0",
    ],
    inline: "
        package host:imports;
        world imports {
            import spin:variables/variables@3.0.0;
            import spin:key-value/key-value@3.0.0;
        }
    ",
    world: "host:imports/imports",
    imports: { default: store | trappable },
    with: {
        "spin:key-value/key-value.store": super::key_value::Store,
    },
});
