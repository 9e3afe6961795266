//! `history DATABASE_URL --mails FILE --texts FILE`: the history checker over a fleet that ran
//! elsewhere, such as in containers, and the logs of its sinks.
//!
//! Nothing was killed, as far as it knows: every copy too many is a violation. Prints the report, and
//! ends with 1 if anything is wrong.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use serde::de::DeserializeOwned;
use testkit::history::History;

/// Checks what a fleet's database says against what the sinks took.
#[derive(Parser)]
struct Arguments {
    /// Where PostgreSQL answers, as somebody who may read everything.
    database_url: String,
    /// The log of `sinks smtp`.
    #[arg(long)]
    mails: Option<PathBuf>,
    /// The log of `sinks sms`.
    #[arg(long)]
    texts: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let history = History::read(&arguments.database_url).await;
    let history = history.with_mails(&entries(arguments.mails.as_deref()));
    let history = history.with_texts(&entries(arguments.texts.as_deref()));
    let report = history.check(domain::Clock::system().now());
    println!("{report}");
    if report.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn entries<T: DeserializeOwned>(log: Option<&Path>) -> Vec<T> {
    let read = |log| testkit::sink_log::read(log).expect("the sink's log can be read");
    log.map(read).unwrap_or_default()
}
