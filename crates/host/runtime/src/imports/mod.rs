//! The imports a component may use, in one linker for all of them; what each may reach is
//! decided per store.

mod bindings;
mod key_value;
mod outbound_http;
mod variables;

use wasmtime::Engine;
use wasmtime::component::{HasSelf, Linker};

pub(crate) use key_value::{KeyValue, KeyValueFile};
pub(crate) use outbound_http::{Client, OutboundHttp};
pub(crate) use variables::Variables;

use crate::State;

/// Every import this host provides.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi::p3::add_to_linker(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
    bindings::spin::variables::variables::add_to_linker::<_, HasSelf<Variables>>(
        &mut linker,
        |state: &mut State| &mut state.variables,
    )?;
    bindings::spin::key_value::key_value::add_to_linker::<_, KeyValue>(
        &mut linker,
        KeyValue::view,
    )?;
    host_postgres::add_to_linker(&mut linker)?;
    Ok(linker)
}
