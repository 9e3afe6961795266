//! Signed requests that were taken before: each counts once, also after a restart.
//!
//! What is told in them is idempotent by itself. This is for signatures that do not cover what is told
//! (Mailgun's), which otherwise could be put under something else. A file per day; a day is forgotten
//! when every request of it has become too old to be taken anyway.

use std::collections::{BTreeMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Days, NaiveDate, Utc};

/// How files are called: this, and the day.
const PREFIX: &str = "requests-";

/// Days that are remembered besides the present one; more than [`super::WINDOW`] and a clock ahead.
const DAYS: Days = Days::new(2);

/// Which requests were taken. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Seen(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    dir: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    days: BTreeMap<NaiveDate, HashSet<u64>>,
    /// Those that are being taken.
    pending: HashSet<u64>,
    open: Option<(NaiveDate, File)>,
}

/// What is known of a request.
#[derive(Debug)]
pub(crate) enum Known {
    /// Nothing; it is for the holder to take.
    New(Claim),
    /// It is being taken at this moment.
    Pending,
    /// It was taken.
    Taken,
}

/// A request that is being taken. Dropped without a note, it was not.
#[derive(Debug)]
pub(crate) struct Claim {
    seen: Seen,
    request: u64,
}

impl Seen {
    /// Reads what is known in `dir` and forgets what is too old at `now`.
    pub(crate) fn open(dir: &Path, now: DateTime<Utc>) -> io::Result<Self> {
        let mut state = State::default();
        for entry in std::fs::read_dir(dir)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let Some(day) = name.strip_prefix(PREFIX).and_then(|day| day.parse().ok()) else {
                continue;
            };
            if is_over(day, now) {
                std::fs::remove_file(&path)?;
                continue;
            }
            // A line that was cut off by a crash is of a request nobody was told about.
            let text = std::fs::read_to_string(&path)?;
            let requests = text.lines().filter_map(|line| u64::from_str_radix(line, 16).ok());
            state.days.insert(day, requests.collect());
        }
        Ok(Self(Arc::new(Shared { dir: dir.to_owned(), state: Mutex::new(state) })))
    }

    /// Asks for a request, and claims it where it is new.
    pub(crate) fn claim(&self, request: u64) -> Known {
        let mut state = self.lock();
        if state.days.values().any(|day| day.contains(&request)) {
            return Known::Taken;
        }
        if !state.pending.insert(request) {
            return Known::Pending;
        }
        Known::New(Claim { seen: self.clone(), request })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Claim {
    /// Notes that the request was taken; when it returns that survives a power cut.
    pub(crate) async fn note(self, now: DateTime<Utc>) {
        let noted = tokio::task::spawn_blocking(move || {
            let mut state = self.seen.lock();
            state.note(&self.seen.0.dir, self.request, now)
        });
        match noted.await {
            Ok(Ok(())) => {}
            // What was told in it is in force; a repeat changes nothing as long as nobody forges one.
            Ok(Err(error)) => {
                tracing::error!(%error, "a request cannot be noted; make room in inbound.replies_dir");
            }
            Err(error) => tracing::error!(%error, "a request was not noted"),
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.seen.lock().pending.remove(&self.request);
    }
}

impl State {
    fn note(&mut self, dir: &Path, request: u64, now: DateTime<Utc>) -> io::Result<()> {
        let today = now.date_naive();
        self.days.entry(today).or_default().insert(request);
        if self.open.as_ref().is_none_or(|(day, _)| *day != today) {
            self.begin(dir, today, now)?;
        }
        if let Some((_, file)) = &mut self.open {
            file.write_all(format!("{request:016x}\n").as_bytes())?;
            file.sync_data()?;
        }
        Ok(())
    }

    fn begin(&mut self, dir: &Path, today: NaiveDate, now: DateTime<Utc>) -> io::Result<()> {
        let over: Vec<NaiveDate> =
            self.days.keys().copied().filter(|day| is_over(*day, now)).collect();
        for day in over {
            self.days.remove(&day);
            // It may never have been written, or be gone already.
            let _ = std::fs::remove_file(dir.join(format!("{PREFIX}{day}")));
        }
        let path = dir.join(format!("{PREFIX}{today}"));
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        // Whatever a crash cut off is a line of its own.
        file.write_all(b"\n")?;
        File::open(dir)?.sync_all()?;
        self.open = Some((today, file));
        Ok(())
    }
}

fn is_over(day: NaiveDate, now: DateTime<Utc>) -> bool {
    day.checked_add_days(DAYS).is_some_and(|last| last < now.date_naive())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-06-01T23:59:00Z".parse().unwrap()
    }

    async fn take(seen: &Seen, request: u64, at: DateTime<Utc>) {
        let Known::New(claim) = seen.claim(request) else { panic!("{request} is known") };
        claim.note(at).await;
    }

    #[tokio::test]
    async fn a_request_counts_once_also_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let seen = Seen::open(dir.path(), now()).unwrap();
        take(&seen, 1, now()).await;
        assert!(matches!(seen.claim(1), Known::Taken));
        drop(seen);
        let seen = Seen::open(dir.path(), now() + TimeDelta::hours(25)).unwrap();
        assert!(matches!(seen.claim(1), Known::Taken), "longer than the window");
        take(&seen, 2, now() + TimeDelta::hours(25)).await;
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
        take(&seen, 3, now() + TimeDelta::days(3)).await;
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2, "a day was forgotten");
        let seen = Seen::open(dir.path(), now() + TimeDelta::days(30)).unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        assert!(matches!(seen.claim(1), Known::New(_)));
    }

    #[tokio::test]
    async fn a_request_that_could_not_be_taken_may_come_again() {
        let dir = tempfile::tempdir().unwrap();
        let seen = Seen::open(dir.path(), now()).unwrap();
        let Known::New(claim) = seen.claim(7) else { panic!("nothing is known yet") };
        assert!(matches!(seen.claim(7), Known::Pending));
        drop(claim);
        take(&seen, 7, now()).await;
        assert!(matches!(seen.claim(7), Known::Taken));
    }

    #[tokio::test]
    async fn a_line_that_was_cut_off_spoils_no_other() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("requests-2026-06-01"), "00000000000000").unwrap();
        let seen = Seen::open(dir.path(), now()).unwrap();
        take(&seen, 9, now()).await;
        let seen = Seen::open(dir.path(), now()).unwrap();
        assert!(matches!(seen.claim(9), Known::Taken));
    }
}
