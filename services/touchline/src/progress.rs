//! Progress of long work: a bar on a terminal, a plain line every few seconds elsewhere. Both are
//! on standard error; standard output belongs to the answer.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// The pause between two plain lines.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Shows how far a file has been read and how many of its rows are done.
pub struct Progress {
    bar: Option<ProgressBar>,
    total: u64,
    read: Arc<AtomicU64>,
    started: Instant,
    said: Instant,
}

impl Progress {
    /// Begins to show; `read` counts the bytes read of `total`.
    pub fn of_file(total: u64, read: Arc<AtomicU64>) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = "{bar:30} {bytes}/{total_bytes} {msg} {eta} left";
            let style = ProgressStyle::with_template(style);
            ProgressBar::new(total)
                .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        let now = Instant::now();
        Self { bar, total, read, started: now, said: now }
    }

    /// Shows that `rows` rows are done.
    pub fn rows(&mut self, rows: u64) {
        let read = self.read.load(Ordering::Relaxed);
        let per_second = self.per_second(rows);
        if let Some(bar) = &self.bar {
            bar.set_message(format!("{rows} rows, {per_second}/s"));
            bar.set_position(read);
        } else if self.said.elapsed() >= LINE_EVERY {
            self.said = Instant::now();
            let percent = (read * 100).checked_div(self.total).unwrap_or(100);
            eprintln!("{percent} %: {rows} rows, {per_second}/s");
        }
    }

    /// Rows per second since the beginning.
    pub fn per_second(&self, rows: u64) -> u64 {
        let millis = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        rows.saturating_mul(1000) / millis.max(1)
    }

    /// How long it has taken.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
