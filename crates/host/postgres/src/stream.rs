//! Streams rows into a component, with backpressure: a connection is read only as fast as the
//! component reads rows.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;
use wasmtime::StoreContextMut;
use wasmtime::component::{Destination, StreamProducer, StreamResult, VecBuffer};

use crate::bindings::wit::Error;
use crate::failure::other;
use crate::rows::{Rows, Values};

/// Rows taken ahead of the reader: a result that fits frees its connection before it is read.
const AHEAD_ROWS: usize = 256;
const AHEAD_BYTES: usize = 64 << 10;

/// How the statement ended, for the component's `future`.
pub(crate) type Outcome = Result<(), Error>;

/// Feeds a component's stream from a statement.
pub(crate) struct RowProducer {
    ready: Vec<Values>,
    rows: Option<Rows>,
    max_row_bytes: usize,
    outcome: Option<oneshot::Sender<Outcome>>,
}

impl RowProducer {
    /// Takes what has arrived already, so that small results are complete at once.
    pub fn new(rows: Rows, max_row_bytes: usize) -> (Self, oneshot::Receiver<Outcome>) {
        let (sender, receiver) = oneshot::channel();
        let mut producer = Self {
            ready: Vec::new(),
            rows: Some(rows),
            max_row_bytes,
            outcome: Some(sender),
        };
        // Whoever reads the stream polls again with a waker of its own.
        producer.fill(&mut Context::from_waker(std::task::Waker::noop()));
        (producer, receiver)
    }

    /// Collects rows until none is there, enough are, or the statement has ended.
    fn fill(&mut self, cx: &mut Context<'_>) {
        let mut bytes = 0;
        while self.ready.len() < AHEAD_ROWS && bytes < AHEAD_BYTES {
            let Some(rows) = &mut self.rows else { return };
            match rows.poll_next(cx) {
                Poll::Pending => return,
                Poll::Ready(Some(Ok((values, size)))) if size <= self.max_row_bytes => {
                    bytes += size;
                    self.ready.push(values);
                }
                Poll::Ready(Some(Ok((_, size)))) => {
                    let max = self.max_row_bytes;
                    self.end(Err(other(format!(
                        "a row of {size} bytes is larger than the limit of {max}"
                    ))));
                }
                Poll::Ready(Some(Err(error))) => self.end(Err(error)),
                Poll::Ready(None) => self.end(Ok(())),
            }
        }
    }

    fn end(&mut self, outcome: Outcome) {
        self.rows = None;
        if let Some(sender) = self.outcome.take() {
            // Nobody may be interested.
            let _ = sender.send(outcome);
        }
    }
}

impl Drop for RowProducer {
    fn drop(&mut self) {
        if let Some(rows) = &self.rows {
            let outcome = rows.outcome_if_dropped();
            self.end(outcome);
        }
    }
}

impl<D> StreamProducer<D> for RowProducer {
    type Item = Values;
    type Buffer = VecBuffer<Values>;

    fn poll_produce<'a>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut store: StoreContextMut<'a, D>,
        mut destination: Destination<'a, Values, VecBuffer<Values>>,
        finish: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        let this = self.get_mut();
        if destination.remaining(&mut store) == Some(0) {
            // The reader only asks whether to read; rows given now could get lost.
            return Poll::Ready(Ok(StreamResult::Completed));
        }
        if this.ready.is_empty() {
            this.fill(cx);
        }
        if !this.ready.is_empty() {
            destination.set_buffer(std::mem::take(&mut this.ready).into());
            return Poll::Ready(Ok(match this.rows {
                Some(_) => StreamResult::Completed,
                None => StreamResult::Dropped,
            }));
        }
        match this.rows {
            None => Poll::Ready(Ok(StreamResult::Dropped)),
            Some(_) if finish => Poll::Ready(Ok(StreamResult::Cancelled)),
            Some(_) => Poll::Pending,
        }
    }
}
