//! A running statement: its rows, and its hold on the connection. If it is dropped before its end,
//! the connection is cleaned up before anybody else gets it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::OwnedMutexGuard;
use tokio_postgres::{RowStream, Statement};

use crate::bindings::wit::{Column, DbValue, Error};
use crate::connection::KeptConnection;
use crate::failure::other;
use crate::pool::Lease;
use crate::text::Text;
use crate::values;

/// A row of a result as components get it.
pub(crate) type Values = Vec<DbValue>;

pub(crate) struct Rows {
    // Dropped before `hold`: the connection then throws away what still arrives.
    stream: Pin<Box<RowStream>>,
    statement: Statement,
    text: Arc<Text>,
    /// `None` when the statement has ended.
    hold: Option<Hold>,
}

/// A connection for the time of a statement.
pub(crate) struct Hold {
    pub lease: Lease,
    /// Where a connection that belongs to a guest's handle goes back to.
    pub home: Option<OwnedMutexGuard<KeptConnection>>,
}

impl Hold {
    fn release(self) {
        if let Some(mut home) = self.home {
            *home = KeptConnection::Here(self.lease);
        }
    }
}

impl Rows {
    /// Sends the statement; returns with the server's first answer.
    pub async fn start(
        mut hold: Hold,
        text: Arc<Text>,
        parameters: &[values::Parameter],
    ) -> Result<Self, Error> {
        match hold.lease.start(&text, parameters).await {
            Ok(started) => Ok(Self {
                stream: started.rows,
                statement: started.statement,
                text,
                hold: Some(hold),
            }),
            Err(error) => {
                hold.lease.report_broken();
                hold.release();
                Err(error)
            }
        }
    }

    /// Known without any row.
    pub fn columns(&self) -> Vec<Column> {
        let columns = self.statement.columns();
        columns.iter().map(values::column).collect()
    }

    /// The next row with its size on the wire. After `None` or an error of Postgres the connection
    /// is free; after a value that cannot be converted, once this is dropped.
    pub fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<(Values, usize), Error>>> {
        self.poll_row(cx).map(|row| {
            row.map(|row| {
                let row = row?;
                Ok((values::row(&row)?, row.raw_size_bytes()))
            })
        })
    }

    /// Runs the statement to its end without looking at rows. Returns the rows it affected.
    pub async fn finish(mut self) -> Result<u64, Error> {
        while let Some(row) = std::future::poll_fn(|cx| self.poll_row(cx)).await {
            row?;
        }
        Ok(self.stream.rows_affected().unwrap_or(0))
    }

    fn poll_row(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<tokio_postgres::Row, Error>>> {
        let Some(hold) = &mut self.hold else {
            return Poll::Ready(None);
        };
        let next = std::task::ready!(hold.lease.poll_row(cx, &mut self.stream));
        if !matches!(next, Some(Ok(_))) {
            self.end(next.is_none());
        }
        Poll::Ready(next)
    }

    fn end(&mut self, succeeded: bool) {
        if let Some(mut hold) = self.hold.take() {
            if !succeeded {
                hold.lease.pool.meters.errors.increment(1);
                hold.lease.report_broken();
            }
            if hold.lease.note_end(&self.text, succeeded) {
                hold.lease.pool.options.appended();
            }
            hold.release();
        }
    }

    /// For whoever waits for the outcome when the rows are dropped early.
    pub fn outcome_if_dropped(&self) -> Result<(), Error> {
        if self.hold.is_some() && self.text.traits.writes {
            return Err(other(
                "its rows were dropped before the statement's end: whether it was committed is \
                 not known",
            ));
        }
        Ok(())
    }
}
