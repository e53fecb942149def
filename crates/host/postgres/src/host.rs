//! The import itself: what a component's calls do.

use std::sync::Arc;

use tokio::sync::oneshot;
use wasmtime::component::{
    Accessor, FutureReader, HasData, Linker, Resource, ResourceTable, StreamReader,
};

use crate::bindings::wit::{
    self, Column, Error, Host, HostConnection, HostConnectionBuilder,
    HostConnectionBuilderWithStore, HostConnectionWithStore, ParameterValue, RowSet,
};
use crate::connection::{Builder, Connection};
use crate::failure::{Failure, other};
use crate::outage::{Outage, Reporter};
use crate::policy::{self, AllowsHost};
use crate::registry::Registry;
use crate::rows::{Rows, Values};
use crate::stream::{Outcome, RowProducer};
use crate::{Options, tls};

/// All components' access to Postgres. One per process; clones share everything.
#[derive(Clone)]
pub struct Postgres(Arc<Registry>);

impl Postgres {
    /// Opens nothing yet.
    pub fn new(options: Options) -> Self {
        Self(Registry::new(options))
    }
}

/// One instance's access: which component it is, and where it may connect to.
pub struct State {
    postgres: Postgres,
    component: Arc<str>,
    allows: AllowsHost,
    reporter: Reporter,
}

impl State {
    /// `allows` is asked about every host (name or IP) and port of a connection string.
    pub fn new(postgres: Postgres, component_id: Arc<str>, allows: AllowsHost) -> Self {
        Self {
            postgres,
            component: component_id,
            allows,
            reporter: Reporter::default(),
        }
    }

    /// From now on, tell this call when Postgres is away. An instance that runs several calls at once
    /// cannot tell whose statement failed: for those whose calls come one after the other.
    pub fn report_outages_to(&self, outage: Outage) {
        self.reporter.report_to(outage);
    }

    fn opening(&self, address: String, ca_root: Option<String>) -> Opening {
        Opening {
            postgres: self.postgres.clone(),
            component: self.component.clone(),
            allows: self.allows.clone(),
            reporter: self.reporter.clone(),
            address,
            ca_root,
        }
    }
}

/// To be implemented by a store's data.
pub trait PostgresView: Send {
    /// Borrows what the import needs.
    fn postgres(&mut self) -> PostgresCtxView<'_>;
}

/// What [`PostgresView`] borrows.
pub struct PostgresCtxView<'a> {
    /// Of this instance.
    pub state: &'a mut State,
    /// Holds the connections of the instance; bound its capacity.
    pub table: &'a mut ResourceTable,
}

/// Gives components `spin:postgres/postgres@4.2.0`.
pub fn add_to_linker<T: PostgresView + 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    wit::add_to_linker::<_, HasPostgres>(linker, T::postgres)
}

struct HasPostgres;

impl HasData for HasPostgres {
    type Data<'a> = PostgresCtxView<'a>;
}

/// Everything needed to open a connection without borrowing the store.
struct Opening {
    postgres: Postgres,
    component: Arc<str>,
    allows: AllowsHost,
    reporter: Reporter,
    address: String,
    ca_root: Option<String>,
}

impl Opening {
    /// Answers at once when the server is known to be there; else it connects, so that a component
    /// learns here and not at its first statement that it cannot.
    async fn run(self) -> Result<Connection, Failure> {
        let registry = &self.postgres.0;
        let pool = registry.pool(&self.component, &self.address, self.ca_root.as_deref())?;
        policy::check(&pool, &self.allows)?;
        if !pool.is_proven() {
            drop(pool.lease(&self.reporter).await?);
        }
        Ok(Connection::new(pool, self.reporter))
    }
}

async fn collect(mut rows: Rows, max_bytes: usize) -> Result<RowSet, Error> {
    let columns = rows.columns();
    let (mut collected, mut bytes) = (Vec::new(), 0);
    while let Some(row) = std::future::poll_fn(|cx| rows.poll_next(cx)).await {
        let (values, size) = row?;
        bytes += size;
        if bytes > max_bytes {
            return Err(other(format!(
                "the result is larger than the limit of {max_bytes} bytes: use query-async, or \
                 LIMIT"
            )));
        }
        collected.push(values);
    }
    Ok(RowSet {
        columns,
        rows: collected,
    })
}

impl Host for PostgresCtxView<'_> {
    fn convert_error(&mut self, failure: Failure) -> wasmtime::Result<Error> {
        match failure {
            Failure::Guest(error) => Ok(error),
            Failure::Trap(error) => Err(error),
        }
    }
}

