//! A custom export that does what it is told, once for each way a call can go wrong.

#![expect(unsafe_code, reason = "generated bindings")]

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bindings::exports::tests::obey::obey::Guest;

mod bindings {
    spin_sdk::wit_bindgen::generate!({
        path: "wit",
        world: "guest",
        runtime_path: "::spin_sdk::wit_bindgen::rt",
        pub_export_macro: true,
        export_macro_name: "export",
    });
}

struct Obey;

static COUNT: AtomicU32 = AtomicU32::new(0);

impl Guest for Obey {
    async fn obey(order: String) -> Result<String, String> {
        match order.as_str() {
            "trap" => panic!("told to trap"),
            #[expect(clippy::empty_loop, reason = "the host must end it")]
            "spin" => loop {},
            "allocate" => {
                let mut hoard: Vec<Vec<u8>> = Vec::new();
                loop {
                    hoard.push(vec![1; 1 << 20]);
                }
            }
            "count" => Ok((COUNT.fetch_add(1, Ordering::Relaxed) + 1).to_string()),
            "wait" => {
                spin_sdk::time::sleep(Duration::from_secs(3600)).await;
                Ok(String::new())
            }
            "sleep" => {
                spin_sdk::time::sleep(Duration::from_millis(50)).await;
                Ok("slept".into())
            }
            "refuse" => Err("told to refuse".into()),
            other => Ok(other.into()),
        }
    }
}

bindings::export!(Obey with_types_in bindings);
