//! Converts records between librdkafka's form and ours.

use std::ffi::{CStr, c_char, c_void};
use std::ptr;
use std::sync::Arc;

use bytes::BytesMut;
use rdkafka::Message as _;
use rdkafka::bindings as native;
use rdkafka::message::{BorrowedMessage, Header, OwnedHeaders};
use records::Record;
use uuid::Uuid;

/// Bytes of records that share one allocation. It lives as long as any of them, so it is small.
const CHUNK: usize = 32 << 10;
/// Names of headers that are remembered.
const MAX_NAMES: usize = 64;

/// Makes records of messages: key, value and headers are slices of a chunk that neighbours share, topics
/// and names of headers are made once.
#[derive(Debug, Default)]
pub struct Copier {
    chunk: BytesMut,
    topic: Option<Arc<str>>,
    names: Vec<Arc<str>>,
}

impl Copier {
    /// The record a message holds.
    pub fn copy(&mut self, message: &BorrowedMessage<'_>) -> Record {
        let topic = self.topic(message.topic());
        #[expect(unsafe_code, reason = "the message is alive: it is borrowed")]
        // SAFETY: as said, and it has no error: rdkafka makes errors of those that have.
        let message = unsafe { Native::of(message.ptr()) };
        let mut parts: Vec<(Arc<str>, &[u8])> = Vec::new();
        message.each_header(|name, value| {
            let name = self.name(name);
            parts.push((name, value));
        });
        let total = message.body() + parts.iter().map(|(_, v)| v.len()).sum::<usize>();
        if self.chunk.capacity() < total {
            self.chunk = BytesMut::with_capacity(total.max(CHUNK));
        }
        let mut put = |bytes: &[u8]| {
            self.chunk.extend_from_slice(bytes);
            self.chunk.split().freeze()
        };
        let key = message.key.map(&mut put);
        let value = message.value.map(&mut put);
        let headers: Vec<_> = parts
            .into_iter()
            .map(|(name, value)| (name, put(value)))
            .collect();
        let mut record = Record {
            topic,
            partition: message.partition,
            offset: message.offset,
            id: Uuid::nil(),
            timestamp_ms: message.timestamp_ms,
            key,
            value,
            headers,
        };
        if let Some(id) = record
            .header("ce_id")
            .and_then(|id| Uuid::try_parse_ascii(id).ok())
        {
            record.id = id;
        }
        record
    }

    fn topic(&mut self, name: &str) -> Arc<str> {
        match &self.topic {
            Some(topic) if **topic == *name => topic.clone(),
            _ => self.topic.insert(name.into()).clone(),
        }
    }

    fn name(&mut self, name: &CStr) -> Arc<str> {
        let bytes = name.to_bytes();
        if let Some(known) = self.names.iter().find(|known| known.as_bytes() == bytes) {
            return known.clone();
        }
        let name: Arc<str> = name.to_string_lossy().into();
        if self.names.len() < MAX_NAMES {
            self.names.push(name.clone());
        }
        name
    }
}

/// # Safety
/// `start` is null, or begins as many bytes as said that live as long as asked for.
#[expect(unsafe_code, reason = "librdkafka's memory")]
pub(crate) unsafe fn slice<'m>(start: *const c_void, length: usize) -> Option<&'m [u8]> {
    // SAFETY: the caller's.
    (!start.is_null()).then(|| unsafe { std::slice::from_raw_parts(start.cast(), length) })
}

/// A message of librdkafka's.
pub(crate) struct Native<'m> {
    message: *const native::rd_kafka_message_t,
    pub partition: i32,
    pub offset: i64,
    /// In milliseconds since the Unix epoch.
    pub timestamp_ms: i64,
    pub key: Option<&'m [u8]>,
    pub value: Option<&'m [u8]>,
}

impl<'m> Native<'m> {
    /// # Safety
    /// The message is alive for as long as this or any part of it is used, and its `err` is none.
    #[expect(unsafe_code, reason = "reads a message by librdkafka's own functions")]
    pub unsafe fn of(message: *const native::rd_kafka_message_t) -> Self {
        // SAFETY: the caller's; a message owns its key and value for as long as it lives.
        unsafe {
            let fields = &*message;
            let mut kind = native::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
            Self {
                message,
                partition: fields.partition,
                offset: fields.offset,
                timestamp_ms: native::rd_kafka_message_timestamp(message, &mut kind).max(0),
                key: slice(fields.key, fields.key_len),
                value: slice(fields.payload, fields.len),
            }
        }
    }

    /// Bytes of key and value.
    pub fn body(&self) -> usize {
        let size = |bytes: Option<&[u8]>| bytes.map_or(0, <[u8]>::len);
        size(self.key) + size(self.value)
    }

    /// rdkafka's own reader panics at a name that is not UTF-8, and anyone who may write to a topic can
    /// put one there.
    #[expect(
        unsafe_code,
        reason = "reads the headers by librdkafka's own functions"
    )]
    pub fn each_header(&self, mut each: impl FnMut(&CStr, &'m [u8])) {
        const OK: native::rd_kafka_resp_err_t =
            native::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR;
        let mut headers = ptr::null_mut();
        // SAFETY: the message is alive; it owns the headers, and they own names (which end in NUL)
        // and values. A null value comes with no size.
        unsafe {
            if native::rd_kafka_message_headers(self.message, &mut headers) != OK {
                return;
            }
            for index in 0.. {
                let mut name: *const c_char = ptr::null();
                let mut value: *const c_void = ptr::null();
                let mut size = 0;
                let got = native::rd_kafka_header_get_all(
                    headers, index, &mut name, &mut value, &mut size,
                );
                if got != OK || name.is_null() {
                    return;
                }
                each(CStr::from_ptr(name), slice(value, size).unwrap_or_default());
            }
        }
    }
}

/// Headers to produce a record with.
pub fn headers<'h>(headers: impl IntoIterator<Item = (&'h str, &'h [u8])>) -> OwnedHeaders {
    let mut owned = OwnedHeaders::new();
    for (name, value) in headers {
        // The C API ends names at a NUL.
        let name = name.split('\0').next().unwrap_or_default();
        owned = owned.insert(Header {
            key: name,
            value: Some(value),
        });
    }
    owned
}
