//! `touchline suppress export`: the entries in force as CSV, by keyed hashes, or in clear for
//! compliance (compliance.md SUP-27). That it was read out is noted before the first row leaves.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use domain::suppression::ListReading;
use serde_json::json;
use storage::Role;
use storage::suppressions::{Exported, NewReading};

use crate::connect::Session;
use crate::error::usage;
use crate::intake::rejects::neutral;

/// Entries read with one statement.
const PAGE: u32 = 5000;

/// What to export.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Where to write; standard output when not given.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// With the addresses in clear, as far as contacts have them. For compliance officers.
    #[arg(long)]
    clear: bool,
    /// Who takes it: your own name.
    #[arg(long)]
    actor: String,
    /// What for.
    #[arg(long)]
    reason: String,
}

const COLUMNS: [&str; 10] = [
    "event",
    "scope",
    "channel",
    "topic",
    "reason",
    "origin",
    "since",
    "expires_at",
    "key",
    "address",
];

/// Runs the command.
///
/// # Errors
/// A person who may not, a file that cannot be written, or a database that does not answer.
pub async fn run(arguments: Arguments, session: &Session) -> anyhow::Result<()> {
    let Arguments { out, clear, actor, reason } = arguments;
    if actor.trim().is_empty() || reason.trim().is_empty() {
        return Err(usage("--actor or --reason is empty; say who takes the list, and what for"));
    }
    let role = if clear { Role::Compliance } else { Role::Operator };
    let database = session.connect_as(role).await?.database;
    let kind = if clear { ListReading::ExportClear } else { ListReading::Export };
    let entries = database.count_entries().await?;
    let event = database.note_reading(&NewReading { kind, actor, note: reason, entries }).await?;
    let target: Box<dyn Write + Send> = match &out {
        Some(path) => {
            let file = File::create(path);
            Box::new(file.with_context(|| format!("cannot write {}", path.display()))?)
        }
        None => Box::new(io::stdout()),
    };
    // Quoted, a phone number keeps its "+" (compliance.md SEC-14).
    let style = csv::QuoteStyle::Always;
    let mut writer = csv::WriterBuilder::new().quote_style(style).from_writer(target);
    let shown = if clear { COLUMNS.len() } else { COLUMNS.len() - 1 };
    writer.write_record(&COLUMNS[..shown])?;
    let (mut after, mut written) = (None, 0_u64);
    loop {
        let page = database.export_entries(after, PAGE, clear).await?;
        for entry in &page {
            writer.write_record(&cells(entry)[..shown])?;
            written += 1;
        }
        match page.last() {
            Some(last) => after = Some(last.entry.event),
            None => break,
        }
    }
    writer.flush().context("cannot write the list")?;
    if let Some(path) = out {
        let answer = json!({ "entries": written, "out": path, "event": event });
        let told = format!("{written} entries written to {}", path.display());
        session.output.object(&answer, |_| told)?;
    }
    Ok(())
}

fn cells(exported: &Exported) -> [String; 10] {
    let entry = &exported.entry;
    let time = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    [
        entry.event.to_string(),
        entry.scope.to_string(),
        entry.channel.map_or_else(String::new, |channel| channel.to_string()),
        entry.topic.map_or_else(String::new, |topic| topic.to_string()),
        entry.reason.to_string(),
        entry.origin.to_string(),
        time(entry.since),
        entry.expires_at.map_or_else(String::new, time),
        entry.key.to_hex(),
        exported.address.as_deref().map_or_else(String::new, neutral),
    ]
}
