//! Calls of the component's functions. Deliveries have an instance of their own, so that a slow
//! opening or a busy client delays no live record.

use std::sync::Arc;
use std::time::Duration;

use host_runtime::{CallError, Called, Component, Invoker, InvokerLimits};
use tokio::sync::Semaphore;

use crate::bindings::{
    Acceptance, Connection, Delivery, Exported, Frame, Message, Opening, Refusal, Request,
    Response, Resumption,
};
use crate::config::Limits;

const MAX_CALLS_PER_INSTANCE: usize = 100_000;
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// Why a call of a function failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Every instance was busy for as long as a call may take.
    #[error("no instance was free in time")]
    Busy,
    /// It had no database meanwhile.
    #[error("{0} ({1})")]
    Outage(Box<Failure>, String),
    /// It trapped, overran its deadline or could not be instantiated.
    #[error(transparent)]
    Call(CallError),
    /// It returned an error.
    #[error("the component says: {0}")]
    Returned(String),
    #[error("the component answered another call")]
    Mixed,
}

impl Failure {
    /// Whether the call took all the time it may take.
    pub(crate) fn is_deadline(&self) -> bool {
        matches!(self, Self::Call(CallError::Deadline(_)))
    }

    /// Whether it would have gone well with a database.
    pub(crate) fn is_outage(&self) -> bool {
        matches!(self, Self::Outage(..))
    }
}

/// The four functions of one component.
pub(crate) struct Functions {
    calls: Invoker<Exported>,
    deliveries: Invoker<Exported>,
    /// One for each instance, so that waiting is fair and bounded here.
    permits: Semaphore,
    deadline: Duration,
}

impl Functions {
    pub(crate) fn new(component: &Arc<Component>, limits: &Limits) -> anyhow::Result<Self> {
        let with_instances = |max_instances| InvokerLimits {
            max_instances,
            max_calls_per_instance: MAX_CALLS_PER_INSTANCE,
            deadline: limits.deadline(),
            idle_timeout: IDLE_TIMEOUT,
        };
        Ok(Self {
            calls: Invoker::new(component.clone(), with_instances(limits.max_instances))?,
            deliveries: Invoker::new(component.clone(), with_instances(1))?,
            permits: Semaphore::new(limits.max_instances),
            deadline: limits.deadline(),
        })
    }

    pub(crate) async fn open(
        &self,
        opening: Opening,
    ) -> Result<Result<Acceptance, Refusal>, Failure> {
        self.call(Request::Open(opening), |response| match response {
            Response::Open(decision) => Ok(decision),
            _ => Err(Failure::Mixed),
        })
        .await
    }

    pub(crate) async fn resume(
        &self,
        connection: Connection,
        since: Option<String>,
    ) -> Result<Resumption, Failure> {
        let request = Request::Resume(connection, since);
        self.call(request, |response| match response {
            Response::Resume(resumption) => resumption.map_err(Failure::Returned),
            _ => Err(Failure::Mixed),
        })
        .await
    }

    pub(crate) async fn receive(
        &self,
        connection: Connection,
        frame: Frame,
    ) -> Result<Vec<Frame>, Failure> {
        let request = Request::Receive(connection, frame);
        self.call(request, |response| match response {
            Response::Receive(frames) => frames.map_err(Failure::Returned),
            _ => Err(Failure::Mixed),
        })
        .await
    }

    /// One entry per message.
    pub(crate) async fn deliver(
        &self,
        messages: Vec<Message>,
    ) -> Result<Vec<Option<Delivery>>, Failure> {
        let count = messages.len();
        let called = self.deliveries.call(Request::Deliver(messages)).await;
        judge(called, |response| {
            let Response::Deliver(deliveries) = response else {
                return Err(Failure::Mixed);
            };
            let deliveries = deliveries.map_err(Failure::Returned)?;
            match deliveries.len() {
                entries if entries == count => Ok(deliveries),
                entries => Err(Failure::Returned(format!(
                    "{entries} entries for {count} messages"
                ))),
            }
        })
    }

    async fn call<T>(
        &self,
        request: Request,
        read: impl FnOnce(Response) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let _permit = tokio::time::timeout(self.deadline, self.permits.acquire())
            .await
            .map_err(|_| Failure::Busy)?;
        judge(self.calls.call(request).await, read)
    }
}

/// What a call gave; a failure of one that had no database is that outage's.
fn judge<T>(
    called: Called<Response>,
    read: impl FnOnce(Response) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let result = called.result.map_err(Failure::Call).and_then(read);
    match (result, called.outage) {
        (Err(failure), Some(outage)) => Err(Failure::Outage(Box::new(failure), outage)),
        (result, _) => result,
    }
}
