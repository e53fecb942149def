//! `kill -9` of the host.

use super::{Load, Random, times};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_kill_9_with_every_effect_exactly_once() {
    let Some(mut system) = crate::system().await else {
        return;
    };
    let api = system.api();
    let load = Load::start(std::slice::from_ref(&api)).await;
    let mut random = Random::new();
    for kill in 0..times() {
        // One in four strikes while the host is still starting.
        match kill % 4 {
            3 => random.pause(0, 300).await,
            _ => random.pause(50, 750).await,
        }
        system.host.kill();
        system.host.start_again();
        if kill % 4 != 2 {
            system.host.ready().await;
        }
    }
    load.finish(&api, &system.database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hosts_killed_in_turn_lose_nothing_between_them() {
    let Some(mut system) = crate::system().await else {
        return;
    };
    let mut second = system.another_host().await;
    let apis = [system.api(), second.api()];
    let load = Load::start(&apis).await;
    let mut random = Random::new();
    for kill in 0..times() {
        random.pause(100, 900).await;
        let host = if kill % 2 == 0 {
            &mut system.host
        } else {
            &mut second
        };
        host.kill();
        // The other one carries on alone for a while.
        random.pause(0, 400).await;
        host.start_again();
        host.ready().await;
    }
    load.finish(&apis[1], &system.database).await;
}
