//! Stopping in an orderly way: one token says so, a tracker knows who is still busy.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How often a drain says whom it still waits for.
const REPORT_EVERY: Duration = Duration::from_secs(3);

/// The exit code after a second signal: what shells report for an interrupted program.
const INTERRUPTED: i32 = 130;

/// The stop of a process or of a part of it. Clones share it; there is no global one.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    token: CancellationToken,
    tracker: TaskTracker,
    busy: Busy,
}

impl Shutdown {
    /// A shutdown that has not begun and tracks nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The token that is cancelled when the shutdown begins. Long-running code selects on it.
    #[must_use]
    pub fn token(&self) -> CancellationToken {
        self.token.clone()
    }

    /// Tells everyone to stop. Further calls change nothing.
    pub fn begin(&self) {
        self.token.cancel();
    }

    /// Whether it has begun.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Waits until it begins.
    pub async fn begun(&self) {
        self.token.cancelled().await;
    }

    /// Runs `future` as a task the drain waits for. `label` names it in logs and must not hold
    /// personal data. The task has to watch the token itself; a panic ends up in the handle.
    pub fn spawn<F>(&self, label: impl Into<String>, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let entry = self.busy.enter(label.into());
        self.tracker.spawn(async move {
            // Owned by the task, so that a panic or an abort strikes the label out as well.
            let _entry = entry;
            future.await
        })
    }

    /// The labels of the tasks that have not ended, sorted, with "×n" for equal ones.
    #[must_use]
    pub fn busy(&self) -> Vec<String> {
        self.busy.labels()
    }

    /// Begins the shutdown if nobody has, waits at most `timeout` for all tasks, saying every few
    /// seconds whom it waits for, and returns the labels of those left (empty: all ended).
    pub async fn drain(&self, timeout: Duration) -> Vec<String> {
        self.begin();
        self.tracker.close();
        let deadline = Instant::now() + timeout;
        let mut reports = interval_at(Instant::now() + REPORT_EVERY, REPORT_EVERY);
        reports.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = self.tracker.wait() => return Vec::new(),
                () = tokio::time::sleep_until(deadline) => return self.busy(),
                _ = reports.tick() => {
                    let busy = self.busy();
                    tracing::info!(tasks = self.tracker.len(), "still waiting for {}", busy.join(", "));
                }
            }
        }
    }

    /// Begins the shutdown on SIGINT or SIGTERM. A second signal ends the process at once with
    /// code 130: whoever is impatient need not know about SIGKILL.
    ///
    /// # Errors
    /// The operating system refuses the signal handlers.
    pub fn listen(&self) -> io::Result<()> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let token = self.token.clone();
        tokio::spawn(async move {
            for first in [true, false] {
                let name = tokio::select! {
                    _ = interrupt.recv() => "SIGINT",
                    _ = terminate.recv() => "SIGTERM",
                };
                if first {
                    tracing::info!("stopping on {name}; a second signal stops at once");
                    token.cancel();
                } else {
                    tracing::warn!("stopped at once on a second signal");
                    std::process::exit(INTERRUPTED);
                }
            }
        });
        Ok(())
    }
}

/// Labels of running tasks.
#[derive(Debug, Clone, Default)]
struct Busy {
    labels: Arc<Mutex<BTreeMap<u64, String>>>,
    next: Arc<AtomicU64>,
}

impl Busy {
    fn enter(&self, label: String) -> Entry {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.labels.lock().unwrap_or_else(PoisonError::into_inner).insert(number, label);
        Entry { busy: self.clone(), number }
    }

    fn labels(&self) -> Vec<String> {
        let mut counted: BTreeMap<String, usize> = BTreeMap::new();
        for label in self.labels.lock().unwrap_or_else(PoisonError::into_inner).values() {
            *counted.entry(label.clone()).or_default() += 1;
        }
        let entries = counted.into_iter();
        entries.map(|(label, n)| if n == 1 { label } else { format!("{label} ×{n}") }).collect()
    }
}

/// Keeps one label listed until it is dropped.
#[derive(Debug)]
struct Entry {
    busy: Busy,
    number: u64,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.busy.labels.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.number);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn tasks_that_watch_the_token_are_awaited_and_leave_no_label() {
        let shutdown = Shutdown::new();
        let token = shutdown.token();
        let handle = shutdown.spawn("relay", async move {
            token.cancelled().await;
            "ended"
        });
        assert_eq!(shutdown.busy(), ["relay"]);
        assert!(!shutdown.has_begun());
        assert!(shutdown.drain(Duration::from_secs(5)).await.is_empty());
        assert!(shutdown.has_begun());
        assert_eq!(handle.await.unwrap(), "ended");
        assert!(shutdown.busy().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_drain_names_those_who_did_not_stop_in_time() {
        let shutdown = Shutdown::new();
        for label in ["consumer", "touch", "touch"] {
            drop(shutdown.spawn(label, std::future::pending::<()>()));
        }
        let panicking = shutdown.spawn("flush", async { panic!("on purpose") });
        assert!(panicking.await.unwrap_err().is_panic());
        let before = Instant::now();
        assert_eq!(shutdown.drain(Duration::from_secs(20)).await, ["consumer", "touch ×2"]);
        assert_eq!(before.elapsed().as_secs(), 20);
    }

    #[test]
    fn a_second_signal_ends_the_process_with_130() {
        // The signals would hit the whole test process, so they go to a copy of it.
        if std::env::var_os("BOOTSTRAP_SIGNAL_CHILD").is_some() {
            return signal_self_twice();
        }
        let child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "shutdown::tests::a_second_signal_ends_the_process_with_130"])
            .env("BOOTSTRAP_SIGNAL_CHILD", "1")
            .output()
            .unwrap();
        assert_eq!(child.status.code(), Some(INTERRUPTED), "{child:?}");
    }

    fn signal_self_twice() {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let shutdown = Shutdown::new();
            shutdown.listen().unwrap();
            let kill = || {
                let command = format!("kill -TERM {}", std::process::id());
                std::process::Command::new("sh").args(["-c", &command]).status().unwrap()
            };
            assert!(kill().success());
            shutdown.begun().await;
            assert!(kill().success());
            std::future::pending::<()>().await;
        });
    }
}
