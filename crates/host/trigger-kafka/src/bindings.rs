//! The component's export `handle` of `wit/kafka`, as a handler of batches. Its types are written
//! by hand: a generated message would own copies of everything. They are lowered into the guest's
//! memory by hand too, which saves a sixth of the processor time per record
//! (`cargo xtask bench kafka`). The derived types define the layout.

use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;

use futures::future::BoxFuture;
use host_runtime::{CallError, Component, Export, Invoker, InvokerLimits, State};
use wasmtime::Store;
use wasmtime::component::__internal::wasmtime_environ::component::StringEncoding;
use wasmtime::component::__internal::{
    CanonicalAbiInfo, InstanceType, InterfaceType, LowerContext,
};
use wasmtime::component::{
    Accessor, ComponentExportIndex, ComponentType, Instance, Lower, TypedFunc,
};

use crate::handler::{Failure, Handled, Handler, Message, Outcome};

const INTERFACE: &str = "spin-triggers:kafka/handler@0.1.0";
const FUNCTION: &str = "handle";

/// `header` of the WIT package.
#[derive(ComponentType, Lower)]
#[component(record)]
pub struct Header<'r> {
    name: &'r str,
    value: &'r [u8],
}

/// `message` of the WIT package: what a [`Message`] is lowered as.
#[derive(ComponentType, Lower)]
#[component(record)]
pub struct MessageRef<'r> {
    topic: &'r str,
    partition: i32,
    offset: i64,
    #[component(name = "timestamp-ms")]
    timestamp_ms: i64,
    key: Option<&'r [u8]>,
    value: Option<&'r [u8]>,
    headers: Vec<Header<'r>>,
    attempt: u32,
}

impl<'r> From<&'r Message> for MessageRef<'r> {
    fn from(Message { record, attempt }: &'r Message) -> Self {
        let headers = record.headers();
        Self {
            topic: record.topic(),
            partition: record.partition(),
            offset: record.offset(),
            timestamp_ms: record.timestamp_ms(),
            key: record.key(),
            value: record.value(),
            headers: headers
                .map(|(name, value)| Header {
                    name: std::str::from_utf8(name).unwrap_or_default(),
                    value,
                })
                .collect(),
            attempt: *attempt,
        }
    }
}

#[expect(
    unsafe_code,
    reason = "a derived type would own its parts: references counted for each record, twice"
)]
// SAFETY: all of it is the derived type's.
unsafe impl ComponentType for Message {
    type Lower = <MessageRef<'static> as ComponentType>::Lower;

    const ABI: CanonicalAbiInfo = <MessageRef<'static> as ComponentType>::ABI;

    fn typecheck(ty: &InterfaceType, types: &InstanceType<'_>) -> wasmtime::Result<()> {
        MessageRef::typecheck(ty, types)
    }
}

#[expect(unsafe_code, reason = "as above")]
// SAFETY: everything is written where the derived type has it, and within memory: `get` and slices
// check that.
unsafe impl Lower for Message {
    fn linear_lower_to_flat<T>(
        &self,
        context: &mut LowerContext<'_, T>,
        ty: InterfaceType,
        to: &mut MaybeUninit<Self::Lower>,
    ) -> wasmtime::Result<()> {
        MessageRef::from(self).linear_lower_to_flat(context, ty, to)
    }

    fn linear_lower_to_memory<T>(
        &self,
        context: &mut LowerContext<'_, T>,
        ty: InterfaceType,
        offset: usize,
    ) -> wasmtime::Result<()> {
        if context.options().string_encoding != StringEncoding::Utf8 {
            return MessageRef::from(self).linear_lower_to_memory(context, ty, offset);
        }
        let Self { record, attempt } = self;
        // Allocate everything first, then write: the guest's memory may move at each allocation.
        let topic = Part::new(context, record.topic().as_bytes())?;
        let key = Part::maybe(context, record.key())?;
        let value = Part::maybe(context, record.value())?;
        let headers = record.headers();
        let headers = put_headers(context, headers)?;
        let memory = context.as_slice_mut();
        for part in [Some(topic), key, value].into_iter().flatten() {
            part.put(memory);
        }
        let mut fields = Fields::<SIZE>::default();
        fields.set(0, topic.pair()?);
        fields.set(8, record.partition().to_le_bytes());
        fields.set(16, record.offset().to_le_bytes());
        fields.set(24, record.timestamp_ms().to_le_bytes());
        for (at, part) in [(32, key), (44, value)] {
            if let Some(part) = part {
                fields.set(at, [1]);
                fields.set(at + 4, part.pair()?);
            }
        }
        fields.set(56, headers);
        fields.set(64, attempt.to_le_bytes());
        memory[offset..offset + SIZE].copy_from_slice(&fields.0);
        Ok(())
    }
}

