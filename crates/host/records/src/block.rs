//! Records that share one block of memory. Many records pass through many threads here. Separate
//! allocations, reference counts and scattered memory would cost more than all the work on them.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;

use crate::Record;

/// Bytes of records in one block, about; a larger record has a block alone. A block lives as long as
/// any of its records, so it is small.
const FULL: usize = 32 << 10;

/// Records of one partition, in their order.
pub struct RecordBlock {
    topic: Arc<str>,
    partition: i32,
    entries: Vec<Entry>,
    headers: Vec<HeaderSizes>,
    /// For each record its key, its value, and each header's name and value.
    bytes: Vec<u8>,
}

/// A record without its bytes. Sizes have 32 bits, as in Kafka.
#[derive(Clone, Copy)]
struct Entry {
    offset: i64,
    timestamp_ms: i64,
    id: Uuid,
    /// Where its bytes begin.
    start: u32,
    key: Option<u32>,
    value: Option<u32>,
    first_header: u32,
    headers: u32,
}

#[derive(Clone, Copy)]
struct HeaderSizes {
    name: u32,
    value: u32,
}

fn size(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

impl RecordBlock {
    /// A block with room for this many records of about this many bytes; it grows as needed.
    pub fn new(topic: Arc<str>, partition: i32, records: usize, bytes: usize) -> Self {
        let bytes = bytes.max(1);
        Self {
            topic,
            partition,
            entries: Vec::with_capacity(records.min(FULL.div_ceil(bytes))),
            headers: Vec::new(),
            bytes: Vec::with_capacity(records.saturating_mul(bytes).min(FULL.max(bytes))),
        }
    }

    /// Appends a record. Its headers follow by [`RecordBlock::push_header`].
    pub fn push(
        &mut self,
        offset: i64,
        timestamp_ms: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
    ) {
        self.entries.push(Entry {
            offset,
            timestamp_ms,
            id: Uuid::nil(),
            start: size(&self.bytes),
            key: key.map(size),
            value: value.map(size),
            first_header: u32::try_from(self.headers.len()).unwrap_or(u32::MAX),
            headers: 0,
        });
        for part in [key, value].into_iter().flatten() {
            self.bytes.extend_from_slice(part);
        }
    }

    /// Appends a header to the last record.
    pub fn push_header(&mut self, name: &str, value: &[u8]) {
        let Some(entry) = self.entries.last_mut() else {
            return;
        };
        entry.headers += 1;
        self.headers.push(HeaderSizes {
            name: size(name.as_bytes()),
            value: size(value),
        });
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.extend_from_slice(value);
    }

    /// Appends a copy. The caller makes sure that it is of the block's partition.
    pub fn push_record(&mut self, record: &Record) {
        let (key, value) = (record.key.as_deref(), record.value.as_deref());
        self.push(record.offset, record.timestamp_ms, key, value);
        for (name, value) in &record.headers {
            self.push_header(name, value);
        }
        if let Some(entry) = self.entries.last_mut() {
            entry.id = record.id;
        }
    }

    /// Whether a record of about this many bytes fits into this block.
    pub fn has_room(&self, bytes: usize) -> bool {
        self.entries.is_empty() || self.bytes.len().saturating_add(bytes) <= FULL
    }

    /// The number of records.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether the block is empty.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All records.
    pub fn records(self: &Arc<Self>) -> impl Iterator<Item = RecordRef> + '_ {
        (0..self.entries.len()).map(|index| RecordRef {
            block: self.clone(),
            index,
        })
    }
}

impl fmt::Debug for RecordBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (topic, partition) = (&self.topic, self.partition);
        write!(f, "{} records of {topic}/{partition}", self.entries.len())
    }
}

/// A record of a block, which it keeps alive.
#[derive(Clone)]
pub struct RecordRef {
    block: Arc<RecordBlock>,
    /// Its number in the block.
    index: usize,
}

impl RecordRef {
    fn entry(&self) -> &Entry {
        &self.block.entries[self.index]
    }

    fn slice(&self, start: usize, length: usize) -> &[u8] {
        self.block
            .bytes
            .get(start..start + length)
            .unwrap_or_default()
    }

    /// The topic.
    pub fn topic(&self) -> &Arc<str> {
        &self.block.topic
    }

    /// The partition.
    pub fn partition(&self) -> i32 {
        self.block.partition
    }

    /// As [`Record::offset`].
    pub fn offset(&self) -> i64 {
        self.entry().offset
    }

    /// When it was appended, in milliseconds since the Unix epoch.
    pub fn timestamp_ms(&self) -> i64 {
        self.entry().timestamp_ms
    }

    /// The key, within which the order is kept.
    pub fn key(&self) -> Option<&[u8]> {
        let Entry { start, key, .. } = self.entry();
        key.map(|key| self.slice(*start as usize, key as usize))
    }

