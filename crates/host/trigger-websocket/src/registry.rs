//! Which connections are subscribed to which channel. Sharded, so that openings and closings of
//! other channels do not wait for each other; bounded by the connections and their channels.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::close::Close;
use crate::send_queue::{Outgoing, SendQueue};

const SHARDS: usize = 16;

type Shard = HashMap<String, HashMap<u64, Arc<SendQueue>>>;

/// The subscriptions of one trigger in this process.
#[derive(Default)]
pub(crate) struct Registry {
    shards: [Mutex<Shard>; SHARDS],
    hasher: RandomState,
    next: AtomicU64,
}

/// Subscribed until dropped.
pub(crate) struct Subscription {
    registry: Arc<Registry>,
    number: u64,
    channels: Vec<String>,
}

impl Registry {
    /// Subscribe the send queue to these channels.
    pub(crate) fn subscribe(
        self: &Arc<Self>,
        channels: Vec<String>,
        send_queue: &Arc<SendQueue>,
    ) -> Subscription {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        for channel in &channels {
            self.shard(channel)
                .entry(channel.clone())
                .or_default()
                .insert(number, send_queue.clone());
        }
        Subscription {
            registry: self.clone(),
            number,
            channels,
        }
    }

    /// Whether there is any subscription.
    pub(crate) fn has(&self, channel: &str) -> bool {
        self.shard(channel).contains_key(channel)
    }

    /// Send to every subscriber. Returns how many queues took it, and how many were full.
    pub(crate) fn send(&self, channel: &str, outgoing: &Outgoing) -> (usize, usize) {
        let shard = self.shard(channel);
        let Some(subscribers) = shard.get(channel) else {
            return (0, 0);
        };
        let queued = subscribers
            .values()
            .filter(|send_queue| send_queue.send(outgoing.clone()))
            .count();
        (queued, subscribers.len() - queued)
    }

    /// End every connection subscribed to the channel.
    pub(crate) fn close(&self, channel: &str, close: &Close) {
        for send_queue in self.shard(channel).get(channel).into_iter().flatten() {
            send_queue.1.close(close.clone());
        }
    }

    /// End every connection that is subscribed to anything.
    pub(crate) fn close_all(&self, close: &Close) {
        for shard in &self.shards {
            for send_queue in lock(shard).values().flat_map(HashMap::values) {
                send_queue.close(close.clone());
            }
        }
    }

    fn shard(&self, channel: &str) -> MutexGuard<'_, Shard> {
        let index = self.hasher.hash_one(channel) as usize % SHARDS;
        lock(&self.shards[index])
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Subscription {
    fn drop(&mut self) {
        for channel in &self.channels {
            let mut shard = self.registry.shard(channel);
            if let Some(subscribers) = shard.get_mut(channel) {
                subscribers.remove(&self.number);
                if subscribers.is_empty() {
                    shard.remove(channel);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::Frame;

    fn hello() -> Outgoing {
        Outgoing::new(None, Frame::Text("hello".into()))
    }

    #[test]
    fn only_subscribers_of_the_channel_receive_until_they_leave() {
        let registry = Arc::new(Registry::default());
        let (ada, mut to_ada) = SendQueue::new(4, 1024);
        let (bob, mut to_bob) = SendQueue::new(4, 1024);
        let (ada, bob) = (Arc::new(ada), Arc::new(bob));
        let adas = registry.subscribe(vec!["ada".into(), "all".into()], &ada);
        let _bobs = registry.subscribe(vec!["bob".into(), "all".into()], &bob);

        assert_eq!(registry.send("ada", &hello()), (1, 0));
        assert_eq!(registry.send("all", &hello()), (2, 0));
        assert_eq!(registry.send("nobody", &hello()), (0, 0));
        let count = |receiver: &mut tokio::sync::mpsc::Receiver<Outgoing>| {
            std::iter::from_fn(|| receiver.try_recv().ok()).count()
        };
        assert_eq!((count(&mut to_ada), count(&mut to_bob)), (2, 1));

        drop(adas);
        assert!(!registry.has("ada"));
        assert!(registry.has("all"), "bob is still there");
    }

    #[test]
    fn a_slow_subscriber_does_not_hold_up_the_others() {
        let registry = Arc::new(Registry::default());
        let (slow, _unread) = SendQueue::new(1, 1024);
        let (quick, mut to_quick) = SendQueue::new(8, 1024);
        let _slow = registry.subscribe(vec!["news".into()], &Arc::new(slow));
        let _quick = registry.subscribe(vec!["news".into()], &Arc::new(quick));
        assert_eq!(registry.send("news", &hello()), (2, 0));
        assert_eq!(registry.send("news", &hello()), (1, 1));
        assert!(to_quick.try_recv().is_ok() && to_quick.try_recv().is_ok());
    }
}
