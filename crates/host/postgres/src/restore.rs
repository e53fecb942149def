//! Restores a session for its next user after the last one left it unclean: by a trap, a deadline,
//! a disconnect, or an open transaction.

use std::time::Duration;

use crate::pool::Pool;
use crate::session::{Running, Session};

/// Most statements end by themselves within this; cancelling costs the connection.
const SETTLE: Duration = Duration::from_millis(20);
/// A statement that writes and has begun to answer is brought to its end, as under Spin.
const FINISH: Duration = Duration::from_secs(30);
const CANCEL: Duration = Duration::from_secs(5);
const UNDO: Duration = Duration::from_secs(5);

/// `None`: it could not be restored and is closed. Closing rolls back too.
pub(crate) async fn restore(mut session: Session, pool: &Pool) -> Option<Session> {
    if let Some(running) = session.running() {
        if !session.settles_within(patience(running)).await {
            let cancelled = async {
                session.cancel().await;
                // The server really stops before another connection gets this one's slot.
                session.settles_within(CANCEL).await
            };
            if !matches!(tokio::time::timeout(CANCEL, cancelled).await, Ok(true)) {
                pool.distrust();
            }
            return None;
        }
        if running.appends {
            pool.options.appended();
        }
    }
    match tokio::time::timeout(UNDO, session.restore()).await {
        Ok(Ok(())) if session.is_clean() => Some(session),
        _ => None,
    }
}

fn patience(running: Running) -> Duration {
    if running.answered && running.writes {
        FINISH
    } else {
        SETTLE
    }
}
