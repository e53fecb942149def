//! Statement texts a component has used, with what was worked out about them once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::lru::Lru;
use crate::sql::Traits;

const MAX_TEXTS: usize = 1024;
/// Longer texts are taken for generated ones that do not come again.
const MAX_KEPT_LENGTH: usize = 64 << 10;

pub(crate) struct Text {
    /// Stands for the text in the caches of all connections; never given twice.
    pub id: u64,
    pub sql: Arc<str>,
    pub traits: Traits,
}

pub(crate) struct Texts(Lru<Arc<str>, Arc<Text>>);

impl Texts {
    pub fn new() -> Self {
        Self(Lru::new(MAX_TEXTS))
    }

    pub fn get(&mut self, sql: &str, append_marker: Option<&str>) -> Arc<Text> {
        static NEXT_ID: AtomicU64 = AtomicU64::new(0);
        if let Some(text) = self.0.get(sql) {
            return text.clone();
        }
        let text = Arc::new(Text {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            sql: sql.into(),
            traits: Traits::of(sql, append_marker),
        });
        if sql.len() <= MAX_KEPT_LENGTH {
            self.0.insert(text.sql.clone(), text.clone());
        }
        text
    }
}
