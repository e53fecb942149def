//! Supervises servers: one that ends although nobody asked for it is started again, at the same
//! address.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often is looked.
const LOOK: Duration = Duration::from_millis(200);
/// After one that ended again, or did not start.
const WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Who runs this long is started again at once.
const SETTLED: Duration = Duration::from_secs(60);

/// A server of ours that others connect to. Dropping it stops it.
pub trait Server: Send + 'static {
    /// As people call it.
    fn name(&self) -> &'static str;
    /// How it ended; `None` while it runs.
    fn ended(&mut self) -> Option<String>;
    /// On the same address and data. Waits until it takes connections.
    fn start_again(&mut self) -> anyhow::Result<()>;
}

/// A server that is looked after until this is dropped, which stops it.
pub struct Supervised {
    over: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Supervised {
    pub fn new(mut server: impl Server) -> Self {
        let (over, asked) = channel();
        let is_over =
            move |within| !matches!(asked.recv_timeout(within), Err(RecvTimeoutError::Timeout));
        let thread = std::thread::spawn(move || {
            let (mut wait, mut started) = (Duration::ZERO, Instant::now());
            while !is_over(LOOK) {
                let Some(how) = server.ended() else {
                    if started.elapsed() > SETTLED {
                        wait = Duration::ZERO;
                    }
                    continue;
                };
                let name = server.name();
                eprintln!("{name} ended ({how}); starting it again");
                if is_over(wait) {
                    break;
                }
                wait = (wait * 2).clamp(WAIT, LONGEST_WAIT);
                match server.start_again() {
                    Ok(()) => eprintln!("{name} is back"),
                    Err(error) => eprintln!("{name} could not be started again: {error:#}"),
                }
                started = Instant::now();
            }
        });
        Self {
            over: Some(over),
            thread: Some(thread),
        }
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        self.over = None;
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}
