//! The trait a component implements, with what most components want as defaults.

use crate::bindings::exports::spin_triggers::websocket::handler::Guest;
use crate::{Acceptance, Connection, Delivery, Frame, Message, Opening, Refusal, Resumption};

/// The decisions about WebSocket connections. Only [`open`](Handler::open) must be written.
///
/// An instance may serve many connections, and many instances one connection, so no method takes
/// `self`. State of a connection goes into [`Acceptance::context`].
#[expect(
    async_fn_in_trait,
    reason = "a component is single-threaded: no future needs to be Send"
)]
pub trait Handler: 'static {
    /// Decide on an opening request: who is it, and which records may it see?
    ///
    /// # Errors
    /// A [`Refusal`] is sent to the client as a plain HTTP response instead of the upgrade.
    async fn open(opening: Opening) -> Result<Acceptance, Refusal>;

    /// The first frames of a connection, among them what it missed since the cursor `since`.
    /// The default sends nothing.
    ///
    /// # Errors The host logs the message and closes the connection with 1011; the client
    /// reconnects.
    async fn resume(_connection: Connection, _since: Option<String>) -> Result<Resumption, String> {
        Ok(Resumption::default())
    }

    /// Turn records into frames, one entry per message in the order given; `None` sends nothing.
    /// The default sends the record's value unchanged: text if it is UTF-8, else binary.
    ///
    /// # Errors
    /// The host tries again, then closes the connections that would have got these frames with 1011.
    async fn deliver(messages: Vec<Message>) -> Result<Vec<Option<Delivery>>, String> {
        Ok(messages.into_iter().map(Message::into_delivery).collect())
    }

    /// Answer a frame of the client. The default answers nothing.
    ///
    /// # Errors The host logs the message and closes the connection with 1011.
    async fn receive(_connection: Connection, _frame: Frame) -> Result<Vec<Frame>, String> {
        Ok(Vec::new())
    }
}

impl<T: Handler> Guest for T {
    async fn open(request: Opening) -> Result<Acceptance, Refusal> {
        T::open(request).await
    }

    async fn resume(connection: Connection, since: Option<String>) -> Result<Resumption, String> {
        T::resume(connection, since).await
    }

    async fn deliver(messages: Vec<Message>) -> Result<Vec<Option<Delivery>>, String> {
        T::deliver(messages).await
    }

    async fn receive(connection: Connection, frame: Frame) -> Result<Vec<Frame>, String> {
        T::receive(connection, frame).await
    }
}
