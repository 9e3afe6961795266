//! The database goes away and comes back (compliance.md V-13 row 11).

use std::time::{Duration, Instant};

use domain::suppression::SuppressionReason;
use testkit::fixture::Deployment;

use crate::proxy::{Proxy, Way};
use crate::world::{World, eventually, files};

const ONE_CLICK: &str = "List-Unsubscribe=One-Click";

async fn behind_proxy(way: Way) -> (World, Proxy) {
    let deployment = Deployment::create().await;
    let proxy = Proxy::start(deployment.url(), way);
    let world = World::with_database(deployment, &proxy.url(), &[]).await;
    (world, proxy)
}

async fn wait_until_entered(world: &World, count: usize) {
    eventually("the opt-outs get on the list", async || {
        for n in 0..count {
            if world.entries(n).await.is_empty() {
                return false;
            }
        }
        true
    })
    .await;
    eventually("the journal is removed", async || files(world.journal.path()) == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn opt_outs_during_an_outage_are_accepted_and_in_force_after_it() {
    let (world, proxy) = behind_proxy(Way::Open).await;
    assert_eq!(world.post(&world.link(0), ONE_CLICK).await.status, 200);
    proxy.set(Way::Cut);
    for n in 1..20 {
        let answer = world.post(&world.link(n), ONE_CLICK).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        assert!(answer.body.contains("You are unsubscribed"));
    }
    // Twice: one entry all the same.
    assert_eq!(world.post(&world.link(1), ONE_CLICK).await.status, 202);
    assert_eq!(world.ask("GET", &world.link(1), "").await.status, 200, "pages need no database");
    assert!(files(world.journal.path()) > 0);
    assert!(world.metric("touchline_inbound_journal_depth") > 0.0);
    proxy.set(Way::Open);
    wait_until_entered(&world, 20).await;
    assert_eq!(world.entries(1).await.len(), 1);
    eventually("the next opt-out is entered at once", async || {
        world.post(&world.link(20), ONE_CLICK).await.status == 200
    })
    .await;
    assert_eq!(world.stop().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_says_nothing_is_left_waiting_and_found_again() {
    let (world, proxy) = behind_proxy(Way::Open).await;
    assert_eq!(world.post(&world.link(0), ONE_CLICK).await.status, 200);
    proxy.set(Way::Silent);
    let begun = Instant::now();
    assert_eq!(world.post(&world.link(1), ONE_CLICK).await.status, 202);
    let first = begun.elapsed();
    assert!(first < Duration::from_secs(5), "the first one learns it in {first:?}");
    let begun = Instant::now();
    for n in 2..6 {
        assert_eq!(world.post(&world.link(n), ONE_CLICK).await.status, 202);
    }
    let others = begun.elapsed();
    assert!(others < first, "the others need not learn it again: {others:?}");
    // Connections that were swallowed stay dead; the service must make new ones by itself.
    proxy.set(Way::Open);
    wait_until_entered(&world, 6).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_starts_without_its_database_and_says_so() {
    let (world, proxy) = behind_proxy(Way::Cut).await;
    assert_eq!(world.ask("GET", "/health/live", "").await.status, 200);
    assert_eq!(world.ask("GET", "/health/ready", "").await.status, 503);
    assert_eq!(world.post(&world.link(0), "from=page").await.status, 202);
    proxy.set(Way::Open);
    wait_until_entered(&world, 1).await;
    assert_eq!(world.reasons(0).await, [SuppressionReason::UnsubscribeLink]);
    eventually("the service is ready", async || {
        world.ask("GET", "/health/ready", "").await.status == 200
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_during_an_outage_leaves_the_journal_for_the_next_start() {
    let (world, proxy) = behind_proxy(Way::Cut).await;
    assert_eq!(world.post(&world.link(0), ONE_CLICK).await.status, 202);
    let (deployment, journal) = world.stop_keeping().await;
    assert_eq!(files(journal.path()), 1);
    proxy.set(Way::Open);
    let dir = journal.path().to_str().unwrap();
    let url = deployment.url().to_owned();
    let world = World::with_database(deployment, &url, &[("inbound.journal_dir", dir)]).await;
    eventually("the opt-out gets on the list", async || !world.entries(0).await.is_empty()).await;
    eventually("the journal is removed", async || files(journal.path()) == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opt_out_that_nothing_can_keep_is_not_said_to_be_accepted() {
    let (world, _proxy) = behind_proxy(Way::Cut).await;
    std::fs::remove_dir_all(world.journal.path()).unwrap();
    let answer = world.post(&world.link(0), ONE_CLICK).await;
    assert_eq!(answer.status, 503);
    assert!(answer.head.contains("retry-after: 60"), "{answer:?}");
    std::fs::create_dir(world.journal.path()).unwrap();
    assert_eq!(world.post(&world.link(0), ONE_CLICK).await.status, 202, "the disk is back");
}
