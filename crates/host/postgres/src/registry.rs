//! All pools of the process, and the job that closes idle connections.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::Error;
use crate::address::Address;
use crate::options::Options;
use crate::pool::{Pool, lock};
use crate::slots::Slots;
use crate::tls::Tls;

/// Pools one component may have at a time; beyond it the one opened longest ago is forgotten, and
/// closed when its last user is done.
const MAX_POOLS_PER_COMPONENT: usize = 16;

pub(crate) struct Registry {
    options: Arc<Options>,
    slots: Arc<Slots>,
    pools: Mutex<HashMap<Key, Entry>>,
    clock: AtomicU64,
    reaping: AtomicBool,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    component: Arc<str>,
    address: String,
    ca_root: Option<[u8; 32]>,
}

struct Entry {
    pool: Arc<Pool>,
    used: u64,
}

impl Registry {
    pub fn new(options: Options) -> Arc<Self> {
        Arc::new_cyclic(|registry| Self {
            slots: Arc::new(Slots::new(options.max_connections, registry.clone())),
            options: Arc::new(options),
            pools: Mutex::default(),
            clock: AtomicU64::new(0),
            reaping: AtomicBool::new(false),
        })
    }

    /// The pool of this component and address, set up at the first call. Connects nowhere.
    pub fn pool(
        self: &Arc<Self>,
        component: &Arc<str>,
        address: &str,
        ca_root: Option<&str>,
    ) -> Result<Arc<Pool>, Error> {
        let key = Key {
            component: component.clone(),
            address: address.to_owned(),
            ca_root: ca_root.map(|pem| Sha256::digest(pem).into()),
        };
        let used = self.clock.fetch_add(1, Ordering::Relaxed);
        if let Some(entry) = lock(&self.pools).get_mut(&key) {
            entry.used = used;
            return Ok(entry.pool.clone());
        }
        let parsed = Address::parse(address)?;
        let tls = Tls::new(parsed.config.get_ssl_mode(), ca_root)?;
        let pool = Arc::new(Pool::new(
            component.clone(),
            parsed,
            tls,
            self.options.clone(),
            self.slots.clone(),
        ));
        self.reap();
        Ok(self.insert(key, Entry { pool, used }))
    }

    /// Gives up one idle connection of a pool that has more than this. False: there is none.
    pub fn close_one_idle(&self, more_than: usize) -> bool {
        lock(&self.pools)
            .values()
            .any(|entry| entry.pool.open_connections() > more_than && entry.pool.close_one_idle())
    }

    /// Another caller may have been faster; then its pool is the one.
    fn insert(&self, key: Key, entry: Entry) -> Arc<Pool> {
        let mut pools = lock(&self.pools);
        let mut own: Vec<_> = pools
            .iter()
            .filter(|(other, _)| other.component == key.component)
            .map(|(other, entry)| (entry.used, other.clone()))
            .collect();
        if own.len() >= MAX_POOLS_PER_COMPONENT && !pools.contains_key(&key) {
            own.sort_by_key(|(used, _)| *used);
            if let Some((_, oldest)) = own.first() {
                pools.remove(oldest);
            }
        }
        pools.entry(key).or_insert(entry).pool.clone()
    }

    /// Starts the job that closes idle connections; it ends with the registry.
    fn reap(self: &Arc<Self>) {
        if self.reaping.swap(true, Ordering::Relaxed) {
            return;
        }
        let idle = self.options.idle_timeout;
        let registry = Arc::downgrade(self);
        tokio::spawn(async move {
            while let Some(registry) = Weak::upgrade(&registry) {
                registry.close_idle(idle);
                drop(registry);
                tokio::time::sleep((idle / 4).max(Duration::from_millis(10))).await;
            }
        });
    }

    fn close_idle(&self, longer_than: Duration) {
        let pools: Vec<_> = lock(&self.pools)
            .values()
            .map(|entry| entry.pool.clone())
            .collect();
        for pool in pools {
            pool.close_idle(longer_than);
        }
    }
}
