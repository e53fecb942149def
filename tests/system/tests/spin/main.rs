//! One slice through everything once more, with the real Spin as the host and our triggers as its plugins.

#![expect(clippy::expect_used, reason = "tests fail by panicking")]

use system_tests::System;

#[path = "../behaviour/slice.rs"]
mod slice;
#[path = "../behaviour/visibility.rs"]
mod visibility;

/// One system for all of it.
async fn shared() -> Option<&'static System> {
    System::shared(System::under_spin).await
}
