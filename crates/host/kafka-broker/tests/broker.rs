//! A private broker, if this machine can run one.

use std::net::TcpStream;

use kafka_broker::{Broker, Options};

#[test]
fn a_broker_comes_back_on_the_same_port_after_being_killed() {
    let libs = match kafka_broker::libs_for_tests() {
        Ok(libs) => libs,
        Err(missing) => return println!("skipped: {missing}"),
    };
    let folder = tempfile::tempdir().expect("a folder");
    let mut broker = Broker::start(Options::new(libs, folder.path())).expect("starts");
    let address = broker.brokers();
    broker.kill();
    assert!(TcpStream::connect(&address).is_err());
    broker.start_again().expect("starts again");
    assert!(TcpStream::connect(&address).is_ok());
    broker.stop();
    assert!(TcpStream::connect(&address).is_err());
}

#[test]
fn a_folder_without_jars_is_refused_by_name() {
    if kafka_broker::find_java().is_err() {
        return println!("skipped: install Java 17");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let error = Broker::start(Options::new(folder.path(), folder.path())).expect_err("no jars");
    assert!(error.to_string().contains("holds no jars"), "{error}");
}
