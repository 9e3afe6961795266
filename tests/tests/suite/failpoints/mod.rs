//! A test for every row of the crash-window table (ARCHITECTURE.md), with its exact predicted end.
//!
//! The services are processes of their own; a failpoint makes one abort at a named line, which ends
//! it as `kill -9` would. Numbers in test modules are rows of the table.

mod processes;
mod scheduler;
mod servers;
mod workers;

use std::collections::BTreeMap;
use std::time::Duration;

use domain::{Channel, Clock};
use testkit::history::History;
use tests::processes::Scene;

/// Until every touch has its end: two leases and what a busy machine adds.
const PATIENCE: Duration = Duration::from_secs(90);

/// The end of one touch: its state, how often it was in doubt, how often it was claimed, how often
/// it reached a sink.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct End {
    state: &'static str,
    doubts: i16,
    attempts: i16,
    copies: usize,
}

/// Sent at the first attempt, and nobody ever doubted it.
const ONCE: End = End { state: "sent", doubts: 0, attempts: 1, copies: 1 };

/// The same for what becomes a task and reaches no sink.
const TASK_ONCE: End = End { copies: 0, ..ONCE };

/// Waits for the end of everything, has the history checked, and returns the ends by channel.
async fn ends(scene: &Scene) -> BTreeMap<Channel, Vec<End>> {
    scene.ended(PATIENCE).await;
    let history = scene.history().await;
    history.check(Clock::system().now()).assert_clean();
    ends_of(&history)
}

fn ends_of(history: &History) -> BTreeMap<Channel, Vec<End>> {
    let mut ends: BTreeMap<Channel, Vec<End>> = BTreeMap::new();
    for touch in &history.touches {
        let copies = history.deliveries.iter().filter(|copy| copy.touch == touch.id).count();
        let state = touch.state.as_str();
        let end = End { state, doubts: touch.doubts, attempts: touch.attempt, copies };
        ends.entry(touch.channel).or_default().push(end);
    }
    ends
}

/// Waits until a queue holds so many messages, ready or in somebody's hands.
async fn queue_holds(scene: &Scene, queue: &str, wanted: u64) {
    let vhost = scene.vhost.as_ref().unwrap();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    loop {
        let found = vhost.messages(queue).await;
        if found == Some(wanted) {
            return;
        }
        assert!(tokio::time::Instant::now() < deadline, "{queue}: {found:?}, never {wanted}");
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

const EMAIL_QUEUE: &str = "touch.email.bulk.v1";

#[test]
fn every_failpoint_has_a_test() {
    let tests = [include_str!("scheduler.rs"), include_str!("workers.rs")].concat();
    for point in domain::failpoint::POINTS {
        assert!(tests.contains(&format!("\"{point}\"")), "no test dies at {point}");
    }
}
