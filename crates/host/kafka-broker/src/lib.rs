//! Apache Kafka's own broker as a private process: one node in KRaft mode, broker and controller in one,
//! in its own folder. It needs Java 17 and a folder with the broker's jars; it downloads nothing.

mod broker;
mod error;
mod java;
mod options;
mod properties;

pub use broker::Broker;
pub use error::Error;
pub use java::{find_java, java_version};
pub use options::{Compiler, Listener, Options, ScramUser};

/// Where `cargo xtask test` tells tests that jars are: a folder that holds `libs/*.jar`.
pub const HOME_VARIABLE: &str = "TEST_KAFKA_HOME";

/// The jars tests may start brokers of their own from, or how to get them, in words to print
/// after `skipped:`.
///
/// # Errors
/// What is missing.
pub fn libs_for_tests() -> Result<std::path::PathBuf, String> {
    let Some(home) = std::env::var_os(HOME_VARIABLE) else {
        return Err(format!(
            "set {HOME_VARIABLE} to a folder that holds Kafka's libs/*.jar (cargo xtask test does)"
        ));
    };
    find_java().map_err(|error| error.to_string())?;
    Ok(std::path::Path::new(&home).join("libs"))
}
