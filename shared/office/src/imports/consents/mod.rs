//! Importing legal bases. Every row ends as added, already on file, or invalid with a reason;
//! running it twice changes nothing (compliance.md PRV-01).

mod row;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use domain::{AddressKey, ContactId};
use storage::StorageError;
use storage::consents::NewConsent;

pub use row::Defaults;

use super::file::finish;
use super::{Come, File, Pace, Unusable};
use crate::Connection;
use crate::consents::Lacking;
use crate::intake::rejects::Rejects;
use crate::intake::values::DateOrder;
use crate::patience::patiently;

use row::{Candidate, Reading, Whom};

/// Rows stored with one statement.
const BATCH_ROWS: usize = 500;

/// What to import, and how to read it.
#[derive(Debug, Clone)]
pub struct Import {
    /// The file, with a header row: contact (id, external id, email address or phone number),
    /// channels, purposes, basis, given_at, expires_at, wording, language, act, source, seller, ip,
    /// user_agent, double_opt_in, document, document_date, zone.
    pub file: File,
    /// What counts where a row says nothing.
    pub defaults: Defaults,
    /// How dates are read that could be read both ways.
    pub dates: Option<DateOrder>,
    /// Pass over columns nothing is known about, instead of refusing the file.
    pub ignore_unknown: bool,
    /// The country of phone numbers without a country code.
    pub region: String,
    /// Where invalid rows are written; a file of an earlier run is removed.
    pub rejects: PathBuf,
}

/// What came of it; `rows` is the sum of added, already and invalid.
#[derive(Debug, Clone, Default)]
pub struct Imported {
    /// Rows of the file.
    pub rows: u64,
    /// New on file.
    pub added: u64,
    /// On file already, or twice in the file.
    pub already: u64,
    /// Refused, with a reason.
    pub invalid: u64,
    /// Where the invalid rows are, if there are any.
    pub rejects: Option<PathBuf>,
    /// How long it took.
    pub elapsed: Duration,
}

/// The names of the columns that are known; each has further ones, in English and Arabic.
#[must_use]
pub fn columns() -> Vec<&'static str> {
    row::Column::ALL.iter().map(|column| column.as_str()).collect()
}

/// Imports legal bases. `progress` is told how far it has come.
///
/// # Errors
/// [`Unusable`] for a file or header that cannot be used; a file that cannot be read, a database
/// that stays away.
pub async fn import(
    import: Import,
    connection: &Connection,
    progress: &mut (dyn FnMut(Come) + Send),
) -> anyhow::Result<Imported> {
    let Import { file, defaults, dates, ignore_unknown, region, rejects } = import;
    let text = file.open()?;
    let mut pace = Pace::of(&text, progress);
    let (header, mut rows) = file.rows(text.reader, true)?;
    let rejects = file.rejects(rejects, &header.fields)?;
    let columns = row::columns(&header.fields, ignore_unknown).map_err(Unusable::Columns)?;
    let reading = Reading { columns, defaults, region, dates, keyer: connection.keyer.clone() };
    let mut recorder =
        Recorder { connection: connection.clone(), rejects, counts: Imported::default() };
    let mut batch = Vec::new();
    while let Some(row) = rows.next_row().context("cannot read the file to its end")? {
        recorder.counts.rows += 1;
        match row.broken.clone().map_or_else(|| reading.candidate(&row), Err) {
            Ok(candidate) => batch.push(candidate),
            Err(why) => recorder.reject(row.line, &row.fields, &why)?,
        }
        if batch.len() >= BATCH_ROWS {
            recorder.store(std::mem::take(&mut batch)).await?;
            pace.rows(recorder.counts.rows);
        }
    }
    recorder.store(batch).await?;
    let Recorder { rejects, counts, .. } = recorder;
    Ok(Imported { elapsed: pace.elapsed(), rejects: finish(rejects)?, ..counts })
}

/// What is being done.
struct Recorder {
    connection: Connection,
    rejects: Arc<Mutex<Rejects>>,
    counts: Imported,
}

impl Recorder {
    fn reject(&mut self, line: u64, fields: &[String], why: &str) -> anyhow::Result<()> {
        self.counts.invalid += 1;
        let mut rejects = self.rejects.lock().unwrap_or_else(PoisonError::into_inner);
        rejects.add(line, fields, why).context("cannot write the rejects file")
    }

    /// Stores rows. One that the database refuses does not take the others with it.
    async fn store(&mut self, batch: Vec<Candidate>) -> anyhow::Result<()> {
        let mut known = self.named(batch).await?;
        let mut seen = HashSet::new();
        let before = known.len();
        known.retain(|(_, consent)| seen.insert(identity(consent)));
        self.counts.already += (before - known.len()) as u64;
        let (rows, consents): (Vec<Candidate>, Vec<NewConsent>) = known.into_iter().unzip();
        match self.record(&consents).await {
            Ok(added) => self.count(&added),
            Err(error) if error.is_unavailable() => return Err(error.into()),
            Err(_) => {
                for (row, consent) in rows.iter().zip(&consents) {
                    match self.record(std::slice::from_ref(consent)).await {
                        Ok(added) => self.count(&added),
                        Err(error) if error.is_unavailable() => return Err(error.into()),
                        Err(error) => {
                            let why = lacking(&error);
                            self.reject(row.line, &row.fields, &why)?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    async fn record(&self, consents: &[NewConsent]) -> Result<Vec<bool>, StorageError> {
        if consents.is_empty() {
            return Ok(Vec::new());
        }
        patiently(|| self.connection.database.record_consents_once(consents)).await
    }

    fn count(&mut self, added: &[bool]) {
        let n = added.iter().filter(|added| **added).count() as u64;
        self.counts.added += n;
        self.counts.already += added.len() as u64 - n;
    }

    /// The rows with the contact that each names.
    async fn named(
        &mut self,
        batch: Vec<Candidate>,
    ) -> anyhow::Result<Vec<(Candidate, NewConsent)>> {
        let keys: Vec<AddressKey> = batch.iter().filter_map(|row| row.whom.key()).collect();
        let names: Vec<String> = batch.iter().filter_map(|row| row.whom.name()).collect();
        let database = &self.connection.database;
        let by_key = patiently(|| database.contacts_with(&keys)).await?;
        let by_name = patiently(|| database.contacts_called(&names)).await?;
        let mut known = Vec::with_capacity(batch.len());
        for row in batch {
            match contact(&row.whom, &by_key, &by_name) {
                Ok(contact) => {
                    let consent = row.consent.clone().for_contact(contact);
                    known.push((row, consent));
                }
                Err(why) => self.reject(row.line, &row.fields, &why)?,
            }
        }
        Ok(known)
    }
}

fn contact(
    whom: &Whom,
    by_key: &HashMap<AddressKey, Vec<ContactId>>,
    by_name: &HashMap<String, ContactId>,
) -> Result<ContactId, String> {
    let found = match whom {
        Whom::Address(key) => by_key.get(key).map_or(&[][..], Vec::as_slice),
        Whom::Name(name) => by_name.get(name).map_or(&[][..], std::slice::from_ref),
    };
    match found {
        [one] => Ok(*one),
        [] => Err("no contact has this address or id; import the contact first".to_owned()),
        more => Err(format!("{} contacts have this address; name one by its id", more.len())),
    }
}

/// What tells records of one file apart.
fn identity(consent: &NewConsent) -> String {
    format!("{consent:?}")
}

/// What the proof of a row lacks, where the database has seen it.
fn lacking(error: &StorageError) -> String {
    let lacking = Lacking::of(error);
    lacking.map_or_else(|| error.to_string(), |lacking| lacking.to_string())
}
