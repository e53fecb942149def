//! The macro that makes a handler the component's export.

/// Export a [`Handler`](crate::Handler), or plain functions named like its methods.
///
/// ```ignore
/// spin_websocket::export!(Updates);                       // a type that implements `Handler`
/// spin_websocket::export!(open = authorize);              // functions; those left out keep
/// spin_websocket::export!(open = authorize, receive = answer); // the trait's defaults
/// ```
#[macro_export]
macro_rules! export {
    ($handler:ident) => {
        $crate::bindings::export_websocket!($handler with_types_in $crate::bindings);
    };
    ($($method:ident = $function:path),+ $(,)?) => {
        struct WebSocketFunctions;
        impl $crate::Handler for WebSocketFunctions {
            $($crate::__websocket_method!($method, $function);)+
        }
        $crate::export!(WebSocketFunctions);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __websocket_method {
    (open, $function:path) => {
        async fn open(opening: $crate::Opening) -> Result<$crate::Acceptance, $crate::Refusal> {
            $function(opening).await
        }
    };
    (resume, $function:path) => {
        async fn resume(
            connection: $crate::Connection,
            since: Option<String>,
        ) -> Result<$crate::Resumption, String> {
            $function(connection, since).await
        }
    };
    (deliver, $function:path) => {
        async fn deliver(
            messages: Vec<$crate::Message>,
        ) -> Result<Vec<Option<$crate::Delivery>>, String> {
            $function(messages).await
        }
    };
    (receive, $function:path) => {
        async fn receive(
            connection: $crate::Connection,
            frame: $crate::Frame,
        ) -> Result<Vec<$crate::Frame>, String> {
            $function(connection, frame).await
        }
    };
    ($other:ident, $function:path) => {
        compile_error!("a websocket component has the functions open, resume, deliver and receive");
    };
}
