//! Progress of long work: a bar on a terminal, a plain line every few seconds elsewhere. Both are
//! on standard error; standard output belongs to the answer.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use office::imports::Come;

/// The pause between two plain lines.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Shows how far a file has been read and how many of its rows are done.
#[derive(Default)]
pub struct Progress {
    shown: Option<Shown>,
}

struct Shown {
    bar: Option<ProgressBar>,
    started: Instant,
    said: Instant,
}

impl Progress {
    /// Shows how far it has come; time is counted from the first time.
    pub fn show(&mut self, come: Come) {
        let Come { rows, bytes, of_bytes } = come;
        let shown = self.shown.get_or_insert_with(|| Shown::of(of_bytes));
        let per_second = per_second(rows, shown.started.elapsed());
        if let Some(bar) = &shown.bar {
            bar.set_message(format!("{rows} rows, {per_second}/s"));
            bar.set_position(bytes);
        } else if shown.said.elapsed() >= LINE_EVERY {
            shown.said = Instant::now();
            let percent = (bytes * 100).checked_div(of_bytes).unwrap_or(100);
            eprintln!("{percent} %: {rows} rows, {per_second}/s");
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = self.shown.as_ref().and_then(|shown| shown.bar.as_ref()) {
            bar.finish_and_clear();
        }
    }
}

impl Shown {
    fn of(bytes: u64) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = "{bar:30} {bytes}/{total_bytes} {msg} {eta} left";
            let style = ProgressStyle::with_template(style);
            ProgressBar::new(bytes)
                .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        let now = Instant::now();
        Self { bar, started: now, said: now }
    }
}

/// Rows per second.
pub fn per_second(rows: u64, elapsed: Duration) -> u64 {
    let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    rows.saturating_mul(1000) / millis.max(1)
}
