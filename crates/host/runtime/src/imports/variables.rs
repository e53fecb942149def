//! `spin:variables`: a component sees the variables its manifest entry grants, no others.

use std::sync::Arc;

use manifest::VariableError;
use wasmtime::component::{Accessor, HasSelf};

use super::bindings::spin::variables::variables::{Error, Host, HostWithStore};

/// A component's variables. Each read asks the providers again.
#[derive(Clone)]
pub(crate) struct Variables {
    pub(crate) component: Arc<manifest::Component>,
    pub(crate) providers: Arc<manifest::Variables>,
}

impl Host for Variables {}

impl<T: 'static> HostWithStore<T> for HasSelf<Variables> {
    async fn get(
        accessor: &Accessor<T, Self>,
        name: String,
    ) -> wasmtime::Result<Result<String, Error>> {
        let Variables {
            component,
            providers,
        } = accessor.with(|mut access| access.get().clone());
        Ok(providers.get(&component, &name).await.map_err(guest_error))
    }
}

fn guest_error(error: VariableError) -> Error {
    match error {
        VariableError::InvalidName(name) => Error::InvalidName(name),
        VariableError::Undefined(name) => Error::Undefined(name),
        VariableError::Provider(message) => Error::Provider(message),
    }
}
