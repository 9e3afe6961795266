//! More opt-outs at once than the database takes (compliance.md SEC-05).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::AddressKey;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::world::{World, eventually, files, key, post};

/// Opt-outs of the burst.
const BURST: usize = 10_000;

/// Connections at the same time: below what systems allow a process by default.
const AT_ONCE: usize = 400;

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_is_accepted_as_a_whole_and_applied_as_a_whole() {
    let world = World::start().await;
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut requests = JoinSet::new();
    for n in 0..BURST {
        let (address, link, places) = (world.address, world.link(n), Arc::clone(&places));
        requests.spawn(async move {
            let _place = places.acquire_owned().await.unwrap();
            post(address, &link, "List-Unsubscribe=One-Click").await.status
        });
    }
    let mut answers = BTreeMap::new();
    while let Some(status) = requests.join_next().await {
        *answers.entry(status.unwrap()).or_insert(0) += 1;
    }
    println!("answers: {answers:?}");
    assert!(answers.keys().all(|status| [200, 202].contains(status)), "{answers:?}");
    let operator = &world.deployment.operator;
    eventually("all of the burst is on the list", async || {
        operator.newest_entries(20_000).await.unwrap().len() == BURST
    })
    .await;
    let entries = operator.newest_entries(20_000).await.unwrap();
    let keys: BTreeSet<AddressKey> = entries.iter().map(|entry| entry.key).collect();
    let missing = (0..BURST).filter(|n| !keys.contains(&key(&world.deployment, *n))).count();
    assert_eq!((missing, keys.len()), (0, BURST), "one entry for each");
    eventually("the journal is removed", async || files(world.journal.path()) == 0).await;
}
