//! Says which tick it ran for; `CRON_PROBE` in its environment makes it fail, trap, hang, or connect to
//! the Postgres that it is the URL of.

use spin_cron::Metadata;

spin_cron::handler!(tick);

async fn tick(tick: Metadata) -> Result<(), String> {
    println!("tick {}", tick.timestamp);
    match std::env::var("CRON_PROBE").as_deref() {
        Ok("fail") => Err("told to fail".to_owned()),
        Ok("trap") => panic!("told to trap"),
        #[expect(clippy::empty_loop, reason = "the host must end it")]
        Ok("spin") => loop {},
        Ok(url) if url.starts_with("postgres") => {
            let connected = spin_sdk::pg::Connection::open(url).await;
            connected
                .map(|_| println!("connected"))
                .map_err(|error| format!("{error:?}"))
        }
        _ => Ok(()),
    }
}
