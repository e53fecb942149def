//! Says hello through `wasi:http@0.2`, as components built with older SDKs do.

use wasi::exports::http::incoming_handler::Guest;
use wasi::http::types::{
    Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};

struct Hello;

impl Guest for Hello {
    fn handle(_request: IncomingRequest, outparam: ResponseOutparam) {
        let response = OutgoingResponse::new(Fields::new());
        let body = response.body();
        ResponseOutparam::set(outparam, Ok(response));
        let Ok(body) = body else { return };
        if let Ok(stream) = body.write() {
            _ = stream.blocking_write_and_flush(b"hello");
        }
        _ = OutgoingBody::finish(body, None);
    }
}

wasi::http::proxy::export!(Hello);
