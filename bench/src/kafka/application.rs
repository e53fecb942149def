//! An application of one component, run in this process.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use host_postgres::Postgres;
use host_runtime::Runtime;
use manifest::{App, VariableOptions, Variables};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::meter::Meter;
use super::records::{Topic, WARM};
use super::throughput::{Throughput, Watch};

const TIMEOUT: Duration = Duration::from_secs(120);

pub struct Application {
    component: PathBuf,
    brokers: String,
    folder: PathBuf,
    concurrency: usize,
    runtime: Arc<Runtime>,
}

/// What runs until it is stopped.
pub struct Running {
    shutdown: CancellationToken,
    job: JoinHandle<anyhow::Result<()>>,
}

impl Running {
    pub async fn stop(self) -> anyhow::Result<()> {
        self.shutdown.cancel();
        self.job.await?
    }
}

impl Application {
    /// Compiles the component, once: a runtime reserves much address space.
    pub async fn new(
        component: PathBuf,
        brokers: String,
        folder: PathBuf,
        concurrency: usize,
    ) -> anyhow::Result<Self> {
        let (app, variables) = load(&component, &brokers, &folder, "")?;
        let postgres = Postgres::new(host_postgres::Options::default());
        let options = host_runtime::Options::new(folder.join("state"), postgres);
        let runtime = Runtime::load(Arc::new(app), Arc::new(variables), options).await?;
        Ok(Self {
            component,
            brokers,
            folder,
            concurrency,
            runtime,
        })
    }

    fn load(&self, trigger: &str) -> anyhow::Result<(App, Variables)> {
        load(&self.component, &self.brokers, &self.folder, trigger)
    }

    /// Serves the component over HTTP; the address.
    pub async fn http(&self) -> anyhow::Result<(std::net::SocketAddr, Running)> {
        let trigger = "[[trigger.http]]\nroute = \"/...\"\ncomponent = \"noop\"";
        let (app, variables) = self.load(trigger)?;
        let options = trigger_http::Options::new(([127, 0, 0, 1], 0).into());
        let service =
            trigger_http::Service::new(&app, &variables, &self.runtime, Vec::new(), options)
                .await?;
        let service = service.context("no http trigger")?;
        let address = service.local_addr()?;
        let shutdown = CancellationToken::new();
        let job = tokio::spawn(service.run(shutdown.clone()));
        Ok((address, Running { shutdown, job }))
    }

    async fn kafka(&self, topic: &Topic, batch: usize) -> anyhow::Result<Running> {
        let group = format!("bench-{}", uuid::Uuid::new_v4().simple());
        let trigger = format!(
            "[[trigger.kafka]]\ncomponent = \"noop\"\ntopics = [\"{}\"]\ngroup = \"{group}\"\n\
             concurrency = {}\nbatch = {{ max_records = {batch} }}",
            topic.name, self.concurrency
        );
        let (app, variables) = self.load(&trigger)?;
        let service = trigger_kafka::Service::new(&app, &variables, &self.runtime, None).await?;
        let service = service.context("no kafka trigger")?;
        let shutdown = CancellationToken::new();
        let job = tokio::spawn(service.run(shutdown.clone()));
        Ok(Running { shutdown, job })
    }

    /// From the first record that is handled to the last.
    pub async fn drain(
        &self,
        topic: &Topic,
        batch: usize,
        count: u64,
        meter: &Meter,
    ) -> anyhow::Result<Throughput> {
        let before = meter.done();
        let running = self.kafka(topic, batch).await?;
        until(|| meter.done() > before).await?;
        let (watch, first) = (Watch::start()?, meter.done());
        until(|| meter.done() >= before + count).await?;
        let throughput = watch.stop(meter.done() - first)?;
        running.stop().await?;
        Ok(throughput)
    }

    /// Milliseconds from each record's creation to the start of its call, at a steady rate.
    pub async fn follow(
        &self,
        topic: &Topic,
        batch: usize,
        rate: u64,
        duration: Duration,
        meter: &Meter,
    ) -> anyhow::Result<Vec<f64>> {
        let running = self.kafka(topic, batch).await?;
        // Until it has its partitions.
        let before = meter.done();
        let pacer = topic.pacer().await?;
        until(|| meter.done() >= before + WARM).await?;
        let before = meter.done();
        meter.record_delays(true);
        let count = pacer.run(rate, duration).await?;
        until(|| meter.done() >= before + count).await?;
        let delays = meter.record_delays(false);
        running.stop().await?;
        Ok(delays.into_iter().map(|seconds| seconds * 1000.0).collect())
    }
}

fn load(
    component: &Path,
    brokers: &str,
    folder: &Path,
    trigger: &str,
) -> anyhow::Result<(App, Variables)> {
    let text = format!(
        r#"
        spin_manifest_version = 2
        [application]
        name = "bench"
        version = "1.0.0"
        [application.trigger.kafka]
        brokers = "{brokers}"
        [component.noop]
        source = "{}"
        {trigger}
        "#,
        component.display()
    );
    let path = folder.join("spin.toml");
    std::fs::write(&path, text)?;
    let app = App::load(&path)?;
    let variables = Variables::new(&app, VariableOptions::default())?;
    Ok((app, variables))
}

async fn until(condition: impl Fn() -> bool) -> anyhow::Result<()> {
    let started = Instant::now();
    while !condition() {
        if started.elapsed() > TIMEOUT {
            bail!("the trigger handled nothing for {TIMEOUT:?}");
        }
        tokio::time::sleep(Duration::from_micros(500)).await;
    }
    Ok(())
}
