//! Emits `reminder.due` for the reminders whose time has come. Run by a tick every few seconds; what
//! a tick misses, the next one finds.

use anyhow::Context;
use spin_cron::Metadata;
use store::reminders::scan;

/// How many reminders one statement settles.
const BATCH: i32 = 500;
/// How many statements one tick runs at most; the rest is left to the next tick.
const MAX_BATCHES: usize = 100;

spin_cron::handler!(sweep);

async fn sweep(_tick: Metadata) -> anyhow::Result<()> {
    let db = store::connect().await?;
    for _ in 0..MAX_BATCHES {
        let scanned = scan(&db, BATCH)
            .await
            .context("scanning for due reminders")?;
        if scanned.settled < i64::from(BATCH) {
            return Ok(());
        }
    }
    eprintln!(
        "{} reminders were due at once: the rest waits for the next tick",
        i64::from(BATCH) * MAX_BATCHES as i64
    );
    Ok(())
}
