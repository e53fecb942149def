//! Runs a guest on a fresh instance with nothing but WASI and the import under test.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use host_postgres::{Options, Postgres, PostgresCtxView, PostgresView, State};
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Config, Engine, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::database::Database;

wasmtime::component::bindgen!({
    path: "tests/guest.wit",
    world: "guest",
    exports: { default: async | store },
});

/// The outer error is a trap.
pub type Ran = wasmtime::Result<Result<String, String>>;

/// A database and the import with its pools, shared by all runs of a test.
pub struct Host {
    pub database: Database,
    postgres: Postgres,
}

pub struct Data {
    wasi: WasiCtx,
    table: ResourceTable,
    postgres: State,
}

impl WasiView for Data {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl PostgresView for Data {
    fn postgres(&mut self) -> PostgresCtxView<'_> {
        PostgresCtxView {
            state: &mut self.postgres,
            table: &mut self.table,
        }
    }
}

/// Runs a test with a database of its own, or skips it.
pub async fn with_host<F>(options: Options, test: F)
where
    F: AsyncFnOnce(&Host),
{
    let Some(database) = Database::create().await else {
        return;
    };
    let postgres = Postgres::new(options);
    let host = Host { database, postgres };
    test(&host).await;
}

impl Host {
    /// Runs a guest against the test's database, which it may reach.
    pub async fn run(&self, guest: &str, input: &str) -> Ran {
        self.run_at(guest, &self.database.url, input, Arc::new(|_, _| true))
            .await
    }

    /// The same for a guest that must succeed.
    pub async fn answer(&self, guest: &str, input: &str) -> String {
        self.run(guest, input).await.unwrap().unwrap()
    }

    pub async fn run_at(
        &self,
        guest: &str,
        address: &str,
        input: &str,
        allows: host_postgres::AllowsHost,
    ) -> Ran {
        let data = Data {
            wasi: WasiCtx::builder().build(),
            table: ResourceTable::new(),
            postgres: State::new(self.postgres.clone(), "probe".into(), allows),
        };
        let mut store = Store::new(&ENGINE, data);
        let component = component(guest);
        let guest = Guest::instantiate_async(&mut store, &component, &LINKER).await?;
        let (address, input) = (address.to_owned(), input.to_owned());
        store
            .run_concurrent(async move |accessor| guest.call_run(accessor, address, input).await)
            .await?
    }
}

static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let mut config = Config::new();
    config.wasm_component_model_async(true);
    Engine::new(&config).unwrap()
});

static LINKER: LazyLock<Linker<Data>> = LazyLock::new(|| {
    let mut linker = Linker::new(&ENGINE);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker).unwrap();
    wasmtime_wasi::p3::add_to_linker(&mut linker).unwrap();
    host_postgres::add_to_linker(&mut linker).unwrap();
    linker
});

fn component(guest: &str) -> Component {
    static COMPILED: Mutex<Option<HashMap<String, Component>>> = Mutex::new(None);
    let mut compiled = COMPILED.lock().unwrap();
    let compiled = compiled.get_or_insert_default();
    let load = || {
        let path = testing::wasm(guest);
        Component::from_file(&ENGINE, &path)
            .unwrap_or_else(|error| panic!("{}: {error:#}", path.display()))
    };
    compiled
        .entry(guest.to_owned())
        .or_insert_with(load)
        .clone()
}