/// Bytes of a `message` in a guest's memory.
const SIZE: usize = 72;
const HEADER_SIZE: usize = 16;
const _: () = assert!(<MessageRef<'static> as ComponentType>::SIZE32 == SIZE);
const _: () = assert!(<Header<'static> as ComponentType>::SIZE32 == HEADER_SIZE);

/// A record's fields, each at its place by the Canonical ABI.
struct Fields<const SIZE: usize>([u8; SIZE]);

impl<const SIZE: usize> Default for Fields<SIZE> {
    fn default() -> Self {
        Self([0; SIZE])
    }
}

impl<const SIZE: usize> Fields<SIZE> {
    fn set<const N: usize>(&mut self, at: usize, bytes: [u8; N]) {
        self.0[at..at + N].copy_from_slice(&bytes);
    }
}

/// A pointer and a length.
fn pair(start: usize, length: usize) -> wasmtime::Result<[u8; 8]> {
    let (start, length) = (u32::try_from(start)?, u32::try_from(length)?);
    let mut pair = Fields::<8>::default();
    pair.set(0, start.to_le_bytes());
    pair.set(4, length.to_le_bytes());
    Ok(pair.0)
}

/// Memory that the guest allocates. For zero bytes nothing is allocated, because any address is
/// valid.
fn room<T>(context: &mut LowerContext<'_, T>, align: u32, size: usize) -> wasmtime::Result<usize> {
    if size == 0 {
        return Ok(align as usize);
    }
    context.realloc(0, 0, align, size)
}

/// Bytes, and the memory of the guest's that they go to.
#[derive(Clone, Copy)]
struct Part<'r> {
    start: usize,
    bytes: &'r [u8],
}

impl<'r> Part<'r> {
    fn new<T>(context: &mut LowerContext<'_, T>, bytes: &'r [u8]) -> wasmtime::Result<Self> {
        let start = room(context, 1, bytes.len())?;
        Ok(Self { start, bytes })
    }

    fn maybe<T>(
        context: &mut LowerContext<'_, T>,
        bytes: Option<&'r [u8]>,
    ) -> wasmtime::Result<Option<Self>> {
        bytes.map(|bytes| Self::new(context, bytes)).transpose()
    }

    fn put(&self, memory: &mut [u8]) {
        memory[self.start..self.start + self.bytes.len()].copy_from_slice(self.bytes);
    }

    fn pair(&self) -> wasmtime::Result<[u8; 8]> {
        pair(self.start, self.bytes.len())
    }
}

fn put_headers<'r, T>(
    context: &mut LowerContext<'_, T>,
    headers: impl ExactSizeIterator<Item = (&'r [u8], &'r [u8])>,
) -> wasmtime::Result<[u8; 8]> {
    let count = headers.len();
    let start = room(context, 4, count * HEADER_SIZE)?;
    for (number, (name, value)) in headers.enumerate() {
        let name = Part::new(context, name)?;
        let value = Part::new(context, value)?;
        let memory = context.as_slice_mut();
        name.put(memory);
        value.put(memory);
        let mut fields = Fields::<HEADER_SIZE>::default();
        fields.set(0, name.pair()?);
        fields.set(8, value.pair()?);
        let at = start + number * HEADER_SIZE;
        memory[at..at + HEADER_SIZE].copy_from_slice(&fields.0);
    }
    pair(start, count)
}

type Outcomes = Result<Vec<Outcome>, String>;

/// The export in an instance.
pub(crate) struct Exported(TypedFunc<(Arc<[Message]>,), (Outcomes,)>);

fn find(component: &wasmtime::component::Component) -> Option<ComponentExportIndex> {
    let interface = component.get_export_index(None, INTERFACE)?;
    component.get_export_index(Some(&interface), FUNCTION)
}

impl Export for Exported {
    type Request = Arc<[Message]>;
    type Response = Outcomes;

    fn check(component: &Component) -> wasmtime::Result<()> {
        match find(component.pre().component()) {
            Some(_) => Ok(()),
            None => wasmtime::bail!(
                "it does not export `{INTERFACE}`: write it with spin-kafka's handler! macro"
            ),
        }
    }

    fn load(store: &mut Store<State>, instance: &Instance) -> wasmtime::Result<Self> {
        let interface = instance.get_export_index(&mut *store, None, INTERFACE);
        let function =
            interface.and_then(|at| instance.get_export_index(&mut *store, Some(&at), FUNCTION));
        match function {
            Some(function) => instance.get_typed_func(store, function).map(Self),
            None => wasmtime::bail!("it does not export `{INTERFACE}`"),
        }
    }

    fn call<'a>(
        &'a self,
        accessor: &'a Accessor<State>,
        batch: Self::Request,
    ) -> Pin<Box<dyn Future<Output = wasmtime::Result<Self::Response>> + Send + 'a>> {
        Box::pin(async move {
            let (outcomes,) = self.0.call_concurrent(accessor, (batch,)).await?;
            Ok(outcomes)
        })
    }
}

/// A component that handles batches, each on an instance of its own.
pub(crate) struct Guest(Arc<Invoker<Exported>>);

impl Guest {
    pub fn new(component: Arc<Component>, limits: InvokerLimits) -> anyhow::Result<Self> {
        Ok(Self(Arc::new(Invoker::new(component, limits)?)))
    }
}

impl Handler for Guest {
    fn handle(&self, batch: Arc<[Message]>) -> BoxFuture<'static, Handled> {
        let invoker = self.0.clone();
        Box::pin(async move {
            let called = invoker.call(batch).await;
            let result = match called.result {
                Ok(Ok(outcomes)) => Ok(outcomes),
                Ok(Err(reason)) => Err(Failure::Handler(reason)),
                Err(error @ (CallError::Trap(_) | CallError::Deadline(_))) => {
                    Err(Failure::Handler(error.to_string()))
                }
                Err(error @ (CallError::Instantiate(_) | CallError::Busy)) => {
                    Err(Failure::Host(error.to_string()))
                }
            };
            Handled {
                result,
                outage: called.outage,
            }
        })
    }
}
