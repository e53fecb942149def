//! Write the functions of a `[[trigger.websocket]]` component: implement [`Handler`] (or give plain
//! functions) and [`export!`] it. Connections live in the host; a component keeps nothing about them.

mod convenience;
mod export;
mod handler;

pub use bindings::exports::spin_triggers::websocket::handler::{
    Acceptance, Connection, Delivery, Frame, Message, Opening, Refusal, Resumption,
};
pub use handler::Handler;

#[doc(hidden)]
pub mod bindings {
    #![allow(missing_docs, unsafe_code, clippy::all)]

    wit_bindgen::generate!({
        path: "../../../wit/websocket",
        world: "websocket-trigger",
        pub_export_macro: true,
        export_macro_name: "export_websocket",
        default_bindings_module: "spin_websocket::bindings",
        additional_derives: [PartialEq, Eq],
        generate_all,
    });
}
