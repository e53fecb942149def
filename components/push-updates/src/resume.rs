//! The first frames of a connection. The host already holds back what happens from now on, so
//! whatever is read here and comes again live is known by its id and sent once.

use events::topic::{TASK_EVENTS, TASK_UPDATES};
use spin_websocket::Delivery;
use store::{Database, updates};
use uuid::Uuid;

use crate::frame::{self, Frame};

/// The topics of the trigger in spin.toml.
const TOPICS: [&str; 2] = [TASK_EVENTS, TASK_UPDATES];

/// Without a cursor `ready`; with one, what was missed and `ready`; with one that leads nowhere any
/// more, `reload` and `ready`.
pub async fn first_frames(user: &str, since: Option<&str>) -> Result<Vec<Delivery>, Error> {
    let user_id = Uuid::parse_str(user)?;
    let db = store::connect().await?;
    frames(&db, user_id, since).await
}

async fn frames(
    db: &impl Database,
    user_id: Uuid,
    since: Option<&str>,
) -> Result<Vec<Delivery>, Error> {
    let Some(since) = since else {
        let cursor = updates::newest(db, user_id, &TOPICS).await?;
        return Ok(vec![frame::delivery(None, &Frame::Ready { cursor })]);
    };
    let missed = match Uuid::parse_str(since) {
        Ok(since) => updates::missed(db, user_id, since, &TOPICS)
            .await?
            .map(|missed| (since, missed)),
        Err(_) => None,
    };
    let Some((since, missed)) = missed else {
        let cursor = updates::newest(db, user_id, &TOPICS).await?;
        let frames = [Frame::Reload, Frame::Ready { cursor }];
        return Ok(frames
            .iter()
            .map(|frame| frame::delivery(None, frame))
            .collect());
    };
    let cursor = missed.last().map_or(since, |last| last.id);
    let ready = frame::delivery(
        None,
        &Frame::Ready {
            cursor: Some(cursor),
        },
    );
    let events = missed
        .iter()
        .filter_map(|logged| frame::of_event(logged.payload.as_bytes(), logged.source.as_deref()));
    Ok(events.chain([ready]).collect())
}

/// Nothing could be read; the host closes the connection and the client comes again.
pub type Error = Box<dyn std::error::Error>;
