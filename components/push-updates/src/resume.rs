//! The first frames of a connection. The host already holds back what happens from now on, so
//! whatever is read here and comes again live is known by its id and sent once.

use events::topic::{TASK_EVENTS, TASK_UPDATES};
use spin_websocket::Resumption;
use store::Database;
use store::updates::{self, Missed};
use uuid::Uuid;

use crate::frame::{self, Frame};

/// The topics of the trigger in spin.toml.
const TOPICS: [&str; 2] = [TASK_EVENTS, TASK_UPDATES];

/// Without a cursor `ready`; with one, what was missed and `ready`; with one that leads nowhere any
/// more, `reload` and `ready`.
pub async fn first_frames(user: &str, since: Option<&str>) -> Result<Resumption, Error> {
    let user_id = Uuid::parse_str(user)?;
    let db = store::connect().await?;
    let Some(since) = since else {
        return anew(&db, user_id, &[]).await;
    };
    let missed = match Uuid::parse_str(since) {
        Ok(since) => {
            let missed = updates::missed(&db, user_id, since, &TOPICS).await?;
            missed.map(|missed| continued(since, missed))
        }
        Err(_) => None,
    };
    match missed {
        Some(resumption) => Ok(resumption),
        None => anew(&db, user_id, &[Frame::Reload]).await,
    }
}

/// The browser reads everything after these frames, so it will know the latest events.
async fn anew(db: &impl Database, user_id: Uuid, first: &[Frame<'_>]) -> Result<Resumption, Error> {
    let recent = updates::recent(db, user_id, &TOPICS).await?;
    let ready = Frame::Ready {
        cursor: recent.first().copied(),
    };
    let frames = first.iter().chain([&ready]);
    Ok(Resumption {
        deliveries: frames.map(|frame| frame::delivery(None, frame)).collect(),
        known: recent.iter().map(Uuid::to_string).collect(),
    })
}

fn continued(since: Uuid, missed: Missed) -> Resumption {
    let cursor = missed.events.last().map_or(since, |last| last.id);
    let ready = Frame::Ready {
        cursor: Some(cursor),
    };
    let events = missed
        .events
        .iter()
        .filter_map(|logged| frame::of_event(logged.payload.as_bytes()));
    Resumption {
        deliveries: events.chain([frame::delivery(None, &ready)]).collect(),
        known: missed.known.iter().map(Uuid::to_string).collect(),
    }
}

/// Nothing could be read; the host closes the connection and the client comes again.
pub type Error = Box<dyn std::error::Error>;
