//! Wake-ups of readers. Several wake-ups while a reader is busy count as one; nothing here waits.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{Notify, watch};

/// Says "look again" to readers of this process and, through the presence connection, to other hosts.
pub(crate) struct WakeUps {
    generation: watch::Sender<u64>,
    appended: AtomicBool,
    members_changed: AtomicBool,
    outbound: Notify,
}

/// What to tell other hosts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Outbound {
    pub appended: bool,
    pub members_changed: bool,
}

impl WakeUps {
    pub fn new() -> Self {
        Self {
            generation: watch::Sender::new(0),
            appended: AtomicBool::new(false),
            members_changed: AtomicBool::new(false),
            outbound: Notify::new(),
        }
    }

    /// This process appended.
    pub fn appended(&self) {
        self.woken();
        self.appended.store(true, Ordering::Release);
        self.outbound.notify_one();
    }

    /// Another host appended.
    pub fn woken(&self) {
        self.generation
            .send_modify(|generation| *generation = generation.wrapping_add(1));
    }

    /// A partition or a lease is free, or there is a new member.
    pub fn members_changed(&self) {
        self.members_changed.store(true, Ordering::Release);
        self.outbound.notify_one();
    }

    pub fn listen(&self) -> watch::Receiver<u64> {
        self.generation.subscribe()
    }

    /// Waits until there is something to tell. Dropping the future loses nothing.
    pub async fn outbound(&self) -> Outbound {
        loop {
            let outbound = Outbound {
                appended: self.appended.swap(false, Ordering::AcqRel),
                members_changed: self.members_changed.swap(false, Ordering::AcqRel),
            };
            if outbound != Outbound::default() {
                return outbound;
            }
            self.outbound.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn many_appends_are_told_once_and_none_after_the_telling_is_lost() {
        let wake_ups = WakeUps::new();
        for _ in 0..100 {
            wake_ups.appended();
        }
        let told = Outbound {
            appended: true,
            members_changed: false,
        };
        assert_eq!(wake_ups.outbound().await, told);
        wake_ups.appended();
        assert_eq!(wake_ups.outbound().await, told);
        let silence = std::time::Duration::from_millis(5);
        assert!(
            tokio::time::timeout(silence, wake_ups.outbound())
                .await
                .is_err()
        );
    }
}
