//! Compiles components in processes of their own: what that takes of memory goes with them.

use std::env;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::bail;
use host_postgres::Postgres;
use host_runtime::{Compiler, Options};
use tokio_util::sync::CancellationToken;

use crate::cli::CompileArgs;

/// How often is looked whether it is done.
const LOOK: Duration = Duration::from_millis(10);

/// What `taskwhisper compile` does.
///
/// # Errors
/// When it is no component, or the cache cannot be written.
pub fn run(args: &CompileArgs) -> anyhow::Result<()> {
    let mut options = Options::new(&args.state_dir, Postgres::new(Default::default()));
    options.pooling = !args.no_pooling;
    options.max_instance_memory = args.max_instance_memory;
    host_runtime::compile(&args.component, &options)
}

/// Has this program compile, one component at a time: each takes all cores by itself. Ends with
/// `shutdown`.
pub fn elsewhere(options: &Options, shutdown: CancellationToken) -> Compiler {
    let state_dir = options.state_dir.clone();
    let (no_pooling, max_instance_memory) = (!options.pooling, options.max_instance_memory);
    let turn = Mutex::new(());
    Arc::new(move |wasm| {
        let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
        if shutdown.is_cancelled() {
            bail!("not compiled: the host stops");
        }
        let args = CompileArgs {
            component: wasm.to_owned(),
            state_dir: state_dir.clone(),
            no_pooling,
            max_instance_memory,
        };
        let Ok(mut child) = command(&args).and_then(|mut command| command.spawn()) else {
            return Ok(false);
        };
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if shutdown.is_cancelled() {
                child.kill()?;
            }
            thread::sleep(LOOK);
        };
        // If it failed, who asked does it and sees why. Ctrl-C in a terminal is for both.
        match status.code() {
            Some(code) => Ok(code == 0),
            None => bail!("compiling was interrupted ({status})"),
        }
    })
}

fn command(args: &CompileArgs) -> std::io::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    // Whatever name this one goes by: the trigger plugins have their own.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::arg0(&mut command, "taskwhisper");
    command
        .arg("compile")
        .arg(&args.component)
        .arg("--state-dir")
        .arg(&args.state_dir)
        .arg("--max-instance-memory")
        .arg(args.max_instance_memory.to_string())
        .args(args.no_pooling.then_some("--no-pooling"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    Ok(command)
}
