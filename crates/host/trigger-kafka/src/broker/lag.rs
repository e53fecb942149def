//! The group's lag, for its metrics. It asks the brokers separately, because a paused partition
//! does not learn its end offset.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use kafka_client::rdkafka::consumer::Consumer as _;
use tokio_util::sync::CancellationToken;

use super::member::{Consumer, Shared};

const INTERVAL: Duration = Duration::from_secs(10);
const TIMEOUT: Duration = Duration::from_secs(5);

/// Sets the gauges of the partitions this member owns, until it is `over`; the sum over all members is the
/// group's.
pub(super) async fn watch(
    group: String,
    consumer: Weak<Consumer>,
    shared: Arc<Shared>,
    over: CancellationToken,
) {
    // Topics that had a value: without partitions their lag is another member's.
    let mut known = BTreeSet::new();
    while over
        .run_until_cancelled(tokio::time::sleep(INTERVAL))
        .await
        .is_some()
    {
        let (consumer, shared) = (consumer.clone(), shared.clone());
        let asked = tokio::task::spawn_blocking(move || ask(&consumer, &shared)).await;
        let Ok(Some(lags)) = asked else { continue };
        known.extend(lags.keys().cloned());
        for topic in &known {
            let labels = [("group", group.clone()), ("topic", topic.to_string())];
            let records = lags.get(topic).copied().unwrap_or_default();
            metrics::gauge!("kafka_trigger_lag_records", &labels).set(records as f64);
        }
    }
}

/// `None` where a broker does not answer: then the last values stand.
fn ask(consumer: &Weak<Consumer>, shared: &Shared) -> Option<BTreeMap<Arc<str>, i64>> {
    let positions = shared
        .positions
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    let mut lags = BTreeMap::new();
    for (partition, next) in positions {
        let consumer = consumer.upgrade()?;
        let marks = consumer.fetch_watermarks(&partition.topic, partition.partition, TIMEOUT);
        let (low, high) = marks.ok()?;
        *lags.entry(partition.topic).or_default() += (high - next.max(low)).max(0);
    }
    Some(lags)
}
