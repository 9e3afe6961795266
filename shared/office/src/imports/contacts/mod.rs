//! Importing contacts: a file of any size in bounded memory.
//!
//! One thread reads, checks and normalises rows; a few batches of them are on their way to the
//! database at the same time. Two batches that name the same address never are: a person who is in
//! the file twice must be found by the second row. Every row ends as added, updated, unchanged or
//! rejected.

mod feed;
mod lawful;
mod store;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::rules::RuleBook;
use serde::Serialize;

pub use lawful::WithoutBasis;

use super::file::finish;
use super::{Come, File, Pace, Unusable};
use crate::intake::columns::{Column, Field, Mapping, Unknown};
use crate::intake::contact::Reading;
use crate::intake::values::DateOrder;
use crate::{Connection, Team};

use feed::{Batch, Feed};

/// What to import, and how to read it.
#[derive(Debug, Clone)]
pub struct Import {
    /// The file, with a header row.
    pub file: File,
    /// Which column is what; what counts where a row says nothing.
    pub mapping: Mapping,
    /// What becomes of unknown columns.
    pub unknown: Unknown,
    /// The country of phone numbers without a country code.
    pub region: String,
    /// How dates are read that could be read both ways.
    pub dates: Option<DateOrder>,
    /// Import a row without an address that cannot be used, instead of refusing the row.
    pub keep_bad_addresses: bool,
    /// Where refused rows are written; a file of an earlier run is removed.
    pub rejects: PathBuf,
}

/// What contacts are stored with.
#[derive(Debug, Clone)]
pub struct Storing {
    /// Where to.
    pub connection: Connection,
    /// What counts where neither a row nor the mapping says it.
    pub team: Team,
    /// The rules that say where a legal basis is wanted.
    pub rules: Arc<RuleBook>,
    /// Business time.
    pub now: DateTime<Utc>,
}

/// What became of the rows; `rows` is the sum of the others.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Counts {
    /// Rows of the file.
    pub rows: u64,
    /// New contacts.
    pub added: u64,
    /// Known ones, brought up to date.
    pub updated: u64,
    /// Known ones with nothing new.
    pub unchanged: u64,
    /// Refused, with a reason.
    pub rejected: u64,
    /// Of the imported ones, by channel: no legal basis is on file where the law wants one.
    pub without_basis: WithoutBasis,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Imported {
    /// What became of the rows.
    pub counts: Counts,
    /// Rows that could be imported; more than were, where nothing was stored.
    pub valid: u64,
    /// The name of the file's encoding.
    pub encoding: &'static str,
    /// Where the refused rows are, if there are any.
    pub rejects: Option<PathBuf>,
    /// How long it took.
    pub elapsed: Duration,
}

/// Checks every row, stores nothing.
///
/// # Errors
/// [`Unusable`] for a file or header that cannot be used; a file that cannot be read.
pub async fn check(
    import: Import,
    progress: &mut (dyn FnMut(Come) + Send),
) -> anyhow::Result<Imported> {
    run(import, None, progress).await
}

/// Imports contacts. `progress` is told how far it has come.
///
/// # Errors
/// [`Unusable`] for a file or header that cannot be used; a file that cannot be read, a database
/// that stays away.
pub async fn import(
    import: Import,
    storing: &Storing,
    progress: &mut (dyn FnMut(Come) + Send),
) -> anyhow::Result<Imported> {
    run(import, Some(storing), progress).await
}

async fn run(
    import: Import,
    storing: Option<&Storing>,
    progress: &mut (dyn FnMut(Come) + Send),
) -> anyhow::Result<Imported> {
    let text = import.file.open()?;
    let encoding = text.encoding;
    let mut pace = Pace::of(&text, progress);
    let (header, rows) = import.file.rows(text.reader, true)?;
    let file = import.file.clone();
    let path = import.rejects.clone();
    let reading = reading(import, &header.fields)?;
    let rejects = file.rejects(path, &header.fields)?;
    let mut feed = Feed::start(rows, reading, Arc::clone(&rejects));
    let mut counts = match storing {
        Some(storing) => store::store(&mut feed, storing, &rejects, &mut pace).await?,
        None => skip(&mut feed, &mut pace).await,
    };
    let valid = counts.rows;
    let rejected_by_database = counts.rejected;
    let (read, refused) = feed.finish().await?;
    counts.rows = read;
    counts.rejected = refused + rejected_by_database;
    Ok(Imported { counts, valid, encoding, rejects: finish(rejects)?, elapsed: pace.elapsed() })
}

fn reading(import: Import, header: &[String]) -> anyhow::Result<Reading> {
    let Import { mapping, unknown, region, dates, keep_bad_addresses, .. } = import;
    let columns = mapping.columns(header, unknown).map_err(Unusable::Columns)?;
    let has =
        |field| columns.contains(&Column::Field(field)) || mapping.default_of(field).is_some();
    if !has(Field::FullName) && !has(Field::FirstName) && !has(Field::LastName) {
        return Err(Unusable::NoNames.into());
    }
    if !has(Field::Source) {
        return Err(Unusable::NoSource.into());
    }
    if has(Field::OwnerName) && !has(Field::OwnerEmail) {
        return Err(Unusable::OwnerWithoutEmail.into());
    }
    Ok(Reading { columns, mapping, region, dates, keep_bad_addresses })
}

/// Counts what a dry run finds.
async fn skip(feed: &mut Feed, pace: &mut Pace<'_>) -> Counts {
    let mut counts = Counts::default();
    while let Some(Batch { rows, .. }) = feed.next().await {
        counts.rows += rows.len() as u64;
        pace.rows(counts.rows);
    }
    counts
}
