//! Moments at random that can be had again.

use std::time::Duration;

use uuid::Uuid;

/// How often what strikes is to strike: `TEST_KILLS`, as `cargo xtask soak` sets it.
pub fn times() -> usize {
    let times = std::env::var("TEST_KILLS").ok();
    times.and_then(|times| times.parse().ok()).unwrap_or(8)
}

/// A sequence of moments (SplitMix64) that its seed decides.
pub struct Random(u64);

impl Random {
    /// From `TEST_SEED`, else from a seed of its own. A failed test shows it.
    pub fn new() -> Self {
        let seed = std::env::var("TEST_SEED").ok();
        let seed = seed.and_then(|seed| seed.parse().ok());
        let seed = seed.unwrap_or_else(|| Uuid::new_v4().as_u64_pair().1);
        println!("the same moments again: cargo xtask soak --seed {seed}");
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Lets some time pass, in milliseconds.
    pub async fn pause(&mut self, from_ms: u64, to_ms: u64) {
        let pause_ms = from_ms + self.next() % (to_ms - from_ms);
        tokio::time::sleep(Duration::from_millis(pause_ms)).await;
    }
}
