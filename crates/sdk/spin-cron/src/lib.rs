//! Guest SDK of the cron trigger: a job is one async function.
//!
//! ```ignore
//! use spin_cron::Metadata;
//!
//! spin_cron::handler!(sweep);
//!
//! async fn sweep(tick: Metadata) -> anyhow::Result<()> {
//!     println!("due at {} (seconds since the Unix epoch)", tick.timestamp);
//!     Ok(())
//! }
//! ```
//!
//! The component exports the interface of the official cron plugin, so either host can run it. A
//! tick may be missed (one run makes up for all missed ones) and, after a crash, run twice.

#[doc(hidden)]
pub mod bindings;

pub use bindings::{Error, Metadata};

#[doc(hidden)]
pub mod __private {
    pub use crate::bindings::Guest;

    /// An error as the trigger logs it: with the whole chain of causes where the type can tell it.
    pub fn error(error: impl std::fmt::Display) -> crate::Error {
        crate::Error::Other(format!("{error:#}"))
    }
}

/// Exports an `async fn(Metadata) -> Result<(), E>` as the component's cron job, for any `E` that
/// is `Display`. The trigger logs an error; the next tick comes as planned.
#[macro_export]
macro_rules! handler {
    ($handle:path) => {
        mod __spin_cron {
            pub struct Component;
        }

        impl $crate::__private::Guest for __spin_cron::Component {
            async fn handle_cron_event(
                metadata: $crate::Metadata,
            ) -> ::std::result::Result<(), $crate::Error> {
                $handle(metadata).await.map_err($crate::__private::error)
            }
        }

        const _: () = {
            use __spin_cron::Component;
    $crate::bindings::export!(Component with_types_in $crate::bindings);
        };
    };
}
