//! Guest SDK of the Kafka trigger: a handler of records is one async function.
//!
//! ```ignore
//! use spin_kafka::{Failure, Message};
//!
//! spin_kafka::each!(handle);
//!
//! async fn handle(message: Message) -> Result<(), Failure> {
//!     let order: Order = message.json()?; // not JSON: to the dead letters
//!     save(order).await?;                 // any other error: again later, with backoff
//!     Ok(())
//! }
//! ```
//!
//! Use [`handler!`] instead to see whole batches, for example to write one statement for all of
//! them. Delivery is at least once: write the effect and the event's id in one write.

mod answer;
#[doc(hidden)]
pub mod bindings;
mod each;
mod message;

pub use answer::{Answer, Failure};
pub use bindings::{Header, Message, Outcome};

#[doc(hidden)]
pub mod __private {
    pub use crate::bindings::exports::spin_triggers::kafka::handler::Guest;
    pub use crate::each::each;
}

/// Exports an `async fn(Vec<Message>) -> A` as the component's handler, where `A` is any [`Answer`]:
/// `Vec<Outcome>`, one per message in the order of the batch, or a `Result` of it.
///
/// An outcome other than [`Outcome::Done`] also delays the later messages of its key. After an
/// `Err` the messages are delivered again one by one, at once. A message that fails alone is
/// retried with backoff.
///
/// ```ignore
/// spin_kafka::handler!(handle);
///
/// async fn handle(batch: Vec<Message>) -> anyhow::Result<Vec<Outcome>> {
///     insert_all(&batch).await?; // an error: each of them again, in a batch of its own
///     Ok(vec![Outcome::Done; batch.len()])
/// }
/// ```
#[macro_export]
macro_rules! handler {
    ($handle:path) => {
        mod __spin_kafka {
            pub struct Component;
        }

        impl $crate::__private::Guest for __spin_kafka::Component {
            async fn handle(
                batch: ::std::vec::Vec<$crate::Message>,
            ) -> ::std::result::Result<::std::vec::Vec<$crate::Outcome>, ::std::string::String>
            {
                $crate::Answer::into_outcomes($handle(batch).await)
            }
        }

        const _: () = {
            use __spin_kafka::Component;
    $crate::bindings::export!(Component with_types_in $crate::bindings);
        };
    };
}

/// Exports an `async fn(Message) -> Result<(), Failure>` as the component's handler.
///
/// It handles the messages of a batch one after another. After a failure it leaves the later
/// messages of that key for the next delivery and goes on with other keys.
#[macro_export]
macro_rules! each {
    ($handle:path) => {
        async fn __spin_kafka_each(
            batch: ::std::vec::Vec<$crate::Message>,
        ) -> ::std::vec::Vec<$crate::Outcome> {
            $crate::__private::each(batch, $handle).await
        }

        $crate::handler!(__spin_kafka_each);
    };
}
