//! Bindings of `wit/websocket`, and the component's export as the pool of instances calls it.

use std::pin::Pin;

use host_runtime::{Component, Export, State};
use wasmtime::Store;
use wasmtime::component::{Accessor, Instance};

mod generated {
    wasmtime::component::bindgen!({
        path: "../../../wit/websocket",
        world: "websocket-trigger",
        exports: { default: async | store },
    });
}

pub(crate) use generated::exports::spin_triggers::websocket::handler::{
    Acceptance, Connection, Delivery, Frame, Message, Opening, Refusal, Resumption,
};
use generated::{WebsocketTrigger, WebsocketTriggerPre};

/// A call of one of the component's functions.
pub(crate) enum Request {
    Open(Opening),
    Resume(Connection, Option<String>),
    Deliver(Vec<Message>),
    Receive(Connection, Frame),
}

/// What the function returned; the variant is that of the request.
pub(crate) enum Response {
    Open(Result<Acceptance, Refusal>),
    Resume(Result<Resumption, String>),
    Deliver(Result<Vec<Option<Delivery>>, String>),
    Receive(Result<Vec<Frame>, String>),
}

/// The functions in an instance.
pub(crate) struct Exported(WebsocketTrigger);

impl Export for Exported {
    type Request = Request;
    type Response = Response;

    fn check(component: &Component) -> wasmtime::Result<()> {
        WebsocketTriggerPre::new(component.pre().clone()).map(drop)
    }

    fn load(store: &mut Store<State>, instance: &Instance) -> wasmtime::Result<Self> {
        WebsocketTrigger::new(store, instance).map(Self)
    }

    fn call<'a>(
        &'a self,
        accessor: &'a Accessor<State>,
        request: Request,
    ) -> Pin<Box<dyn Future<Output = wasmtime::Result<Response>> + Send + 'a>> {
        Box::pin(async move {
            let handler = self.0.spin_triggers_websocket_handler();
            Ok(match request {
                Request::Open(opening) => {
                    Response::Open(handler.call_open(accessor, opening).await?)
                }
                Request::Resume(connection, since) => {
                    Response::Resume(handler.call_resume(accessor, connection, since).await?)
                }
                Request::Deliver(messages) => {
                    Response::Deliver(handler.call_deliver(accessor, messages).await?)
                }
                Request::Receive(connection, frame) => {
                    Response::Receive(handler.call_receive(accessor, connection, frame).await?)
                }
            })
        })
    }
}
