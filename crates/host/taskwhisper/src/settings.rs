//! From flags, environment and files to everything that `serve` needs, checked as a whole.

use std::env;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use host_runtime::Follow;
use manifest::{
    App, Environment, RuntimeConfig, Selection, VariableFlag, VariableOptions, Variables,
};

use crate::cli::{Limits, PluginArgs, RelayChoice, TriggerKind, UpArgs};
use crate::database::{self, Address};
use crate::provision;

/// Where `up` listens unless told otherwise.
const DEFAULT_LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 3000);

/// What is to run, and how.
pub struct Settings {
    /// Who is ready when everything runs.
    pub name: String,
    pub app: App,
    pub variables: Variables,
    pub listen: Listen,
    pub admin_listen: Option<SocketAddr>,
    pub state_dir: PathBuf,
    /// Where components' output is kept.
    pub log_dir: Option<PathBuf>,
    /// Whose output goes to the log.
    pub follow: Follow,
    pub truncate_logs: bool,
    pub cache: bool,
    pub pooling: bool,
    pub max_instance_memory: Option<u64>,
    pub max_database_connections: Option<usize>,
    pub max_component_database_connections: Option<NonZeroUsize>,
    pub drain_timeout: Duration,
    pub relay: RelayChoice,
    /// The database was prepared by us, so Kafka's topics are too.
    pub prepare_topics: bool,
}

/// Who listens where.
pub enum Listen {
    /// One listener for HTTP and WebSockets.
    Shared {
        options: Box<trigger_http::Options>,
        /// Asked for, so that probes get an answer there even if nothing else is served.
        explicit: bool,
    },
    /// HTTP is somebody else's; WebSockets have a listener of their own.
    WebsocketOnly(SocketAddr),
}

impl Settings {
    /// For `taskwhisper up`. Migrates and provisions the database if one is given.
    pub async fn of_up(args: &UpArgs) -> anyhow::Result<Self> {
        let kinds = args.triggers.iter().map(|kind| kind.name().to_owned());
        let components = args.component_ids.iter().filter(|id| !id.is_empty());
        let selection = Selection {
            kinds: (!args.triggers.is_empty()).then(|| kinds.collect()),
            components: some_if_any(components.cloned().collect()),
        };
        let (app, config) = load(&args.from, &selection, args.runtime_config_file.as_deref())?;
        let state_dir = args
            .state_dir
            .clone()
            .or_else(|| config.state_dir.clone())
            .unwrap_or_else(|| app.base_dir.join(".taskwhisper"));

        let mut overrides = Vec::new();
        let mut env_files = args.env_files.clone();
        if env_files.is_empty() && Path::new(".env").is_file() {
            env_files.push(".env".into());
        }
        if let Some(url) = &args.database_url {
            let secrets_file = prepare_database(&url.0, &state_dir).await?;
            overrides = provision::database_variables(&secrets_file)?;
            // The application at hand may be another than the one these are for.
            overrides.retain(|(name, _)| app.variables.contains_key(name));
            env_files.push(secrets_file);
        }
        let database = overrides.into_iter();
        let database = database.map(|(name, value)| VariableFlag::Value(name, value));
        let options = VariableOptions {
            // The later ones win.
            overrides: database.chain(args.variables.iter().cloned()).collect(),
            env_files,
            providers: config.providers,
            environment: Environment::process(),
        };
        let log_dir = args.log_dir.clone().or(config.log_dir);
        Ok(Self {
            name: "TaskWhisper".into(),
            variables: Variables::new(&app, options)?,
            app,
            listen: Listen::Shared {
                options: Box::new(http_options(args)),
                explicit: args.listen.is_some(),
            },
            admin_listen: args.admin_listen,
            state_dir,
            follow: if log_dir.is_some() {
                Follow::Nobody
            } else {
                Follow::All
            },
            log_dir,
            truncate_logs: false,
            cache: true,
            pooling: true,
            max_instance_memory: args
                .limits
                .max_instance_memory
                .or(config.max_instance_memory),
            max_database_connections: Some(args.limits.max_database_connections),
            max_component_database_connections: Some(
                args.limits.max_component_database_connections,
            ),
            drain_timeout: args.drain_timeout,
            relay: args.relay,
            prepare_topics: args.database_url.is_some(),
        })
    }

