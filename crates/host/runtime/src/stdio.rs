//! Where guests' output goes: to the log, by whole lines, and to a file per component and stream.

use std::fs::File;
use std::io::{self, Write as _};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};

/// A guest that never ends a line still gets it logged at this length.
const MAX_LINE: usize = 16 << 10;

/// One of a component's two output streams, shared by its instances.
#[derive(Clone)]
pub(crate) struct Output {
    pub file: Option<Arc<Mutex<File>>>,
    pub log: Option<Log>,
}

#[derive(Clone)]
pub(crate) struct Log {
    pub component: Arc<str>,
    pub stream: &'static str,
}

impl Log {
    fn write_line(&self, line: &[u8]) {
        let (component, stream) = (&*self.component, self.stream);
        let line = String::from_utf8_lossy(line.trim_ascii_end());
        match stream {
            "stderr" => tracing::warn!(target: "guest", component, stream, "{line}"),
            _ => tracing::info!(target: "guest", component, stream, "{line}"),
        }
    }
}

impl IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Output {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(Writer {
            output: self.clone(),
            line: Vec::new(),
        })
    }
}

struct Writer {
    output: Output,
    line: Vec<u8>,
}

impl Writer {
    fn log(&mut self, bytes: &[u8]) {
        let Some(log) = &self.output.log else {
            return;
        };
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(part);
            if self.line.last() == Some(&b'\n') || self.line.len() >= MAX_LINE {
                log.write_line(&self.line);
                self.line.clear();
            }
        }
    }
}

impl AsyncWrite for Writer {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let Some(file) = &self.output.file {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            file.write_all(bytes)?;
        }
        self.log(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Some(log) = &self.output.log
            && !self.line.is_empty()
        {
            log.write_line(&self.line);
        }
    }
}
