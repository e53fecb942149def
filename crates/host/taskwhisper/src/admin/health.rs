//! Whether this process should get traffic.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use deadpool_postgres::Pool;
use serde_json::json;

/// How long an answer of Postgres counts; probes of several watchers become one query.
const FRESH: Duration = Duration::from_secs(1);
/// A slower answer is as good as none.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Where the process is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    Starting,
    Serving,
    Draining,
}

impl Phase {
    fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Serving => "serving",
            Self::Draining => "draining",
        }
    }
}

/// Says why there is no room for more work, if that is so.
type Exhausted = Box<dyn Fn() -> Option<String> + Send + Sync>;

/// The state that probes ask for.
pub struct Health {
    phase: Mutex<Phase>,
    /// Databases of the event log; an application without one has none.
    databases: Mutex<Vec<Pool>>,
    loads: Mutex<Vec<Exhausted>>,
    last: tokio::sync::Mutex<Option<(Instant, Result<(), String>)>>,
}

/// An answer to a probe.
#[derive(Debug)]
pub struct Report {
    phase: Phase,
    database: Result<(), String>,
    load: Result<(), String>,
}

impl Health {
    pub fn new() -> Self {
        Self {
            phase: Mutex::new(Phase::Starting),
            databases: Mutex::default(),
            loads: Mutex::default(),
            last: tokio::sync::Mutex::default(),
        }
    }

    pub fn enter(&self, phase: Phase) {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner) = phase;
    }

    /// Readiness depends on this database too.
    pub fn watch(&self, database: Pool) {
        let mut databases = self
            .databases
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        databases.push(database);
    }

    /// Readiness depends on this having room too.
    pub fn watch_load(&self, exhausted: impl Fn() -> Option<String> + Send + Sync + 'static) {
        let mut loads = self.loads.lock().unwrap_or_else(PoisonError::into_inner);
        loads.push(Box::new(exhausted));
    }

    pub async fn report(&self) -> Report {
        let database = self.database().await;
        let phase = *self.phase.lock().unwrap_or_else(PoisonError::into_inner);
        Report {
            phase,
            database,
            load: self.load(),
        }
    }

    fn load(&self) -> Result<(), String> {
        let loads = self.loads.lock().unwrap_or_else(PoisonError::into_inner);
        let exhausted = loads.iter().find_map(|exhausted| exhausted());
        exhausted.map_or(Ok(()), Err)
    }

    async fn database(&self) -> Result<(), String> {
        let mut last = self.last.lock().await;
        if let Some((when, result)) = &*last
            && when.elapsed() < FRESH
        {
            return result.clone();
        }
        let databases = self
            .databases
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let mut result = Ok(());
        for database in &databases {
            result = match tokio::time::timeout(TIMEOUT, ask(database)).await {
                Ok(answer) => answer,
                Err(_) => Err(format!("no answer within {TIMEOUT:?}")),
            };
            if result.is_err() {
                break;
            }
        }
        *last = Some((Instant::now(), result.clone()));
        result
    }
}

async fn ask(database: &Pool) -> Result<(), String> {
    let client = database.get().await.map_err(|error| error.to_string())?;
    let answered = client.simple_query("SELECT 1").await;
    answered.map(drop).map_err(|error| error.to_string())
}

impl Report {
    pub fn is_ready(&self) -> bool {
        self.phase == Phase::Serving && self.database.is_ok() && self.load.is_ok()
    }

    pub fn to_json(&self) -> String {
        let [database, load] = [&self.database, &self.load].map(|part| match part {
            Ok(()) => "ok",
            Err(reason) => reason,
        });
        let report = json!({
            "ready": self.is_ready(),
            "phase": self.phase.name(),
            "event_log_database": database,
            "load": load,
        });
        format!("{report}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_process_is_ready_only_while_it_serves() {
        let health = Health::new();
        assert!(!health.report().await.is_ready());
        health.enter(Phase::Serving);
        assert!(health.report().await.is_ready());
        health.enter(Phase::Draining);
        let report = health.report().await;
        assert!(!report.is_ready());
        assert!(report.to_json().contains("draining"));
    }

    #[tokio::test]
    async fn a_database_that_does_not_answer_makes_it_not_ready() {
        let health = Health::new();
        health.enter(Phase::Serving);
        health.watch(host_postgres::pool("postgres://u:hunter2@127.0.0.1:1/d", 1).unwrap());
        let report = health.report().await;
        assert!(!report.is_ready());
        assert!(
            !report.to_json().contains("hunter2"),
            "{}",
            report.to_json()
        );
    }
}
