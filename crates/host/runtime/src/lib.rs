//! Runs the components of a Spin application: one wasmtime engine, every import a component
//! may use, and pools of reused instances. A component can reach nothing it was not granted.

mod compiled;
mod component;
mod engine;
mod imports;
mod invoker;
mod limits;
mod link;
mod options;
mod pool;
mod runtime;
mod state;
mod stdio;

pub use compiled::compile;
pub use component::Component;
pub use invoker::{Called, Invoker, InvokerLimits};
pub use options::{Compiler, Follow, Options};
pub use pool::{Body, CallError, Export, HttpHandler, Pool, PoolLimits, ResponseBody, Slot};
pub use runtime::Runtime;
pub use state::State;
