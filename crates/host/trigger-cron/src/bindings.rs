//! The component's export. A function of the world, not of an interface, so its name has no
//! version: components of the official plugin's SDK, which lift it synchronously, fit as well.

use std::pin::Pin;

use host_runtime::{Component, Export, State};
use wasmtime::Store;
use wasmtime::component::{Accessor, ComponentType, Instance, Lift, Lower, TypedFunc};

const EXPORT: &str = "handle-cron-event";

/// `metadata` of the WIT package.
#[derive(Clone, Copy, Debug, ComponentType, Lift, Lower)]
#[component(record)]
pub(crate) struct Metadata {
    /// When the tick was due, in seconds since the Unix epoch.
    pub timestamp: u64,
}

/// `error` of the WIT package.
#[derive(Clone, Debug, ComponentType, Lift, Lower)]
#[component(variant)]
pub(crate) enum Error {
    #[component(name = "other")]
    Other(String),
}

/// The export in an instance.
pub(crate) struct Exported(TypedFunc<(Metadata,), (Result<(), Error>,)>);

impl Export for Exported {
    type Request = Metadata;
    type Response = Result<(), Error>;

    fn check(component: &Component) -> wasmtime::Result<()> {
        let exported = component.pre().component().get_export_index(None, EXPORT);
        match exported {
            Some(_) => Ok(()),
            None => wasmtime::bail!(
                "it does not export `{EXPORT}`: write it with spin-cron's handler! macro or the \
                 official cron SDK"
            ),
        }
    }

    fn load(store: &mut Store<State>, instance: &Instance) -> wasmtime::Result<Self> {
        instance.get_typed_func(store, EXPORT).map(Self)
    }

    fn call<'a>(
        &'a self,
        accessor: &'a Accessor<State>,
        metadata: Metadata,
    ) -> Pin<Box<dyn Future<Output = wasmtime::Result<Self::Response>> + Send + 'a>> {
        Box::pin(async move {
            let (result,) = self.0.call_concurrent(accessor, (metadata,)).await?;
            Ok(result)
        })
    }
}
