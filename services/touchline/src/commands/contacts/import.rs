//! `touchline contacts import`: a file of any size in bounded memory.
//!
//! One thread reads, checks and normalises rows; a few batches of them are on their way to the
//! database at the same time. Two batches that name the same address never are: a person who is in
//! the file twice must be found by the second row. Every row ends as added, updated, unchanged or
//! rejected.

mod feed;
mod lawful;
mod store;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use anyhow::Context as _;
use clap::Args;
use serde::Serialize;

use crate::commands::check;
use crate::connect::Session;
use crate::error::usage;
use crate::intake::columns::{Column, Field, Mapping, Unknown};
use crate::intake::contact::Reading;
use crate::intake::encoding::{self, Encoding};
use crate::intake::rejects::Rejects;
use crate::intake::rows::Rows;
use crate::intake::values::DateOrder;
use crate::progress::Progress;

use feed::{Batch, Feed};
use lawful::WithoutBasis;

/// What to import, and how to read it.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The CSV file, with a header row.
    file: PathBuf,
    /// TOML file: [columns] "Client" = "full_name"; [values.group] "VIP" = "advocate";
    /// [defaults] source = "trade show".
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// How the file is encoded.
    #[arg(long, value_enum, default_value = "auto")]
    encoding: Encoding,
    /// What stands between fields: auto, "tab" or a character.
    #[arg(long, default_value = "auto", value_parser = delimiter)]
    delimiter: Delimiter,
    /// The country of phone numbers without a country code; the team's when not given.
    #[arg(long, value_name = "COUNTRY")]
    region: Option<String>,
    /// Where contacts come from when their row does not say it.
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Where refused rows are written; beside the file when not given.
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// What becomes of unknown columns.
    #[arg(long, value_enum, default_value = "refuse")]
    unknown: Unknown,
    /// How dates are read that could be read both ways.
    #[arg(long, value_enum)]
    dates: Option<DateOrder>,
    /// Import a row without an address that cannot be used, instead of refusing the row.
    #[arg(long)]
    keep_bad_addresses: bool,
    /// Check every row, store nothing.
    #[arg(long)]
    dry_run: bool,
}

/// What stands between fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delimiter {
    /// What the header has most of.
    Auto,
    /// This.
    Given(char),
}

/// Reads the argument `--delimiter`.
pub fn delimiter(text: &str) -> Result<Delimiter, String> {
    let mut chars = text.chars();
    match (text, chars.next(), chars.next()) {
        ("auto", ..) => Ok(Delimiter::Auto),
        ("tab" | "\\t", ..) => Ok(Delimiter::Given('\t')),
        (_, Some(c), None) if !c.is_alphanumeric() && c != '"' => Ok(Delimiter::Given(c)),
        _ => Err("write auto, tab, or a character such as , or ;".to_owned()),
    }
}

/// What became of the rows; `rows` is the sum of the others.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Counts {
    rows: u64,
    added: u64,
    updated: u64,
    unchanged: u64,
    rejected: u64,
    /// Of the imported ones, by channel: no legal basis is on file where the law wants one.
    without_basis: WithoutBasis,
}

#[derive(Serialize)]
struct Answer {
    #[serde(flatten)]
    counts: Counts,
    /// Rows that would be imported, in a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    valid: Option<u64>,
    dry_run: bool,
    encoding: &'static str,
    rejects: Option<PathBuf>,
    seconds: f64,
    rows_per_second: u64,
}

/// Runs the command.
///
/// # Errors
/// A file, mapping or header that cannot be used; a database that stays away.
pub async fn run(arguments: Arguments, session: &Session) -> anyhow::Result<()> {
    let region = check::region(arguments.region.as_deref(), session)?;
    let connection = if arguments.dry_run { None } else { Some(session.connect().await?) };
    let text = encoding::open(&arguments.file, arguments.encoding)
        .with_context(|| format!("cannot read {}", arguments.file.display()))?;
    let encoding = text.encoding;
    let mut progress = Progress::of_file(text.bytes, Arc::clone(&text.read));
    let mut rows = rows(text.reader, arguments.delimiter)?;
    let header = rows.next()?.ok_or_else(|| usage("the file is empty; it needs a header row"))?;
    rows.expect_width(header.fields.len());
    let reading = reading(&arguments, region, &header.fields)?;
    let path = arguments.rejects.clone().unwrap_or_else(|| Rejects::beside(&arguments.file));
    let rejects = shared_rejects(path, &arguments.file, &header.fields)?;

    let mut feed = Feed::start(rows, reading, Arc::clone(&rejects));
    let mut counts = match &connection {
        Some(connection) => {
            store::store(&mut feed, connection, session, &rejects, &mut progress).await?
        }
        None => skip(&mut feed, &mut progress).await,
    };
    let valid = arguments.dry_run.then_some(counts.rows);
    let rejected_by_database = counts.rejected;
    let (read, refused) = feed.finish().await?;
    progress.finish();
    counts.rows = read;
    counts.rejected = refused + rejected_by_database;
    let (_, rejects) = Rejects::finish_shared(rejects).context("cannot write the rejects file")?;
    let answer = Answer {
        valid,
        dry_run: arguments.dry_run,
        encoding,
        rejects,
        seconds: progress.elapsed().as_secs_f64(),
        rows_per_second: progress.per_second(read),
        counts,
    };
    session.output.object(&answer, for_people)?;
    Ok(())
}

