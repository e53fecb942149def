//! A host that runs one trigger for one component, which prints the ticks it ran for.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use event_log::EventLog;
use testing::{Database, eventually, within};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use trigger_cron::Service;

/// A host that runs one trigger for one component.
pub struct Host {
    output: PathBuf,
    shutdown: CancellationToken,
    running: JoinHandle<anyhow::Result<()>>,
    _folder: tempfile::TempDir,
}

pub async fn prepare(
    guest: &str,
    lines: &str,
    log: Option<&Arc<EventLog>>,
) -> (tempfile::TempDir, anyhow::Result<Option<Service>>) {
    let source = testing::wasm(guest);
    let text = format!(
        "spin_manifest_version = 2
         [application]
         name = \"cron-behaviour\"
         version = \"1.0.0\"
         [component.probe]
         source = \"{}\"
         {lines}",
        source.display()
    );
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("spin.toml");
    std::fs::write(&path, text).expect("written");
    let log_dir = Some(folder.path().to_owned());
    let loaded = testing::load(&path, &[], log_dir).await;
    let loaded = loaded.expect("a valid application");
    let service = Service::new(&loaded.app, &loaded.variables, &loaded.runtime, log).await;
    (folder, service)
}

pub async fn start(guest: &str, lines: &str, log: Option<&Arc<EventLog>>) -> Host {
    let trigger = "[[trigger.cron]]\ncomponent = \"probe\"\ncron_expression = \"* * * * * *\"\ndeadline_ms = 1500";
    let (folder, service) = prepare(guest, &format!("{lines}\n{trigger}"), log).await;
    let service = service.expect("a valid trigger").expect("a trigger");
    let shutdown = CancellationToken::new();
    Host {
        output: folder.path().join("probe_stdout.txt"),
        running: tokio::spawn(service.run(shutdown.clone())),
        shutdown,
        _folder: folder,
    }
}

impl Host {
    /// The ticks the guest ran for.
    pub fn ticks(&self) -> Vec<u64> {
        ticks_in(&self.output)
    }

    pub async fn until_ticks(&self, count: usize) {
        eventually(&format!("{count} ticks"), async || {
            (self.ticks().len() >= count).then_some(())
        })
        .await;
    }

    pub async fn stop(self) -> Vec<u64> {
        self.shutdown.cancel();
        let running = within(self.running).await;
        running.expect("no panic").expect("a clean end");
        ticks_in(&self.output)
    }
}

fn ticks_in(output: &Path) -> Vec<u64> {
    let output = std::fs::read_to_string(output).unwrap_or_default();
    let ticks = output.lines().filter_map(|line| line.strip_prefix("tick "));
    ticks.filter_map(|tick| tick.parse().ok()).collect()
}

pub async fn event_log(database: &Database) -> Arc<EventLog> {
    EventLog::connect(&database.url, event_log::Options::default())
        .await
        .expect("an event log")
}
