//! How many records a way handles in a second, and what each costs this process.

use std::time::{Duration, Instant};

use crate::process::Process;

/// What one measurement came to.
pub struct Throughput {
    pub per_second: f64,
    /// Processor time of this process for a record, the client's threads included, in microseconds.
    pub cpu_us: f64,
}

/// Runs from the first record to the last.
pub struct Watch {
    started: Instant,
    process: Process,
    cpu: Duration,
}

impl Watch {
    pub fn start() -> anyhow::Result<Self> {
        let process = Process::new(std::process::id());
        Ok(Self {
            cpu: process.cpu()?,
            started: Instant::now(),
            process,
        })
    }

    pub fn stop(self, count: u64) -> anyhow::Result<Throughput> {
        let elapsed = self.started.elapsed();
        let cpu = self.process.cpu()?.saturating_sub(self.cpu);
        Ok(Throughput {
            per_second: count as f64 / elapsed.as_secs_f64(),
            cpu_us: cpu.as_secs_f64() * 1e6 / count as f64,
        })
    }
}
