//! The task that enters what the journal holds.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Journal;
use super::segment::{Contents, Segment};
use crate::arrival::Arrival;
use crate::intake::Intake;
use crate::telemetry;

/// The pause after the first failure; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// So long an arrival waits at most once the database is back: much less than workers do before they
/// claim again.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// How often files of processes that have died meanwhile are looked for.
const SEARCH_EVERY: Duration = Duration::from_secs(30);

/// Applies arrivals from the journal.
#[derive(Debug)]
pub(crate) struct Applier {
    journal: Journal,
    intake: Arc<Intake>,
    /// How many are entered at the same time.
    width: usize,
    /// Files that are on disk alone; they are read one at a time.
    files: VecDeque<Found>,
    waiting: VecDeque<Work>,
    pause: Duration,
}

/// A file that has not been read yet.
#[derive(Debug)]
struct Found {
    segment: Segment,
    /// Whether another process wrote it, so that its lines are not counted in the depth yet.
    is_adopted: bool,
}

/// A file and what of it is not on the list yet.
#[derive(Debug)]
struct Work {
    segment: Segment,
    arrivals: Vec<Arrival>,
    damaged: usize,
}

/// How a look at one file ended.
#[derive(Debug, PartialEq, Eq)]
enum Progress {
    Done,
    Away,
    Refused,
}

impl Applier {
    pub(crate) fn new(journal: Journal, intake: Arc<Intake>, width: usize) -> Self {
        Self {
            journal,
            intake,
            width,
            files: VecDeque::new(),
            waiting: VecDeque::new(),
            pause: FIRST_PAUSE,
        }
    }

    /// Works until `stop`, then goes on only as long as everything succeeds.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut searched = None::<Instant>;
        loop {
            if searched.is_none_or(|at| at.elapsed() >= SEARCH_EVERY) {
                self.adopt().await;
                searched = Some(Instant::now());
            }
            self.read_next().await;
            let Some(work) = self.waiting.pop_front() else {
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = self.journal.written() => {}
                    () = tokio::time::sleep(SEARCH_EVERY) => {}
                }
                continue;
            };
            if self.apply(work).await != Progress::Done {
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(self.pause) => {}
                }
                self.pause = (self.pause * 2).min(LONGEST_PAUSE);
            }
        }
    }

    /// Takes over what dead processes have left behind.
    async fn adopt(&mut self) {
        let dir = self.journal.dir().to_owned();
        let found = tokio::task::spawn_blocking(move || Segment::adopt_all(&dir)).await;
        match found {
            Ok(Ok(segments)) if segments.is_empty() => {}
            Ok(Ok(segments)) => {
                tracing::info!(files = segments.len(), "the journal of an earlier run is entered");
                let found = segments.into_iter();
                self.files.extend(found.map(|segment| Found { segment, is_adopted: true }));
            }
            Ok(Err(error)) => tracing::error!(%error, "inbound.journal_dir cannot be searched"),
            Err(error) => tracing::error!(%error, "the search of inbound.journal_dir broke off"),
        }
    }

    /// Reads the next file when nothing is waiting, sealing what this process has written when
    /// there is no other.
    async fn read_next(&mut self) {
        if !self.waiting.is_empty() {
            return;
        }
        if self.files.is_empty() {
            let sealed = self.journal.seal().await.into_iter();
            self.files.extend(sealed.map(|segment| Found { segment, is_adopted: false }));
        }
        let Some(Found { segment, is_adopted }) = self.files.pop_front() else { return };
        let read = tokio::task::spawn_blocking(move || (segment.read(), segment)).await;
        let Ok((contents, segment)) = read else { return };
        match contents {
            Ok(Contents { arrivals, damaged }) => {
                if is_adopted {
                    self.journal.deepen(arrivals.len() as u64);
                }
                metrics::counter!(telemetry::JOURNAL_DAMAGED).increment(damaged as u64);
                self.waiting.push_back(Work { segment, arrivals, damaged });
            }
            // Dropped, it is nobody's, and will be found again by the next search.
            Err(error) => tracing::error!(%error, "a file of the journal cannot be read"),
        }
    }

    /// How many arrivals are applied at the same time: as many as may be, and one per address, so
    /// that what is about the same one keeps its order.
    fn group_of(&self, rest: &[Arrival]) -> usize {
        let group = &rest[..self.width.min(rest.len())];
        let mut seen = HashSet::new();
        group.iter().take_while(|arrival| seen.insert(arrival.place())).count()
    }

    /// Applies one file as far as possible. What is left goes back to the queue: to its front when
    /// the database is away, to its end when it refuses, so that one bad line holds up no other.
    async fn apply(&mut self, mut work: Work) -> Progress {
        let mut refused = Vec::new();
        let mut rest = work.arrivals.as_slice();
        let mut is_away = false;
        while let Some((group, later)) = rest.split_at_checked(self.group_of(rest))
            && !group.is_empty()
            && !is_away
        {
            let outcomes = join_all(group.iter().map(|arrival| self.intake.apply(arrival))).await;
            for (arrival, outcome) in group.iter().zip(outcomes) {
                match outcome {
                    Ok(()) => {
                        self.pause = FIRST_PAUSE;
                        self.journal.lessen(1);
                    }
                    Err(error) => {
                        is_away |= error.is_away();
                        refused.push(*arrival);
                    }
                }
            }
            rest = later;
        }
        refused.extend_from_slice(rest);
        work.arrivals = refused;
        match (work.arrivals.is_empty(), is_away) {
            (true, _) => {
                finish(work).await;
                Progress::Done
            }
            (false, true) => {
                self.waiting.push_front(work);
                Progress::Away
            }
            (false, false) => {
                self.waiting.push_back(work);
                Progress::Refused
            }
        }
    }
}

/// Removes a file that has done its duty, or keeps it under another name where lines of it could
/// not be read.
async fn finish(work: Work) {
    let Work { segment, damaged, .. } = work;
    let finished = tokio::task::spawn_blocking(move || {
        if damaged == 0 {
            return segment.remove().map(|()| None);
        }
        segment.set_aside().map(Some)
    });
    match finished.await {
        Ok(Ok(None)) => {}
        Ok(Ok(Some(path))) => {
            let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            tracing::error!(
                damaged,
                file,
                "lines of the journal cannot be read; the file was kept"
            );
        }
        Ok(Err(error)) => tracing::error!(%error, "a file of the journal cannot be removed"),
        Err(error) => tracing::error!(%error, "a file of the journal was not removed"),
    }
}
