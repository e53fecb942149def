//! The send queue of one connection, bounded in frames and bytes. Sending never waits: the host
//! closes a client that is too slow for its queue.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_util::sync::CancellationToken;

use crate::bindings;
use crate::close::Close;

/// One frame to send. Cloning shares the bytes.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    /// Hash of the delivery's id.
    pub(crate) id: Option<u64>,
    pub(crate) content: Content,
}

#[derive(Clone, Debug)]
pub(crate) enum Content {
    Frame(Frame),
    /// The component ends the connection, after what was queued before.
    Close(Close),
}

impl Outgoing {
    pub(crate) fn new(id: Option<String>, frame: bindings::Frame) -> Self {
        Self {
            id: id.map(|id| id_hash(&id)),
            content: match frame {
                bindings::Frame::Text(text) => Content::Frame(Frame::text(text)),
                bindings::Frame::Binary(bytes) => Content::Frame(Frame::binary(bytes)),
                bindings::Frame::Close((code, reason)) => {
                    Content::Close(Close::by_component(code, &reason))
                }
            },
        }
    }

    fn bytes(&self) -> usize {
        match &self.content {
            Content::Frame(frame) => frame.len(),
            Content::Close(_) => 0,
        }
    }
}

impl From<bindings::Delivery> for Outgoing {
    fn from(delivery: bindings::Delivery) -> Self {
        Self::new(delivery.id, delivery.frame)
    }
}

/// Ids are compared by a hash with a key of this process: 8 bytes for each instead of a string.
pub(crate) fn id_hash(id: &str) -> u64 {
    static KEY: OnceLock<RandomState> = OnceLock::new();
    KEY.get_or_init(RandomState::new).hash_one(id)
}

/// The sending side, shared by all that send to the connection.
pub(crate) struct SendQueue {
    sender: mpsc::Sender<Outgoing>,
    queued_bytes: AtomicUsize,
    max_bytes: usize,
    close: OnceLock<Close>,
    closed: CancellationToken,
}

impl SendQueue {
    pub(crate) fn new(max_frames: usize, max_bytes: usize) -> (Self, mpsc::Receiver<Outgoing>) {
        let (sender, receiver) = mpsc::channel(max_frames);
        let send_queue = Self {
            sender,
            queued_bytes: AtomicUsize::new(0),
            max_bytes,
            close: OnceLock::new(),
            closed: CancellationToken::new(),
        };
        (send_queue, receiver)
    }

    /// Queue a frame, or end the connection if there is no room. Returns whether it was queued.
    pub(crate) fn send(&self, outgoing: Outgoing) -> bool {
        let bytes = outgoing.bytes();
        let queued = self.queued_bytes.fetch_add(bytes, Ordering::Relaxed);
        // One frame may be larger than the bound: else it could never be sent.
        let fits = queued == 0 || queued.saturating_add(bytes) <= self.max_bytes;
        if fits && self.sender.try_send(outgoing).is_ok() {
            return true;
        }
        self.queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.close(Close::TOO_SLOW);
        false
    }

    /// The receiver took this one out of the queue.
    pub(crate) fn taken(&self, outgoing: &Outgoing) {
        self.queued_bytes
            .fetch_sub(outgoing.bytes(), Ordering::Relaxed);
    }

    /// End the connection at once, whatever is queued. The first reason counts.
    pub(crate) fn close(&self, close: Close) {
        let _ = self.close.set(close);
        self.closed.cancel();
    }

    /// Waits until someone ends the connection.
    pub(crate) async fn closed(&self) -> Close {
        self.closed.cancelled().await;
        self.close.get().cloned().unwrap_or(Close::FAILED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Outgoing {
        Outgoing::new(None, bindings::Frame::Text(text.into()))
    }

    #[tokio::test]
    async fn a_full_queue_closes_the_connection_as_too_slow() {
        let (send_queue, _receiver) = SendQueue::new(2, 1024);
        assert!(send_queue.send(text("one")));
        assert!(send_queue.send(text("two")));
        assert!(!send_queue.send(text("three")));
        send_queue.close(Close::RESTART);
        assert_eq!(
            send_queue.closed().await,
            Close::TOO_SLOW,
            "the first reason"
        );
    }

    #[tokio::test]
    async fn queued_bytes_are_bounded_and_given_back() {
        let (send_queue, mut receiver) = SendQueue::new(10, 4);
        assert!(send_queue.send(text("larger than the bound, but alone")));
        let taken = receiver.recv().await.expect("queued");
        send_queue.taken(&taken);
        assert!(send_queue.send(text("1234")));
        assert!(!send_queue.send(text("5")));
    }

    #[test]
    fn copies_share_their_bytes() {
        let one = text("shared by all subscribers");
        let (Content::Frame(Frame::Text(a)), Content::Frame(Frame::Text(b))) =
            (&one.content, &one.clone().content)
        else {
            panic!("text frames");
        };
        assert_eq!(a.as_ptr(), b.as_ptr());
    }
}
