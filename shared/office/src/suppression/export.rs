//! Writing the list out: the entries in force as CSV, by keyed hashes, or in clear for compliance
//! (compliance.md SUP-27).

use std::io::Write;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use domain::EventId;
use domain::suppression::ListReading;

use storage::suppressions::{Exported, NewReading};

use crate::Connection;
use crate::intake::rejects::neutral;

/// Entries read with one statement.
const PAGE: u32 = 5000;

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

/// Who takes the list, and how.
#[derive(Debug, Clone)]
pub struct Export {
    /// With the addresses in clear, as far as contacts have them; needs the compliance role.
    pub clear: bool,
    /// Who takes it: a person's own name.
    pub actor: String,
    /// What for.
    pub reason: String,
}

/// What was written.
#[derive(Debug, Clone, Copy)]
pub struct Written {
    /// Entries.
    pub entries: u64,
    /// The event that says who has read them.
    pub event: EventId,
}

/// Writes the entries in force as CSV. That they were read out is noted before `open` is called and
/// the first row leaves.
///
/// # Errors
/// What cannot be written, or a database that does not answer.
pub async fn export<W: Write + Send>(
    export: Export,
    connection: &Connection,
    open: impl FnOnce() -> anyhow::Result<W>,
) -> anyhow::Result<Written> {
    let Export { clear, actor, reason: note } = export;
    let database = &connection.database;
    let kind = if clear { ListReading::ExportClear } else { ListReading::Export };
    let entries = database.count_entries().await?;
    let event = database.note_reading(&NewReading { kind, actor, note, entries }).await?;
    // Quoted, a phone number keeps its "+" (compliance.md SEC-14).
    let style = csv::QuoteStyle::Always;
    let mut writer = csv::WriterBuilder::new().quote_style(style).from_writer(open()?);
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
    Ok(Written { entries: written, event })
}

fn cells(exported: &Exported) -> [String; 10] {
    let entry = &exported.entry;
    let time = |at: DateTime<Utc>| at.format("%Y-%m-%dT%H:%M:%SZ").to_string();
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
