//! Live updates for browsers over `/ws`: a connection belongs to a user, gets that user's events,
//! and after a break first those it missed. Nothing is remembered here.

mod frame;
mod open;
mod resume;

use spin_websocket::{
    Acceptance, Connection, Delivery, Frame, Handler, Message, Opening, Refusal, Resumption, export,
};

struct PushUpdates;

impl Handler for PushUpdates {
    async fn open(opening: Opening) -> Result<Acceptance, Refusal> {
        match open::authorize(&opening).await {
            Ok(acceptance) => Ok(acceptance),
            Err(problem) => Err(open::refusal(problem)),
        }
    }

    async fn resume(connection: Connection, since: Option<String>) -> Result<Resumption, String> {
        let missed = resume::first_frames(&connection.context, since.as_deref()).await;
        missed.map_err(|error| format!("{error:#}"))
    }

    async fn deliver(messages: Vec<Message>) -> Result<Vec<Option<Delivery>>, String> {
        Ok(messages.iter().map(frame::of_record).collect())
    }

    async fn receive(_connection: Connection, frame: Frame) -> Result<Vec<Frame>, String> {
        Ok(frame::answer(&frame).into_iter().collect())
    }
}

export!(PushUpdates);
