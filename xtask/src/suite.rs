//! Running test programs: side by side within few cores, each one's output kept together.

mod outcome;
mod packages;
mod programs;

pub use packages::{Need, Package, all as packages};
pub use programs::{Program, Programs, built_by};

use anyhow::Context as _;
use outcome::{Outcome, Total};
use signal_hook::consts::{SIGINT, SIGTERM};
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often is looked who has ended.
const LOOK: Duration = Duration::from_millis(20);

/// What all test programs are given.
pub struct Suite<'s> {
    /// Arguments: a filter, and options of libtest.
    pub arguments: &'s [String],
    pub environment: &'s [(String, std::ffi::OsString)],
    /// Programs that run at the same time. Each has as many threads as there are cores, most of which wait.
    pub jobs: usize,
    /// Where outputs are kept meanwhile.
    pub folder: &'s Path,
}

struct Running<'p> {
    program: &'p Program,
    child: Child,
    output: std::path::PathBuf,
    since: Instant,
}

impl Suite<'_> {
    /// Run them, the longest first.
    ///
    /// # Errors
    /// When a test failed, or a program could not be run.
    pub fn run(&self, programs: &Programs) -> anyhow::Result<()> {
        let asked = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            signal_hook::flag::register(signal, Arc::clone(&asked))?;
        }
        let started = Instant::now();
        let mut waiting = programs.longest_first().into_iter();
        let (mut running, mut total) = (Vec::<Running>::new(), Total::default());
        loop {
            while running.len() < self.jobs
                && let Some(program) = waiting.next()
            {
                running.push(self.start(program)?);
            }
            if running.is_empty() {
                break;
            }
            std::thread::sleep(LOOK);
            if asked.load(Ordering::SeqCst) {
                for one in &mut running {
                    // Gone already: then there is nothing to end.
                    _ = one.child.kill();
                    _ = one.child.wait();
                }
                anyhow::bail!("interrupted");
            }
            let mut index = 0;
            while let Some(one) = running.get_mut(index) {
                match one.child.try_wait()? {
                    None => index += 1,
                    Some(status) => {
                        let ended = running.swap_remove(index);
                        let text = std::fs::read(&ended.output).unwrap_or_default();
                        let text = String::from_utf8_lossy(&text).into_owned();
                        let outcome = Outcome::read(&text, status, ended.since.elapsed());
                        outcome.print(&ended.program.name, &text);
                        total.add(&ended.program.name, outcome);
                    }
                }
            }
        }
        programs.remember(&total.times);
        total.print(started.elapsed());
        total.into_result()
    }

    /// One after the other, their output as it comes.
    ///
    /// # Errors
    /// When a test failed, or a program could not be run.
    pub fn run_openly(&self, programs: &Programs) -> anyhow::Result<()> {
        let mut failed = Vec::new();
        for program in programs.longest_first() {
            println!("{}", program.name);
            let status = self.command(program).status();
            let status = status.with_context(|| format!("running {}", program.name))?;
            if !status.success() {
                failed.push(program.name.as_str());
            }
        }
        anyhow::ensure!(failed.is_empty(), "failed: {}", failed.join(", "));
        Ok(())
    }

    fn start<'p>(&self, program: &'p Program) -> anyhow::Result<Running<'p>> {
        let output = self.folder.join(format!("{}.txt", program.file_name()));
        let file = File::create(&output)?;
        let child = self
            .command(program)
            // What passing tests print says whether they were skipped.
            .arg("--show-output")
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("running {}", program.name))?;
        Ok(Running {
            program,
            child,
            output,
            since: Instant::now(),
        })
    }

    /// As `cargo test` runs it.
    fn command(&self, program: &Program) -> Command {
        let mut command = Command::new(&program.executable);
        command
            .current_dir(&program.folder)
            .env("CARGO_MANIFEST_DIR", &program.folder)
            .args(self.arguments);
        for (name, value) in self.environment {
            command.env(name, value);
        }
        command
    }
}
