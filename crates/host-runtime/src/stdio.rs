//! Where guests' output goes: whole lines, to the log or to a file per component and stream.

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
pub(crate) enum Output {
    File(Arc<Mutex<File>>),
    Log {
        component: Arc<str>,
        stream: &'static str,
    },
}

impl Output {
    fn write_line(component: &str, stream: &str, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
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
        let Output::Log { component, stream } = &self.output else {
            return;
        };
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(part);
            if self.line.last() == Some(&b'\n') || self.line.len() >= MAX_LINE {
                Output::write_line(component, stream, self.line.trim_ascii_end());
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
        match &self.output {
            Output::File(file) => {
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                Poll::Ready(file.write_all(bytes).map(|()| bytes.len()))
            }
            Output::Log { .. } => {
                self.log(bytes);
                Poll::Ready(Ok(bytes.len()))
            }
        }
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
        if let Output::Log { component, stream } = &self.output
            && !self.line.is_empty()
        {
            Output::write_line(component, stream, self.line.trim_ascii_end());
        }
    }
}
