//! Where a host serves. It takes any free port at each start, and says which in its log.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Duration;

const READY: &str = "is ready at http://";
const ADMIN: &str = "health and metrics are at http://";

/// Ports of 127.0.0.1; 0, where nobody answers, while one is not known.
#[derive(Debug, Default)]
pub struct Addresses {
    /// Whether it was told where to be, and is there at every start.
    fixed: bool,
    ports: Mutex<Ports>,
}

#[derive(Debug, Default)]
struct Ports {
    http: u16,
    websocket: u16,
    admin: u16,
    /// Counts starts: what an earlier one says is of no interest.
    start: usize,
}

impl Addresses {
    /// Of a host that serves without metrics where it was told to.
    pub fn fixed(http: SocketAddr, websocket: SocketAddr) -> Self {
        let ports = Ports {
            http: http.port(),
            websocket: websocket.port(),
            ..Ports::default()
        };
        Self {
            fixed: true,
            ports: Mutex::new(ports),
        }
    }

    pub fn http(&self) -> SocketAddr {
        local(self.ports().http)
    }

    pub fn websocket(&self) -> SocketAddr {
        local(self.ports().websocket)
    }

    pub fn admin(&self) -> SocketAddr {
        local(self.ports().admin)
    }

    /// It ends: nobody may be asked in its place.
    pub fn forget(&self) {
        let mut ports = self.ports();
        if !self.fixed {
            *ports = Ports {
                start: ports.start + 1,
                ..Ports::default()
            };
        }
    }

    /// Learns from what is written to the log from now on. The host starts after this.
    pub fn follow(self: &Arc<Self>, log: &Path) {
        if self.fixed {
            return;
        }
        let mut options = File::options();
        let opened = options.read(true).append(true).create(true).open(log);
        let mut log = opened.expect("the log can be read");
        let before = log.seek(SeekFrom::End(0)).expect("the log has an end");
        let (own, start) = (Arc::downgrade(self), self.ports().start);
        std::thread::spawn(move || watch(&own, start, log, before));
    }

    fn ports(&self) -> MutexGuard<'_, Ports> {
        self.ports.lock().expect("not poisoned")
    }
}

/// Until it is known where the host serves, or it does not matter any more.
fn watch(own: &Weak<Addresses>, start: usize, mut log: File, before: u64) {
    while let Some(own) = own.upgrade() {
        let mut text = String::new();
        let read = log.seek(SeekFrom::Start(before));
        let read = read.and_then(|_| log.read_to_string(&mut text));
        let mut ports = own.ports();
        if ports.start != start {
            return;
        }
        if read.is_ok()
            && let Some(http) = port_behind(&text, READY)
        {
            ports.http = http;
            ports.websocket = http;
            ports.admin = port_behind(&text, ADMIN).unwrap_or_default();
            return;
        }
        drop(ports);
        drop(own);
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The port of the address behind these words, once its line is whole.
fn port_behind(text: &str, words: &str) -> Option<u16> {
    let (_, rest) = text.split_once(words)?;
    let (line, _) = rest.split_once('\n')?;
    let address: SocketAddr = line.trim().parse().ok()?;
    Some(address.port())
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

#[cfg(test)]
mod tests {
    use super::{ADMIN, READY, port_behind};

    #[test]
    fn a_port_is_read_when_its_line_is_whole() {
        let text =
            "INFO health and metrics are at http://127.0.0.1:41\nit is ready at http://127.0.0.1:4";
        assert_eq!(port_behind(text, ADMIN), Some(41));
        assert_eq!(port_behind(text, READY), None);
        assert_eq!(port_behind(&format!("{text}2\n"), READY), Some(42));
    }
}