/// The rows of a text, with its delimiter found.
///
/// # Errors
/// When it cannot be read.
pub fn rows<R: std::io::BufRead>(reader: R, delimiter: Delimiter) -> std::io::Result<Rows<R>> {
    match delimiter {
        Delimiter::Given(delimiter) => Ok(Rows::new(reader, delimiter)),
        Delimiter::Auto => {
            let mut rows = Rows::new(reader, ',');
            rows.find_delimiter()?;
            Ok(rows)
        }
    }
}

/// The rejects file, shared by those who refuse rows.
///
/// # Errors
/// When it would replace the file that is read, or cannot be written.
pub fn shared_rejects(
    path: PathBuf,
    file: &Path,
    header: &[String],
) -> anyhow::Result<Arc<Mutex<Rejects>>> {
    let is_same = |a: &Path, b: &Path| {
        a.canonicalize().ok().is_some_and(|a| b.canonicalize().ok() == Some(a))
    };
    if is_same(&path, file) {
        return Err(usage("--rejects names the file that is imported; name another one"));
    }
    let mut rejects =
        Rejects::new(path.clone()).with_context(|| format!("cannot write {}", path.display()))?;
    rejects.set_header(header);
    Ok(Arc::new(Mutex::new(rejects)))
}

fn reading(arguments: &Arguments, region: String, header: &[String]) -> anyhow::Result<Reading> {
    let mut mapping = match &arguments.mapping {
        None => Mapping::default(),
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read the mapping file {}", path.display()))?;
            toml::from_str(&text).map_err(|why| usage(format!("{}: {why}", path.display())))?
        }
    };
    if let Some(source) = &arguments.source {
        mapping.set_default(Field::Source, source.clone());
    }
    let columns = mapping.columns(header, arguments.unknown).map_err(|why| {
        usage(format!("the columns of {} cannot be used:\n  {why}", arguments.file.display()))
    })?;
    let has =
        |field| columns.contains(&Column::Field(field)) || mapping.default_of(field).is_some();
    if !has(Field::FullName) && !has(Field::FirstName) && !has(Field::LastName) {
        return Err(usage(
            "no column holds names; say which one is full_name in a mapping file (--mapping)",
        ));
    }
    if !has(Field::Source) {
        return Err(usage("no column says where contacts come from; add --source NAME"));
    }
    if has(Field::OwnerName) && !has(Field::OwnerEmail) {
        return Err(usage(
            "there is a column for the agent's name but none for the agent's email, by which agents \
             are known; add owner_email, or map the column to ignore or custom.NAME",
        ));
    }
    Ok(Reading {
        columns,
        mapping,
        region,
        dates: arguments.dates,
        keep_bad_addresses: arguments.keep_bad_addresses,
    })
}

/// Counts what a dry run finds.
async fn skip(feed: &mut Feed, progress: &mut Progress) -> Counts {
    let mut counts = Counts::default();
    while let Some(Batch { rows, .. }) = feed.next().await {
        counts.rows += rows.len() as u64;
        progress.rows(counts.rows);
    }
    counts
}

fn for_people(answer: &Answer) -> String {
    let Counts { rows, added, updated, unchanged, rejected, without_basis } = &answer.counts;
    let mut text = match answer.valid {
        Some(valid) => {
            format!("{rows} rows: {valid} can be imported, {rejected} rejected (dry run)")
        }
        None => format!(
            "{rows} rows: {added} added, {updated} updated, {unchanged} unchanged, {rejected} rejected"
        ),
    };
    text.push_str(&format!("\n{:.1} s, {} rows/s", answer.seconds, answer.rows_per_second));
    text.push_str(&format!(", {}", answer.encoding));
    let WithoutBasis { email, sms } = without_basis;
    if email + sms > 0 {
        text.push_str(&format!(
            "\nno legal basis on file where the law wants one: {email} cannot be written to by email, \
             {sms} not by text; touchline consents import records them"
        ));
    }
    if let Some(rejects) = &answer.rejects {
        text.push_str(&format!("\nrejected rows with reasons: {}", rejects.display()));
    }
    text
}
