//! SIGTERM and SIGINT: the first asks for a graceful end, a second one gets an end at once.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// What a process ends with that a second signal stopped: 128 + SIGINT, as shells say it.
const INTERRUPTED: i32 = 130;
/// One Ctrl-C may come as several signals: the real Spin passes on to its plugins what the terminal
/// has sent to all of them.
const SAME: Duration = Duration::from_secs(1);

/// A token that the first signal cancels. Both signals are caught from here on.
pub fn on_signal() -> std::io::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let shutdown = CancellationToken::new();
    let token = shutdown.clone();
    tokio::spawn(async move {
        let name = next(&mut terminate, &mut interrupt).await;
        tracing::info!("{name}: finishing what is under way; a second signal ends at once");
        token.cancel();
        let again = async {
            loop {
                next(&mut terminate, &mut interrupt).await;
            }
        };
        let _over: Result<(), _> = tokio::time::timeout(SAME, again).await;
        next(&mut terminate, &mut interrupt).await;
        tracing::warn!("second signal: ending at once");
        std::process::exit(INTERRUPTED);
    });
    Ok(shutdown)
}

async fn next(terminate: &mut Signal, interrupt: &mut Signal) -> &'static str {
    tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    }
}
