//! On Kafka's own broker; what needs none runs without, too.

mod counters;
mod harness;
mod processes;

mod beginnings;
mod faults;
mod mistakes;
mod outcomes;
mod peers;
mod shapes;
