//! Kept requests are removed when their time is over, save those an open review still needs.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bootstrap::Context;
use domain::Clock;
use tokio_util::sync::CancellationToken;

use crate::list::List;
use crate::settings::Settings;

/// Between two looks at the folder.
const EVERY: Duration = Duration::from_secs(6 * 3600);

/// What the folder holds: requests, and notes that a message is done with.
const KINDS: [&str; 2] = ["request", "done"];

/// What removes them.
#[derive(Debug)]
pub(crate) struct Retention {
    /// The folder.
    dir: PathBuf,
    /// How long a request is kept.
    keep: Duration,
    /// Knows the open reviews.
    list: Arc<List>,
}

impl Retention {
    /// Has old requests removed, unless they are kept for ever.
    pub(crate) fn start(ctx: &Context, settings: &Settings, list: &Arc<List>) {
        let (dir, days) = settings.kept.clone();
        if days > 0 {
            let keep = Duration::from_secs(u64::from(days) * 24 * 3600);
            let retention = Self { dir, keep, list: Arc::clone(list) };
            ctx.shutdown.spawn("retention", retention.run(ctx.shutdown.token()));
        }
    }

    /// Looks now and then, until `stop`.
    async fn run(self, stop: CancellationToken) {
        loop {
            self.turn().await;
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }

    /// Removes what is old. While the database is away nothing is: it alone knows the open reviews.
    async fn turn(&self) {
        let Ok(needed) = self.list.requests_under_review().await else { return };
        let needed: HashSet<String> = needed.into_iter().collect();
        let Some(before) = SystemTime::from(Clock::system().now()).checked_sub(self.keep) else {
            return;
        };
        let dir = self.dir.clone();
        let removed = tokio::task::spawn_blocking(move || sweep(&dir, before, &needed)).await;
        match removed {
            Ok(Ok(0)) => {}
            Ok(Ok(files)) => tracing::info!(files, "kept requests are over their time and removed"),
            Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => {}
            Ok(Err(error)) => tracing::error!(%error, "inbound.replies_dir cannot be cleaned"),
            Err(error) => tracing::error!(%error, "the cleaning of inbound.replies_dir broke off"),
        }
    }
}

/// Removes files written before `before`, save those whose names are `needed`. Returns how many.
fn sweep(dir: &Path, before: SystemTime, needed: &HashSet<String>) -> io::Result<usize> {
    let mut removed = 0;
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        let is_ours = path.extension().is_some_and(|kind| KINDS.iter().any(|ours| kind == *ours));
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        if !is_ours || needed.contains(name.as_ref()) {
            continue;
        }
        if std::fs::metadata(&path)?.modified()? < before {
            std::fs::remove_file(&path)?;
            removed += 1;
        }
    }
    Ok(removed)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_old_goes_and_what_a_review_needs_stays() {
        let dir = tempfile::tempdir().unwrap();
        let long_ago = SystemTime::from(Clock::system().now()) - Duration::from_secs(1000);
        for (name, is_old) in [
            ("needed.request", true),
            ("old.request", true),
            ("old.done", true),
            ("old.txt", true),
            ("fresh.request", false),
        ] {
            let file = std::fs::File::create(dir.path().join(name)).unwrap();
            if is_old {
                file.set_modified(long_ago).unwrap();
            }
        }
        let before = SystemTime::from(Clock::system().now()) - Duration::from_secs(500);
        let needed = HashSet::from(["needed".to_owned()]);
        assert_eq!(sweep(dir.path(), before, &needed).unwrap(), 2);
        let left = std::fs::read_dir(dir.path()).unwrap();
        let mut left: Vec<_> = left.map(|file| file.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["fresh.request", "needed.request", "old.txt"]);
    }
}
