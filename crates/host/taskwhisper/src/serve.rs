//! Runs the host until it is asked to stop, and ends it in order: no new work, what is under way
//! is finished, connections close.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::admin::{Admin, Health, Metrics, Phase};
use crate::check;
use crate::services::Services;
use crate::settings::Settings;

/// Beyond the drain timeout, for what triggers do after it: closing, committing.
const CLOSING: Duration = Duration::from_secs(5);

/// What runs, each with its name.
pub type Running = JoinSet<(&'static str, anyhow::Result<()>)>;

/// Run until `shutdown`.
///
/// # Errors
/// When something cannot start, listing every problem, or when a trigger stops by itself.
pub async fn serve(mut settings: Settings, shutdown: CancellationToken) -> anyhow::Result<()> {
    check::all(&settings.app, &settings.variables).await?;
    let health = Arc::new(Health::new());
    let metrics = Metrics::start()?;
    let over = CancellationToken::new();
    let _over_at_return = over.clone().drop_guard();
    tokio::spawn(metrics.clone().upkeep(over.clone()));
    if let Some(address) = settings.admin_listen {
        let admin = Admin::bind(address, health.clone(), metrics.clone()).await?;
        let address = admin.local_addr()?;
        tracing::info!("health and metrics are at http://{address}");
        tokio::spawn(admin.run(over.clone()));
    }

    // Copies of files that components may read; they live as long as this.
    let _files = settings.app.stage_files()?;
    let (name, drain_timeout) = (settings.name.clone(), settings.drain_timeout);
    let services = tokio::select! {
        () = shutdown.cancelled() => return Ok(()),
        services = Services::start(settings, &health, &shutdown) => services?,
    };
    services.watch(&health, &metrics);
    let health_address = match services.idle_address() {
        None => None,
        Some(address) => {
            let admin = Admin::bind(address, health.clone(), metrics).await?;
            let address = admin.local_addr()?;
            tokio::spawn(admin.run(over.clone()));
            Some(address)
        }
    };
    let address = services.address()?.or(health_address);
    let stop = shutdown.child_token();
    let running = services.run(&stop);
    health.enter(Phase::Serving);
    announce(&name, address);

    let outcome = watch(running, &shutdown, &stop, &health, drain_timeout).await;
    tracing::info!("stopped");
    outcome
}

async fn watch(
    mut running: Running,
    shutdown: &CancellationToken,
    stop: &CancellationToken,
    health: &Health,
    drain_timeout: Duration,
) -> anyhow::Result<()> {
    let mut outcome = tokio::select! {
        // First: a trigger that ends because of the shutdown may be seen in the same moment.
        biased;
        () = shutdown.cancelled() => Ok(()),
        // With nothing to run there is nothing that could stop.
        Some(ended) = running.join_next() => Err(match ended {
            Ok((name, Ok(()))) => anyhow!("{name} stopped by itself"),
            Ok((name, Err(error))) => error.context(format!("{name} stopped")),
            Err(panic) => anyhow!(panic).context("a service stopped"),
        }),
    };
    health.enter(Phase::Draining);
    stop.cancel();
    let drain = async {
        while let Some(ended) = running.join_next().await {
            let result = match ended {
                Ok((name, result)) => {
                    tracing::debug!("{name} has finished");
                    result.with_context(|| format!("{name} did not end well"))
                }
                Err(panic) => Err(panic.into()),
            };
            if outcome.is_ok() {
                outcome = result;
            }
        }
    };
    if tokio::time::timeout(drain_timeout + CLOSING, drain)
        .await
        .is_err()
    {
        tracing::warn!("gave up work that did not finish within {drain_timeout:?}");
    }
    outcome
}

/// One line on standard output, for people and for programs that wait for it.
fn announce(name: &str, address: Option<std::net::SocketAddr>) {
    let mut stdout = std::io::stdout().lock();
    // Nobody may be reading it.
    _ = match address {
        Some(address) => writeln!(stdout, "{name} is ready at http://{address}"),
        None => writeln!(stdout, "{name} is ready"),
    };
    _ = stdout.flush();
}
