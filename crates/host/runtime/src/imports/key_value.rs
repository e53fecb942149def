//! `spin:key-value` on one SQLite file, laid out as Spin's own: either host reads the other's.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rusqlite::{Connection, OptionalExtension as _, params};
use wasmtime::component::{
    Access, Accessor, FutureReader, HasData, Resource, ResourceTable, StreamReader,
};

use super::bindings::spin::key_value::key_value::{Error, Host, HostStore, HostStoreWithStore};
use crate::State;

/// Open stores a component may hold at once.
const MAX_OPEN_STORES: usize = 256;

/// The database file of an application, opened at the first use.
pub(crate) struct KeyValueFile {
    path: PathBuf,
    connection: OnceLock<Mutex<Connection>>,
}

impl KeyValueFile {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self {
            path,
            connection: OnceLock::new(),
        }
    }

    fn connection(&self) -> rusqlite::Result<&Mutex<Connection>> {
        if let Some(connection) = self.connection.get() {
            return Ok(connection);
        }
        let connection = Connection::open(&self.path)?;
        connection.execute(
            "CREATE TABLE IF NOT EXISTS spin_key_value (
                 store TEXT NOT NULL,
                 key   TEXT NOT NULL,
                 value BLOB NOT NULL,
                 PRIMARY KEY (store, key)
             )",
            [],
        )?;
        Ok(self.connection.get_or_init(|| Mutex::new(connection)))
    }
}

/// What one instance sees of the stores.
pub(crate) struct KeyValue {
    pub(crate) file: Arc<KeyValueFile>,
    pub(crate) granted: Arc<HashSet<String>>,
    pub(crate) open: usize,
}

/// The view of [`KeyValue`] in a store.
pub(crate) struct View<'a> {
    key_value: &'a mut KeyValue,
    table: &'a mut ResourceTable,
}

impl HasData for KeyValue {
    type Data<'a> = View<'a>;
}

impl KeyValue {
    pub(crate) fn view(state: &mut State) -> View<'_> {
        View {
            key_value: &mut state.key_value,
            table: &mut state.table,
        }
    }
}

/// An open store: the resource behind a guest's handle.
#[derive(Clone)]
pub struct Store {
    file: Arc<KeyValueFile>,
    label: Arc<str>,
}

impl Store {
    /// Run SQL off the async threads.
    async fn run<R: Send + 'static>(
        self,
        work: impl FnOnce(&Connection, &str) -> rusqlite::Result<R> + Send + 'static,
    ) -> Result<R, Error> {
        let done = tokio::task::spawn_blocking(move || {
            let connection = self.file.connection()?;
            let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            work(&connection, &self.label)
        });
        match done.await {
            Ok(result) => result.map_err(|error| Error::Other(error.to_string())),
            Err(error) => Err(Error::Other(error.to_string())),
        }
    }
}

impl Host for View<'_> {}

impl HostStore for View<'_> {}

fn store_of<T: 'static>(
    accessor: &Accessor<T, KeyValue>,
    store: &Resource<Store>,
) -> wasmtime::Result<Store> {
    accessor.with(|mut access| Ok(access.get().table.get(store)?.clone()))
}

impl<T: Send + 'static> HostStoreWithStore<T> for KeyValue {
    async fn open(
        accessor: &Accessor<T, Self>,
        label: String,
    ) -> wasmtime::Result<Result<Resource<Store>, Error>> {
        accessor.with(|mut access| {
            let View { key_value, table } = access.get();
            if !key_value.granted.contains(&label) {
                return Ok(Err(Error::AccessDenied));
            }
            if key_value.open >= MAX_OPEN_STORES {
                return Ok(Err(Error::StoreTableFull));
            }
            key_value.open += 1;
            Ok(Ok(table.push(Store {
                file: key_value.file.clone(),
                label: label.into(),
            })?))
        })
    }

    async fn get(
        accessor: &Accessor<T, Self>,
        store: Resource<Store>,
        key: String,
    ) -> wasmtime::Result<Result<Option<Vec<u8>>, Error>> {
        let store = store_of(accessor, &store)?;
        Ok(store
            .run(move |connection, label| {
                connection
                    .prepare_cached(
                        "SELECT value FROM spin_key_value WHERE store = ?1 AND key = ?2",
                    )?
                    .query_row(params![label, key], |row| row.get(0))
                    .optional()
            })
            .await)
    }

    async fn set(
        accessor: &Accessor<T, Self>,
        store: Resource<Store>,
        key: String,
        value: Vec<u8>,
    ) -> wasmtime::Result<Result<(), Error>> {
        let store = store_of(accessor, &store)?;
        Ok(store
            .run(move |connection, label| {
                connection
                    .prepare_cached(
                        "INSERT INTO spin_key_value (store, key, value) VALUES (?1, ?2, ?3)
                         ON CONFLICT (store, key) DO UPDATE SET value = excluded.value",
                    )?
                    .execute(params![label, key, value])
                    .map(drop)
            })
            .await)
    }

    async fn delete(
        accessor: &Accessor<T, Self>,
        store: Resource<Store>,
        key: String,
    ) -> wasmtime::Result<Result<(), Error>> {
        let store = store_of(accessor, &store)?;
        Ok(store
            .run(move |connection, label| {
                connection
                    .prepare_cached("DELETE FROM spin_key_value WHERE store = ?1 AND key = ?2")?
                    .execute(params![label, key])
                    .map(drop)
            })
            .await)
    }

    async fn exists(
        accessor: &Accessor<T, Self>,
        store: Resource<Store>,
        key: String,
    ) -> wasmtime::Result<Result<bool, Error>> {
        let store = store_of(accessor, &store)?;
        Ok(store
            .run(move |connection, label| {
                connection
                    .prepare_cached("SELECT 1 FROM spin_key_value WHERE store = ?1 AND key = ?2")?
                    .exists(params![label, key])
            })
            .await)
    }

    async fn get_keys(
        accessor: &Accessor<T, Self>,
        store: Resource<Store>,
    ) -> wasmtime::Result<(StreamReader<String>, FutureReader<Result<(), Error>>)> {
        let store = store_of(accessor, &store)?;
        let keys = store
            .run(|connection, label| {
                connection
                    .prepare_cached("SELECT key FROM spin_key_value WHERE store = ?1")?
                    .query_map(params![label], |row| row.get(0))?
                    .collect::<rusqlite::Result<Vec<String>>>()
            })
            .await;
        let (keys, result) = match keys {
            Ok(keys) => (keys, Ok(())),
            Err(error) => (Vec::new(), Err(error)),
        };
        accessor.with(|mut access| {
            Ok((
                StreamReader::new(&mut access, keys)?,
                FutureReader::new(&mut access, async move { wasmtime::error::Ok(result) })?,
            ))
        })
    }

    fn drop(mut access: Access<'_, T, Self>, store: Resource<Store>) -> wasmtime::Result<()> {
        let View { key_value, table } = access.get();
        table.delete(store)?;
        key_value.open -= 1;
        Ok(())
    }
}