    /// The value.
    pub fn value(&self) -> Option<&[u8]> {
        let Entry { start, key, .. } = self.entry();
        let start = *start as usize + key.unwrap_or_default() as usize;
        let value = self.entry().value?;
        Some(self.slice(start, value as usize))
    }

    /// The headers: names, which are UTF-8, and values.
    pub fn headers(&self) -> impl ExactSizeIterator<Item = (&[u8], &[u8])> {
        let entry = self.entry();
        let (key, value) = (
            entry.key.unwrap_or_default(),
            entry.value.unwrap_or_default(),
        );
        let mut at = entry.start as usize + key as usize + value as usize;
        let first = entry.first_header as usize;
        let sizes = self
            .block
            .headers
            .get(first..first + entry.headers as usize);
        sizes.unwrap_or_default().iter().map(move |sizes| {
            let name = self.slice(at, sizes.name as usize);
            at += name.len();
            let value = self.slice(at, sizes.value as usize);
            at += value.len();
            (name, value)
        })
    }

    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        let mut headers = self.headers();
        let found = headers.find(|(header, _)| *header == name.as_bytes());
        found.map(|(_, value)| value)
    }

    /// Bytes it takes, roughly.
    pub fn size(&self) -> usize {
        let Entry { key, value, .. } = self.entry();
        let body = key.unwrap_or_default() as usize + value.unwrap_or_default() as usize;
        let headers: usize = self
            .headers()
            .map(|(name, value)| size_of::<HeaderSizes>() + name.len() + value.len())
            .sum();
        size_of::<Entry>() + body + headers
    }

    /// A copy on its own.
    pub fn to_record(&self) -> Record {
        let own = |bytes: &[u8]| Bytes::copy_from_slice(bytes);
        let id = self.entry().id;
        let told = || Uuid::try_parse_ascii(self.header("ce_id")?).ok();
        Record {
            topic: self.topic().clone(),
            partition: self.partition(),
            offset: self.offset(),
            id: if id.is_nil() {
                told().unwrap_or_default()
            } else {
                id
            },
            timestamp_ms: self.timestamp_ms(),
            key: self.key().map(own),
            value: self.value().map(own),
            headers: self
                .headers()
                .map(|(name, value)| (String::from_utf8_lossy(name).into(), own(value)))
                .collect(),
        }
    }
}

impl fmt::Debug for RecordRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (topic, partition) = (self.topic(), self.partition());
        write!(f, "{topic}/{partition}@{}", self.offset())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(offset: i64, key: Option<&str>, value: Option<&str>, headers: &[&str]) -> Record {
        let own = |text: &str| Bytes::copy_from_slice(text.as_bytes());
        let headers = headers.iter().map(|text| text.split_once('=').unwrap());
        Record {
            topic: "orders".into(),
            partition: 3,
            offset,
            id: Uuid::nil(),
            timestamp_ms: offset * 10,
            key: key.map(own),
            value: value.map(own),
            headers: headers
                .map(|(name, value)| (name.into(), own(value)))
                .collect(),
        }
    }

    #[test]
    fn records_come_out_as_they_went_in() {
        let id = Uuid::from_u128(7);
        let records = [
            record(1, Some("k"), Some("value"), &["a=1", "b=", "a=2"]),
            record(5, None, None, &[]),
            record(6, Some(""), Some(""), &["=nameless"]),
            Record {
                id,
                ..record(7, None, Some("v"), &[])
            },
            Record {
                id,
                ..record(8, Some("k"), None, &[&format!("ce_id={id}")])
            },
        ];
        let mut block = RecordBlock::new("orders".into(), 3, 2, 10);
        for record in &records {
            block.push_record(record);
        }
        let block = Arc::new(block);
        let back: Vec<_> = block.records().map(|record| record.to_record()).collect();
        assert_eq!(back, records);
        let first = block.records().next().unwrap();
        assert_eq!(first.header("a"), Some(b"1".as_slice()));
        assert_eq!(first.header("c"), None);
    }

    #[test]
    fn a_large_record_is_not_kept_alive_by_small_ones() {
        let large = vec![b'x'; 3 * FULL];
        let mut block = RecordBlock::new("orders".into(), 0, 1000, 10);
        assert!(block.has_room(large.len()), "it has to be somewhere");
        block.push(0, 0, None, Some(b"small"));
        assert!(block.has_room(10) && !block.has_room(large.len()));
        block.push(1, 0, None, Some(&large[..FULL - 10]));
        assert!(block.has_room(5) && !block.has_room(6));

        let mut block = RecordBlock::new("orders".into(), 0, 1, large.len());
        block.push(2, 0, None, Some(&large));
        assert!(!block.has_room(0));
        let last = Arc::new(block).records().last().unwrap();
        assert_eq!(last.value(), Some(large.as_slice()));
    }
}
