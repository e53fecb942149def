//! Statement texts that a component has used, with the result of their analysis.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::appending::Appending;
use crate::lru::Lru;
use crate::sql::Traits;

const MAX_TEXTS: usize = 1024;
/// Longer texts are probably generated and not repeated.
const MAX_KEPT_LENGTH: usize = 64 << 10;

pub(crate) struct Text {
    /// Stands for the text in the caches of all connections; never given twice.
    pub id: u64,
    pub sql: Arc<str>,
    pub traits: Traits,
    appending: Arc<Appending>,
    /// For [`Appending::includes`].
    appends: AtomicU64,
}

impl Text {
    /// Whether it appends to the event log.
    pub fn appends(&self) -> bool {
        self.appending.includes(&self.sql, &self.appends)
    }
}

pub(crate) struct Texts {
    known: Lru<Arc<str>, Arc<Text>>,
    appending: Arc<Appending>,
}

impl Texts {
    pub fn new(appending: Arc<Appending>) -> Self {
        Self {
            known: Lru::new(MAX_TEXTS),
            appending,
        }
    }

    pub fn get(&mut self, sql: &str) -> Arc<Text> {
        static NEXT_ID: AtomicU64 = AtomicU64::new(0);
        if let Some(text) = self.known.get(sql) {
            return text.clone();
        }
        let text = Arc::new(Text {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            sql: sql.into(),
            traits: Traits::of(sql),
            appending: self.appending.clone(),
            appends: AtomicU64::new(0),
        });
        if sql.len() <= MAX_KEPT_LENGTH {
            self.known.insert(text.sql.clone(), text.clone());
        }
        text
    }
}
