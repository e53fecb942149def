//! One slice through everything once more, with the real Spin as the host and our triggers as its plugins.

#![expect(clippy::expect_used, reason = "tests fail by panicking")]

use system_tests::System;

#[path = "../behaviour/slice.rs"]
mod slice;

/// The system that these tests are about.
async fn system() -> Option<System> {
    System::under_spin().await
}
