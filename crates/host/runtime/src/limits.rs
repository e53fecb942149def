//! What an instance may allocate: its own limit and its share of the host's.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use wasmtime::ResourceLimiter;

/// Table elements one instance may have; a table costs host memory too.
const MAX_TABLE_ELEMENTS: usize = 100_000;

/// The bytes of linear memory that all instances together may use.
pub(crate) struct MemoryBudget {
    used: AtomicUsize,
    max: usize,
}

impl MemoryBudget {
    pub(crate) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self {
            used: AtomicUsize::new(0),
            max,
        })
    }

    fn take(&self, bytes: usize) -> bool {
        self.used
            .try_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                used.checked_add(bytes).filter(|total| *total <= self.max)
            })
            .is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// The limits of one store.
pub(crate) struct Limits {
    budget: Arc<MemoryBudget>,
    max_memory: usize,
    memory: usize,
    exceeded: Option<String>,
}

impl Limits {
    pub(crate) fn new(budget: Arc<MemoryBudget>, max_memory: usize) -> Self {
        Self {
            budget,
            max_memory,
            memory: 0,
            exceeded: None,
        }
    }

    /// Which limit the guest ran into, if it did: the reason behind the trap that follows.
    pub(crate) fn exceeded(&self) -> Option<&str> {
        self.exceeded.as_deref()
    }

    fn deny(&mut self, reason: String) -> wasmtime::Result<bool> {
        self.exceeded = Some(reason);
        Ok(false)
    }
}

impl Drop for Limits {
    fn drop(&mut self) {
        self.budget.give_back(self.memory);
    }
}

impl ResourceLimiter for Limits {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let more = desired.saturating_sub(current);
        if self.memory.saturating_add(more) > self.max_memory {
            return self.deny(format!(
                "it may use {} MiB of memory (--max-instance-memory)",
                self.max_memory >> 20
            ));
        }
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        if !self.budget.take(more) {
            return self.deny(format!(
                "all instances together use their {} MiB of memory",
                self.budget.max >> 20
            ));
        }
        self.memory += more;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if desired > MAX_TABLE_ELEMENTS {
            return self.deny(format!(
                "a table may have {MAX_TABLE_ELEMENTS} elements, it asked for {desired}"
            ));
        }
        Ok(true)
    }
}
