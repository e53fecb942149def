//! A host that hangs: nobody is told, its connections stay open, and then it goes on as if nothing had been.

use std::time::Instant;

use super::{Load, Random, times, work_goes_on};

#[tokio::test(flavor = "multi_thread")]
async fn what_a_host_does_that_hangs_another_does_and_nothing_is_done_twice_when_it_wakes() {
    let Some(mut system) = crate::system().await else {
        return;
    };
    // The first has the leases, and partitions of every group.
    let second = system.another_host().await;
    let other = second.api();
    let load = Load::start(std::slice::from_ref(&other)).await;
    let mut random = Random::new();
    for _ in 0..times().div_ceil(3) {
        random.pause(500, 1500).await;
        system.host.hang();
        let hung = Instant::now();
        // A call may have begun just before, and its deadline is 30 s.
        work_goes_on(&other).await;
        println!("went on after {:.1} s", hung.elapsed().as_secs_f64());
        system.host.wake();
    }
    load.finish(&other, &system.database).await;
}
