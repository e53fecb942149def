//! What a component of the official cron SDK exports: the same function, not async.

mod bindings {
    #![allow(unsafe_code, missing_docs)]

    spin_sdk::wit_bindgen::generate!({
        inline: "
            package fermyon:spin-cron@2.0.0;
            interface cron-types {
                record metadata { timestamp: u64 }
                variant error { other(string) }
            }
            world spin-cron {
                use cron-types.{metadata, error};
                export handle-cron-event: func(metadata: metadata) -> result<_, error>;
            }
        ",
        runtime_path: "::spin_sdk::wit_bindgen::rt",
    });

    use super::Component;
    export!(Component);
}

struct Component;

impl bindings::Guest for Component {
    fn handle_cron_event(metadata: bindings::Metadata) -> Result<(), bindings::Error> {
        println!("tick {}", metadata.timestamp);
        Ok(())
    }
}
