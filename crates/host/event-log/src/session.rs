//! One connection to Postgres with its prepared statements. It opens when first used and again after
//! it broke. No statement waits for ever: a silent server counts as a broken connection.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row, Statement};

use crate::Error;
use crate::connect::Connector;

const STATEMENT_TIMEOUT: Duration = Duration::from_secs(35);

pub(crate) type Parameters<'a> = &'a [&'a (dyn ToSql + Sync)];

pub(crate) struct Session {
    connector: Arc<Connector>,
    live: Option<Live>,
}

struct Live {
    client: Client,
    statements: HashMap<&'static str, Statement>,
    driver: AbortHandle,
}

impl Drop for Live {
    fn drop(&mut self) {
        // A connection that waits for a silent server would never end by itself.
        self.driver.abort();
    }
}

impl Session {
    pub fn new(connector: Arc<Connector>) -> Self {
        Self {
            connector,
            live: None,
        }
    }

    /// Runs one statement, prepared at its first use. After an error the connection is only
    /// kept if it still works.
    pub async fn query(
        &mut self,
        sql: &'static str,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, Error> {
        // Taken out during the call: a call that is dropped half-way must not leave a connection that
        // still receives its answer.
        let live = self.live.take().filter(|live| !live.client.is_closed());
        let attempt = async {
            let mut live = match live {
                Some(live) => live,
                None => self.open().await?,
            };
            let answer = live.query(sql, parameters).await;
            Ok::<_, Error>((live, answer))
        };
        let (live, answer) = tokio::time::timeout(STATEMENT_TIMEOUT, attempt)
            .await
            .map_err(|_| Error::Timeout(STATEMENT_TIMEOUT))??;
        self.live = Some(live);
        Ok(answer?)
    }

    async fn open(&self) -> Result<Live, Error> {
        let (client, connection) = self.connector.open().await?;
        let driver = tokio::spawn(async move {
            // Its error is also the error of every statement on it.
            let _ = connection.await;
        })
        .abort_handle();
        let live = Live {
            client,
            statements: HashMap::new(),
            driver,
        };
        Connector::set_up(&live.client).await?;
        Ok(live)
    }
}

impl Live {
    async fn query(
        &mut self,
        sql: &'static str,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, tokio_postgres::Error> {
        let statement = match self.statements.get(sql) {
            Some(statement) => statement.clone(),
            None => {
                let statement = self.client.prepare(sql).await?;
                self.statements.insert(sql, statement.clone());
                statement
            }
        };
        self.client.query(&statement, parameters).await
    }
}
