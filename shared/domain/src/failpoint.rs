//! Named points at which a process may be told to die, for tests of the crash windows.
//!
//! Nothing is armed unless `[faults] failpoint` names a point; then the process aborts the n-th time
//! it comes by, exactly as a kill would end it. ARCHITECTURE.md lists the points beside the rows of
//! the crash-window table.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

static ARMED: OnceLock<Armed> = OnceLock::new();

#[derive(Debug)]
struct Armed {
    name: String,
    left: AtomicU32,
}

/// Every point there is.
pub const POINTS: &[&str] = &[
    "scheduler.claimed_uncommitted",
    "scheduler.committed_unpublished",
    "scheduler.published_unconfirmed",
    "scheduler.confirmed_unmarked",
    "worker.delivered_unclaimed",
    "worker.claimed_unattempted",
    "mailer.connected_unsent",
    "mailer.dot_written",
    "mailer.accepted_unrecorded",
    "gateway.request_written",
    "gateway.accepted_unrecorded",
    "worker.recorded_unacknowledged",
    "suppress.entered_undrained",
];

/// A point that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a failpoint; the points are: {all}", all = POINTS.join(", "))]
pub struct UnknownPoint(String);

/// Arms a point, written as `name` or `name:n` for the n-th passage. Empty text arms nothing. Only
/// the first call of a process counts.
///
/// # Errors
/// When there is no such point.
pub fn arm(text: &str) -> Result<(), UnknownPoint> {
    if text.is_empty() {
        return Ok(());
    }
    let (name, passages) = text.split_once(':').unwrap_or((text, "1"));
    if !POINTS.contains(&name) {
        return Err(UnknownPoint(text.to_owned()));
    }
    let left = AtomicU32::new(passages.parse().map_err(|_| UnknownPoint(text.to_owned()))?);
    // A second arming is ignored: several services of one process read the same setting.
    let _ = ARMED.set(Armed { name: name.to_owned(), left });
    Ok(())
}

/// Dies here, if this point is armed and its turn has come.
pub fn pass(name: &str) {
    let Some(armed) = ARMED.get() else { return };
    if armed.name == name && armed.left.fetch_sub(1, Ordering::SeqCst) == 1 {
        std::process::abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_points_that_exist_can_be_armed() {
        assert_eq!(arm(""), Ok(()));
        assert!(
            arm("worker.asleep").unwrap_err().to_string().contains("worker.claimed_unattempted")
        );
        assert!(arm("worker.claimed_unattempted:x").is_err());
    }
}
