//! Runs the kafka triggers of an application until SIGTERM: `member spin.toml STATE_DIR`. Tests start
//! it to have a member of a group that they can kill.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use host_postgres::Postgres;
use host_runtime::{Options, Runtime};
use manifest::{App, VariableOptions, Variables};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use trigger_kafka::Service;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .init();
    let mut arguments = std::env::args().skip(1);
    let manifest = arguments.next().context("which spin.toml?")?;
    let state = arguments.next().context("which folder for state?")?;
    let app = Arc::new(App::load(Path::new(&manifest))?);
    let variables = Arc::new(Variables::new(&app, VariableOptions::default())?);
    let mut options = Options::new(state, Postgres::new(host_postgres::Options::default()));
    options.pooling = false;
    options.log_dir = Path::new(&manifest).parent().map(Path::to_owned);
    let runtime = Runtime::load(app.clone(), variables.clone(), options).await?;
    let service = Service::new(&app, &variables, &runtime, None).await?;
    let shutdown = CancellationToken::new();
    let mut term = signal(SignalKind::terminate())?;
    let stop = shutdown.clone();
    tokio::spawn(async move {
        term.recv().await;
        stop.cancel();
    });
    match service {
        Some(service) => service.run(shutdown).await,
        None => anyhow::bail!("{manifest} has no kafka trigger"),
    }
}
