//! Links a component against what the host provides, or says everything it misses.

use std::collections::BTreeMap;

use wasmtime::Engine;
use wasmtime::component::types::{ComponentInstance, ComponentItem};
use wasmtime::component::{Component, InstancePre, Linker, ResourceType};

use crate::State;

/// Every import of a component that the host does not provide.
#[derive(Debug, thiserror::Error)]
#[error(
    "component `{component}` imports what this host does not provide:{}",
    .missing.iter().map(|(name, reason)| format!("\n  - {name}: {reason}")).collect::<String>()
)]
pub(crate) struct MissingImports {
    component: String,
    missing: BTreeMap<String, String>,
}

/// Resolve a component's imports.
pub(crate) fn link(
    id: &str,
    linker: &Linker<State>,
    component: &Component,
) -> anyhow::Result<InstancePre<State>> {
    let error = match linker.instantiate_pre(component) {
        Ok(pre) => return Ok(pre),
        Err(error) => error,
    };
    let missing = missing_imports(linker, component);
    if missing.is_empty() {
        return Err(anyhow::Error::from(error).context(format!("cannot link component `{id}`")));
    }
    Err(MissingImports {
        component: id.into(),
        missing,
    }
    .into())
}

/// wasmtime names only the first import it cannot resolve. So each one it names gets a
/// stand-in, in a copy of the linker, until it finds no other.
fn missing_imports(linker: &Linker<State>, component: &Component) -> BTreeMap<String, String> {
    let mut linker = linker.clone();
    linker.allow_shadowing(true);
    let engine = linker.engine().clone();
    let mut missing = BTreeMap::new();
    while let Err(error) = linker.instantiate_pre(component) {
        let message = error.to_string();
        let Some(name) = message.split('`').nth(1).map(str::to_owned) else {
            break;
        };
        let reason = error.root_cause().to_string();
        let ty = component.component_type();
        let item = ty.get_import(&engine, &name);
        let stubbed = match item.map(|item| item.ty) {
            Some(ComponentItem::ComponentInstance(instance)) => {
                stub_instance(&mut linker, &engine, &name, &instance)
            }
            Some(ComponentItem::ComponentFunc(_)) => linker
                .root()
                .func_new(&name, |_, _, _, _| wasmtime::bail!("a stand-in")),
            _ => break,
        };
        if missing.insert(name, reason).is_some() || stubbed.is_err() {
            break;
        }
    }
    missing
}

fn stub_instance(
    linker: &mut Linker<State>,
    engine: &Engine,
    name: &str,
    instance: &ComponentInstance,
) -> wasmtime::Result<()> {
    let mut stub = linker.instance(name)?;
    for (name, item) in instance.exports(engine) {
        match item.ty {
            ComponentItem::ComponentFunc(_) => {
                stub.func_new(name, |_, _, _, _| wasmtime::bail!("a stand-in"))?;
            }
            ComponentItem::Resource(_) => {
                stub.resource(name, ResourceType::host::<()>(), |_, _| Ok(()))?;
            }
            _ => {}
        }
    }
    Ok(())
}
