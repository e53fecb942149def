//! Imports what no host provides.

use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;

mod imports {
    spin_sdk::wit_bindgen::generate!({
        inline: "
            package nobody:provides@1.0.0;
            interface one { one: func() -> u32; }
            interface two { resource thing { constructor(); } }
            world imports { import one; import two; }
        ",
        runtime_path: "::spin_sdk::wit_bindgen::rt",
    });
}

#[http_service]
async fn nowhere(_request: Request) -> impl IntoResponse {
    let _thing = imports::nobody::provides::two::Thing::new();
    imports::nobody::provides::one::one().to_string()
}