    /// For a trigger that the real Spin started.
    pub fn of_plugin(kind: TriggerKind, args: &PluginArgs) -> anyhow::Result<Self> {
        if kind == TriggerKind::Http {
            bail!("Spin serves http itself; this program adds kafka, cron and websocket");
        }
        let lock = env::var("SPIN_LOCKED_URL").context(
            "SPIN_LOCKED_URL is not set: `spin up` starts this, with the lock file's URL in it; \
             `taskwhisper up` runs an application without Spin",
        )?;
        let selection = Selection {
            kinds: Some(vec![kind.name().to_owned()]),
            components: None,
        };
        let (app, config) = load(
            lock.as_ref(),
            &selection,
            args.runtime_config_file.as_deref(),
        )?;
        for flag in args.ignored.warnings() {
            tracing::warn!(
                "{flag} means nothing to the {} trigger, ignored",
                kind.name()
            );
        }
        let state_dir = given(args.state_dir.as_deref())
            .or_else(|| config.state_dir.clone())
            .or_else(|| spin_folder("SPIN_LOCAL_APP_DIR"))
            .or_else(|| spin_folder("SPIN_WORKING_DIR"))
            .context("neither SPIN_LOCAL_APP_DIR nor SPIN_WORKING_DIR is set")?;
        let log_dir = match &args.log_dir {
            Some(folder) => given(Some(folder)),
            None => config.log_dir.or_else(|| Some(state_dir.join("logs"))),
        };
        let options = VariableOptions {
            overrides: args.variables.clone(),
            env_files: Path::new(".env")
                .is_file()
                .then(|| ".env".into())
                .into_iter()
                .collect(),
            providers: config.providers,
            environment: Environment::process(),
        };
        Ok(Self {
            name: format!("The {} trigger", kind.name()),
            variables: Variables::new(&app, options)?,
            app,
            listen: Listen::WebsocketOnly(args.websocket_listen),
            admin_listen: args.admin_listen,
            state_dir,
            log_dir,
            follow: args.follow(),
            truncate_logs: args.truncate_logs,
            cache: !args.disable_cache,
            pooling: !args.disable_pooling,
            max_instance_memory: args.max_instance_memory.or(config.max_instance_memory),
            max_database_connections: None,
            max_component_database_connections: None,
            drain_timeout: args.drain_timeout,
            relay: RelayChoice::Auto,
            prepare_topics: false,
        })
    }
}

/// The application and the operator's configuration; what is wrong with either, together.
fn load(
    from: &Path,
    selection: &Selection,
    config: Option<&Path>,
) -> anyhow::Result<(App, RuntimeConfig)> {
    let config = match config {
        Some(path) => RuntimeConfig::read(path, &Environment::process()),
        None => Ok(RuntimeConfig::default()),
    };
    match (App::load_selected(from, selection), config) {
        (Ok(app), Ok(config)) => {
            for warning in &config.warnings {
                tracing::warn!("{warning}");
            }
            Ok((app, config))
        }
        (Err(app), Err(config)) => bail!("{app}\n{config}"),
        (Err(error), Ok(_)) | (Ok(_), Err(error)) => Err(error.into()),
    }
}

/// Migrate and provision; returns the file with the secrets.
async fn prepare_database(owner: &Address, state_dir: &Path) -> anyhow::Result<PathBuf> {
    let applied = database::up(owner).await?;
    if !applied.is_empty() {
        tracing::info!(
            migrations = applied.len(),
            "brought the database's schema up to date"
        );
    }
    let provisioned = provision::run(owner, state_dir, false).await?;
    if provisioned.changed {
        let file = provisioned.secrets_file.display();
        tracing::info!("wrote the secrets of this installation to {file}");
    }
    Ok(provisioned.secrets_file)
}

fn http_options(args: &UpArgs) -> trigger_http::Options {
    let Limits {
        max_requests,
        max_connections,
        head_timeout,
        idle_timeout,
        request_timeout,
        max_request_body,
        min_body_rate,
        max_instances,
        instance_concurrency,
        max_instance_memory: _,
        max_database_connections: _,
        max_component_database_connections: _,
    } = args.limits;
    trigger_http::Options {
        connections: http_listener::Options {
            max_connections,
            head_timeout,
            idle_timeout,
            drain_timeout: args.drain_timeout,
            ..Default::default()
        },
        max_requests,
        max_instances,
        instance_concurrency,
        request_deadline: request_timeout,
        max_request_body,
        min_body_rate,
        ..trigger_http::Options::new(args.listen.unwrap_or(DEFAULT_LISTEN))
    }
}

fn some_if_any(ids: Vec<String>) -> Option<Vec<String>> {
    (!ids.is_empty()).then_some(ids)
}

/// Spin's way to say "none" is an empty path.
fn given(path: Option<&Path>) -> Option<PathBuf> {
    path.filter(|path| !path.as_os_str().is_empty())
        .map(Path::to_owned)
}

/// The folder for state beside an application. `spin up` without `--from` says "", the current folder.
fn spin_folder(name: &str) -> Option<PathBuf> {
    env::var_os(name).map(|folder| Path::new(&folder).join(".spin"))
}
