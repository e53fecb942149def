//! Bindings of `wit/kafka`, and the component's export as a handler of batches.

use std::pin::Pin;
use std::sync::Arc;

use futures::future::BoxFuture;
use host_runtime::{CallError, Component, Export, Invoker, InvokerLimits, State};
use wasmtime::Store;
use wasmtime::component::{Accessor, Instance};

use crate::handler::{Failure, Handler, Message, Outcome};

mod generated {
    wasmtime::component::bindgen!({
        path: "../../wit/kafka",
        world: "kafka-trigger",
        exports: { default: async | store },
    });
}

use generated::exports::spin_triggers::kafka::handler as wit;
use generated::{KafkaTrigger, KafkaTriggerPre};

/// The export in an instance.
pub(crate) struct Exported(KafkaTrigger);

impl Export for Exported {
    type Request = Vec<wit::Message>;
    type Response = Result<Vec<wit::Outcome>, String>;

    fn check(component: &Component) -> wasmtime::Result<()> {
        KafkaTriggerPre::new(component.pre().clone()).map(drop)
    }

    fn load(store: &mut Store<State>, instance: &Instance) -> wasmtime::Result<Self> {
        KafkaTrigger::new(store, instance).map(Self)
    }

    fn call<'a>(
        &'a self,
        accessor: &'a Accessor<State>,
        batch: Self::Request,
    ) -> Pin<Box<dyn Future<Output = wasmtime::Result<Self::Response>> + Send + 'a>> {
        let handler = self.0.spin_triggers_kafka_handler();
        Box::pin(handler.call_handle(accessor, batch))
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
    fn handle(&self, batch: Vec<Message>) -> BoxFuture<'static, Result<Vec<Outcome>, Failure>> {
        let invoker = self.0.clone();
        Box::pin(async move {
            let batch = batch.into_iter().map(message).collect();
            match invoker.call(batch).await {
                Ok(Ok(outcomes)) => Ok(outcomes.into_iter().map(outcome).collect()),
                Ok(Err(reason)) => Err(Failure::Handler(reason)),
                Err(error @ (CallError::Trap(_) | CallError::Deadline(_))) => {
                    Err(Failure::Handler(error.to_string()))
                }
                Err(error @ (CallError::Instantiate(_) | CallError::Busy)) => {
                    Err(Failure::Host(error.to_string()))
                }
            }
        })
    }
}

fn message(message: Message) -> wit::Message {
    let record = &message.record;
    let bytes = |bytes: &Option<bytes::Bytes>| bytes.as_ref().map(|bytes| bytes.to_vec());
    wit::Message {
        topic: record.topic.to_string(),
        partition: record.partition,
        offset: record.offset,
        timestamp_ms: record.timestamp_ms,
        key: bytes(&record.key),
        value: bytes(&record.value),
        headers: record
            .headers
            .iter()
            .map(|(name, value)| wit::Header {
                name: name.to_string(),
                value: value.to_vec(),
            })
            .collect(),
        attempt: message.attempt,
    }
}

fn outcome(outcome: wit::Outcome) -> Outcome {
    match outcome {
        wit::Outcome::Done => Outcome::Done,
        wit::Outcome::Retry(reason) => Outcome::Retry(reason),
        wit::Outcome::Reject(reason) => Outcome::Reject(reason),
    }
}
