//! Counts the connections of a trigger in this process, so that the host tails topics only while
//! there are any.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

/// The connections of one trigger in this process, and those that are opening.
#[derive(Default)]
pub(crate) struct Subscribers {
    state: watch::Sender<State>,
}

#[derive(Default)]
struct State {
    present: usize,
    /// Every record that commits from now on is delivered.
    followed: bool,
}

/// Counts one connection until dropped.
pub(crate) struct SubscriberGuard(Arc<Subscribers>);

impl Subscribers {
    pub(crate) fn join(self: &Arc<Self>) -> SubscriberGuard {
        self.state.send_modify(|state| state.present += 1);
        SubscriberGuard(self.clone())
    }

    /// Resolves when there is a connection.
    pub(crate) async fn wait_for_first(&self) {
        self.until(|state| state.present > 0).await;
    }

    /// The host tails the topics now.
    pub(crate) fn is_followed(&self) {
        self.state.send_modify(|state| state.followed = true);
    }

    /// Whether they are.
    pub(crate) fn follows(&self) -> bool {
        self.state.borrow().followed
    }

    /// Resolves when there has been no connection for `grace`. From then on the topics count as
    /// not tailed, and a new connection waits for [`Subscribers::is_followed`].
    pub(crate) async fn wait_until_none(&self, grace: Duration) {
        loop {
            self.until(|state| state.present == 0).await;
            if tokio::time::timeout(grace, self.wait_for_first())
                .await
                .is_ok()
            {
                continue;
            }
            // Under the same lock as `join`: no new connection can believe that the topics are
            // still tailed.
            let left = self.state.send_if_modified(|state| {
                let nobody = state.present == 0;
                state.followed &= !nobody;
                nobody
            });
            if left {
                return;
            }
        }
    }

    async fn until(&self, is_so: impl Fn(&State) -> bool) {
        // We own its sender, so it cannot end.
        let mut state = self.state.subscribe();
        let _ended = state.wait_for(is_so).await;
    }
}

impl SubscriberGuard {
    /// Resolves when the topics are tailed. They stay so while this lives.
    pub(crate) async fn followed(&self) {
        self.0.until(|state| state.followed).await;
    }
}

impl Drop for SubscriberGuard {
    fn drop(&mut self) {
        self.0.state.send_modify(|state| state.present -= 1);
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    const GRACE: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn topics_are_followed_from_the_first_listener_until_the_last_is_gone_for_a_while() {
        let subscribers = Arc::new(Subscribers::default());
        assert!(subscribers.wait_for_first().now_or_never().is_none());
        let first = subscribers.join();
        subscribers.wait_for_first().await;
        assert!(first.followed().now_or_never().is_none());
        subscribers.is_followed();
        first.followed().await;

        let mut leaves = std::pin::pin!(subscribers.wait_until_none(GRACE));
        assert!(leaves.as_mut().now_or_never().is_none(), "one listens");
        drop(first);
        assert!(leaves.as_mut().now_or_never().is_none(), "not for a while");
        let second = subscribers.join();
        second.followed().await;
        assert!(leaves.as_mut().now_or_never().is_none());
        tokio::time::sleep(GRACE * 2).await;
        assert!(leaves.as_mut().now_or_never().is_none(), "one came back");
        drop(second);
        leaves.await;

        let third = subscribers.join();
        assert!(third.followed().now_or_never().is_none(), "not any more");
    }
}
