//! The kafka trigger on Kafka's own broker, with a real guest.

mod beginnings;
mod faults;
mod harness;
mod mistakes;
mod outcomes;
mod peers;
mod processes;
mod shapes;