impl HostConnectionBuilder for PostgresCtxView<'_> {
    fn new(&mut self, address: String) -> wasmtime::Result<Resource<Builder>> {
        let builder = Builder {
            address,
            ca_root: None,
        };
        Ok(self.table.push(builder)?)
    }

    fn set_ca_root(
        &mut self,
        self_: Resource<Builder>,
        certificate: String,
    ) -> Result<(), Failure> {
        tls::check_ca(&certificate).map_err(|error| other(error.to_string()))?;
        self.table.get_mut(&self_)?.ca_root = Some(certificate);
        Ok(())
    }

    async fn build(&mut self, self_: Resource<Builder>) -> Result<Resource<Connection>, Failure> {
        let opening = self.opening_of(&self_)?;
        let connection = opening.run().await?;
        Ok(self.table.push(connection)?)
    }

    fn drop(&mut self, builder: Resource<Builder>) -> wasmtime::Result<()> {
        self.table.delete(builder)?;
        Ok(())
    }
}

impl PostgresCtxView<'_> {
    fn opening_of(&self, builder: &Resource<Builder>) -> Result<Opening, Failure> {
        let builder = self.table.get(builder)?;
        let (address, ca_root) = (builder.address.clone(), builder.ca_root.clone());
        Ok(self.state.opening(address, ca_root))
    }
}

impl<T> HostConnectionBuilderWithStore<T> for HasPostgres {
    async fn build_async(
        accessor: &Accessor<T, Self>,
        self_: Resource<Builder>,
    ) -> Result<Resource<Connection>, Failure> {
        let opening = accessor.with(|mut access| access.get().opening_of(&self_))?;
        let connection = opening.run().await?;
        Ok(accessor.with(|mut access| access.get().table.push(connection))?)
    }
}

impl HostConnection for PostgresCtxView<'_> {
    async fn open(&mut self, address: String) -> Result<Resource<Connection>, Failure> {
        let connection = self.state.opening(address, None).run().await?;
        Ok(self.table.push(connection)?)
    }

    async fn query(
        &mut self,
        self_: Resource<Connection>,
        statement: String,
        params: Vec<ParameterValue>,
    ) -> Result<RowSet, Failure> {
        let connection = self.table.get(&self_)?.clone();
        let rows = connection.start(&statement, params).await?;
        Ok(collect(rows, connection.max_result_bytes()).await?)
    }

    async fn execute(
        &mut self,
        self_: Resource<Connection>,
        statement: String,
        params: Vec<ParameterValue>,
    ) -> Result<u64, Failure> {
        let connection = self.table.get(&self_)?.clone();
        Ok(connection.start(&statement, params).await?.finish().await?)
    }

    fn drop(&mut self, connection: Resource<Connection>) -> wasmtime::Result<()> {
        self.table.delete(connection)?;
        Ok(())
    }
}

impl<T> HostConnectionWithStore<T> for HasPostgres {
    async fn open_async(
        accessor: &Accessor<T, Self>,
        address: String,
    ) -> Result<Resource<Connection>, Failure> {
        let opening = accessor.with(|mut access| access.get().state.opening(address, None));
        let connection = opening.run().await?;
        Ok(accessor.with(|mut access| access.get().table.push(connection))?)
    }

    async fn query_async(
        accessor: &Accessor<T, Self>,
        self_: Resource<Connection>,
        statement: String,
        params: Vec<ParameterValue>,
    ) -> Result<(Vec<Column>, StreamReader<Values>, FutureReader<Outcome>), Failure> {
        let connection = connection_of(accessor, &self_)?;
        let rows = connection.start(&statement, params).await?;
        let columns = rows.columns();
        let (producer, outcome) = RowProducer::new(rows, connection.max_result_bytes());
        accessor.with(|mut access| {
            let rows = StreamReader::new(&mut access, producer)?;
            let outcome = FutureReader::new(&mut access, outcome_of(outcome))?;
            Ok((columns, rows, outcome))
        })
    }

    async fn execute_async(
        accessor: &Accessor<T, Self>,
        self_: Resource<Connection>,
        statement: String,
        params: Vec<ParameterValue>,
    ) -> Result<u64, Failure> {
        let connection = connection_of(accessor, &self_)?;
        Ok(connection.start(&statement, params).await?.finish().await?)
    }
}

fn connection_of<T>(
    accessor: &Accessor<T, HasPostgres>,
    connection: &Resource<Connection>,
) -> Result<Connection, Failure> {
    accessor.with(|mut access| Ok(access.get().table.get(connection)?.clone()))
}

async fn outcome_of(outcome: oneshot::Receiver<Outcome>) -> wasmtime::Result<Outcome> {
    Ok(outcome.await?)
}
