//! Says which tick it ran for; `CRON_PROBE` in its environment makes it fail, trap or hang.

use spin_cron::Metadata;

spin_cron::handler!(tick);

async fn tick(tick: Metadata) -> Result<(), String> {
    println!("tick {}", tick.timestamp);
    match std::env::var("CRON_PROBE").as_deref() {
        Ok("fail") => Err("told to fail".to_owned()),
        Ok("trap") => panic!("told to trap"),
        #[expect(clippy::empty_loop, reason = "the host must end it")]
        Ok("spin") => loop {},
        _ => Ok(()),
    }
}
