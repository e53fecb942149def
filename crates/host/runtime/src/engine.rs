//! The wasmtime engine: pooled allocation, and the epoch clock that makes a spinning guest yield to
//! others.

use std::time::Duration;

use anyhow::Context as _;
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::Options;

/// How often a computing guest yields. Its deadline is checked no more often.
const EPOCH_TICK: Duration = Duration::from_millis(10);

/// Bytes of a freed instance's memory that are cleared rather than given back to the system.
const KEEP_RESIDENT: usize = 256 << 10;

/// Freed instances whose pages stay mapped for the next of the same component.
const WARM_SLOTS: u32 = 16;

/// Build the engine and start its clock.
///
/// # Errors
/// When the CPU or kernel lacks what wasmtime needs.
pub(crate) fn build(options: &Options) -> anyhow::Result<Engine> {
    let mut config = base_config();
    if options.pooling {
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pooling(options)));
    }
    let engine = match Engine::new(&config) {
        Ok(engine) => engine,
        Err(error) if options.pooling => {
            tracing::warn!(
                reason = format!("{error:#}"),
                "cannot reserve address space for pooled instances: allocating them one by one"
            );
            config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
            Engine::new(&config).map_err(anyhow::Error::from)?
        }
        Err(error) => return Err(anyhow::Error::from(error).context("cannot start wasmtime")),
    };
    start_clock(&engine)?;
    Ok(engine)
}

fn base_config() -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .wasm_component_model_async(true)
        .epoch_interruption(true)
        .parallel_compilation(true);
    config
}

fn pooling(options: &Options) -> PoolingAllocationConfig {
    let instances = options.max_instances;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances)
        .total_memories(instances)
        .total_tables(instances.saturating_mul(2))
        .total_stacks(instances.saturating_mul(2))
        .total_core_instances(instances.saturating_mul(4))
        .max_component_instance_size(10 << 20)
        .max_core_instance_size(10 << 20)
        .max_memory_size(options.max_instance_memory)
        .table_elements(100_000)
        .linear_memory_keep_resident(KEEP_RESIDENT)
        .max_unused_warm_slots(WARM_SLOTS);
    pool
}

/// One thread for the whole engine; it ends with the engine.
fn start_clock(engine: &Engine) -> anyhow::Result<()> {
    let engine = engine.weak();
    std::thread::Builder::new()
        .name("guest-clock".into())
        .spawn(move || {
            while let Some(engine) = engine.upgrade() {
                engine.increment_epoch();
                drop(engine);
                std::thread::sleep(EPOCH_TICK);
            }
        })
        .context("cannot start the thread that interrupts guests")?;
    Ok(())
}
