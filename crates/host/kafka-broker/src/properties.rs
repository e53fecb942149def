//! The broker's `server.properties`.

use std::fmt::Write as _;

use crate::Options;
use crate::broker::Ports;

/// One node that keeps everything once. A group's first member waits for no others, and topics
/// are made by those who need them, with the partitions they need.
const FIXED: [(&str, &str); 14] = [
    ("process.roles", "broker,controller"),
    ("node.id", "1"),
    ("controller.listener.names", "CONTROLLER"),
    ("inter.broker.listener.name", "PLAINTEXT"),
    ("offsets.topic.replication.factor", "1"),
    ("offsets.topic.num.partitions", "4"),
    ("transaction.state.log.replication.factor", "1"),
    ("transaction.state.log.min.isr", "1"),
    ("transaction.state.log.num.partitions", "4"),
    ("share.coordinator.state.topic.replication.factor", "1"),
    ("share.coordinator.state.topic.min.isr", "1"),
    ("group.initial.rebalance.delay.ms", "0"),
    ("auto.create.topics.enable", "false"),
    // Of the heap, from the start. The default of 128 MiB is for many keys in compacted topics.
    ("log.cleaner.dedupe.buffer.size", "8388608"),
];

pub(crate) fn text(options: &Options, ports: &Ports) -> String {
    let mut listeners = vec![
        format!("PLAINTEXT://127.0.0.1:{}", ports.plain),
        format!("CONTROLLER://127.0.0.1:{}", ports.controller),
    ];
    let mut protocols = vec![
        "PLAINTEXT:PLAINTEXT".to_owned(),
        "CONTROLLER:PLAINTEXT".to_owned(),
    ];
    for (listener, port) in options.listeners.iter().zip(&ports.others) {
        listeners.push(format!("{}://127.0.0.1:{port}", listener.name));
        protocols.push(format!("{}:{}", listener.name, listener.protocol));
    }
    let advertised: Vec<_> = listeners
        .iter()
        .filter(|listener| !listener.starts_with("CONTROLLER"))
        .cloned()
        .collect();
    let voter = format!("1@127.0.0.1:{}", ports.controller);
    let computed = [
        ("listeners", listeners.join(",")),
        ("advertised.listeners", advertised.join(",")),
        ("listener.security.protocol.map", protocols.join(",")),
        ("controller.quorum.voters", voter),
        (
            "log.dirs",
            options.folder.join("data").display().to_string(),
        ),
    ];
    let fixed = FIXED.map(|(name, value)| (name, value.to_owned()));
    let own = options
        .properties
        .iter()
        .map(|(name, value)| (name.as_str(), value.clone()));
    let mut text = String::new();
    for (name, value) in fixed.into_iter().chain(computed).chain(own) {
        // A line that ends in `\` goes on, so text of several lines fits.
        let value = value.replace('\\', "\\\\").replace('\n', "\\n");
        let _infallible = writeln!(text, "{name}={value}");
    }
    text
}
