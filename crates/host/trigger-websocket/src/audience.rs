//! Whether anybody is connected, and whether the topics are followed for them: what nobody here
//! listens to is not read.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

/// The connections of one trigger in this process, and those that are opening.
#[derive(Default)]
pub(crate) struct Audience {
    state: watch::Sender<State>,
}

#[derive(Default)]
struct State {
    present: usize,
    /// Every record that commits from now on is delivered.
    followed: bool,
}

/// One of the audience until dropped.
pub(crate) struct Seat(Arc<Audience>);

impl Audience {
    pub(crate) fn join(self: &Arc<Self>) -> Seat {
        self.state.send_modify(|state| state.present += 1);
        Seat(self.clone())
    }

    /// Resolves once somebody listens.
    pub(crate) async fn comes(&self) {
        self.until(|state| state.present > 0).await;
    }

    /// The topics are followed now.
    pub(crate) fn is_followed(&self) {
        self.state.send_modify(|state| state.followed = true);
    }

    /// Whether they are.
    pub(crate) fn follows(&self) -> bool {
        self.state.borrow().followed
    }

    /// Resolves once nobody has listened for a while. From then on the topics count as not
    /// followed, and who joins waits for [`Audience::is_followed`].
    pub(crate) async fn leaves(&self, a_while: Duration) {
        loop {
            self.until(|state| state.present == 0).await;
            if tokio::time::timeout(a_while, self.comes()).await.is_ok() {
                continue;
            }
            // Under the same lock as `join`: nobody can join and take the topics for followed.
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
        // Its sender is ours: it cannot end.
        let mut state = self.state.subscribe();
        let _ended = state.wait_for(is_so).await;
    }
}

impl Seat {
    /// Resolves once the topics are followed. They stay so while this lives.
    pub(crate) async fn followed(&self) {
        self.0.until(|state| state.followed).await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.state.send_modify(|state| state.present -= 1);
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    const A_WHILE: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn topics_are_followed_from_the_first_listener_until_the_last_is_gone_for_a_while() {
        let audience = Arc::new(Audience::default());
        assert!(audience.comes().now_or_never().is_none());
        let first = audience.join();
        audience.comes().await;
        assert!(first.followed().now_or_never().is_none());
        audience.is_followed();
        first.followed().await;

        let mut leaves = std::pin::pin!(audience.leaves(A_WHILE));
        assert!(leaves.as_mut().now_or_never().is_none(), "one listens");
        drop(first);
        assert!(leaves.as_mut().now_or_never().is_none(), "not for a while");
        let second = audience.join();
        second.followed().await;
        assert!(leaves.as_mut().now_or_never().is_none());
        tokio::time::sleep(A_WHILE * 2).await;
        assert!(leaves.as_mut().now_or_never().is_none(), "one came back");
        drop(second);
        leaves.await;

        let third = audience.join();
        assert!(third.followed().now_or_never().is_none(), "not any more");
    }
}
