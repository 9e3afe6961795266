//! `touchline consents import`: legal bases out of a CSV file. Every row ends as added, already on
//! file, or invalid with a reason; running it twice changes nothing (compliance.md PRV-01).

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use clap::Args;
use domain::consent::LegalBasis;
use domain::suppression::Purpose;
use domain::{AddressKey, ContactChannel, ContactId};
use office::Connection;
use serde::Serialize;
use storage::StorageError;
use storage::consents::NewConsent;

use super::row::{Candidate, Defaults, Reading, Whom};
use crate::commands::check;
use crate::commands::contacts::{Delimiter, delimiter, rows, shared_rejects};
use crate::connect::Session;
use crate::error::usage;
use crate::intake::encoding::{self, Encoding};
use crate::intake::rejects::Rejects;
use crate::intake::values::DateOrder;
use crate::patience::patiently;
use crate::progress::Progress;

/// Rows stored with one statement.
const BATCH_ROWS: usize = 500;

/// What to import, and what counts where a row says nothing.
#[derive(Debug, Args)]
pub struct ImportArguments {
    /// The CSV file, with a header row: contact (id, external id, email address or phone number),
    /// channels, purposes, basis, given_at, expires_at, wording, language, act, source, seller, ip,
    /// user_agent, double_opt_in, document, document_date, zone.
    file: PathBuf,
    /// What a record covers: email, sms, call, post.
    #[arg(long, value_name = "CHANNEL,…", value_delimiter = ',')]
    channel: Vec<ContactChannel>,
    /// What for: marketing, transactional, legal.
    #[arg(long, value_name = "PURPOSE,…", value_delimiter = ',', default_value = "marketing")]
    purpose: Vec<Purpose>,
    /// consent, implied_consent, soft_opt_in, legitimate_interest, contract or none.
    #[arg(long, default_value = "consent")]
    basis: LegalBasis,
    /// The seller or controller it was given to; the team when not given.
    #[arg(long, value_name = "NAME")]
    controller: Option<String>,
    /// The exact text that was shown.
    #[arg(long, value_name = "TEXT", conflicts_with = "wording_file")]
    wording: Option<String>,
    /// A file with the exact text that was shown.
    #[arg(long, value_name = "FILE")]
    wording_file: Option<PathBuf>,
    /// What the people did, e.g. "ticked a box".
    #[arg(long, value_name = "TEXT")]
    act: Option<String>,
    /// Where it was given: a URL, a form, an agent, a recording.
    #[arg(long)]
    source: Option<String>,
    /// How dates are read that could be read both ways.
    #[arg(long, value_enum)]
    dates: Option<DateOrder>,
    /// Pass over columns nothing is known about, instead of refusing the file.
    #[arg(long)]
    ignore_unknown: bool,
    /// The country of phone numbers without a country code; the team's when not given.
    #[arg(long, value_name = "COUNTRY")]
    region: Option<String>,
    /// Where invalid rows are written; beside the file when not given.
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// How the file is encoded.
    #[arg(long, value_enum, default_value = "auto")]
    encoding: Encoding,
    /// What stands between fields: auto, "tab" or a character.
    #[arg(long, default_value = "auto", value_parser = delimiter)]
    delimiter: Delimiter,
    /// Who records it.
    #[arg(long, default_value = "command line")]
    actor: String,
}

/// `rows` is the sum of added, already and invalid.
#[derive(Debug, Default, Serialize)]
struct Answer {
    rows: u64,
    added: u64,
    already: u64,
    invalid: u64,
    rejects: Option<PathBuf>,
    seconds: f64,
    rows_per_second: u64,
}

/// Runs the command.
///
/// # Errors
/// A file or header that cannot be used; a database that stays away.
pub async fn run(arguments: ImportArguments, session: &Session) -> anyhow::Result<()> {
    let region = check::region(arguments.region.as_deref(), session)?;
    let connection = session.connect().await?;
    let text = encoding::open(&arguments.file, arguments.encoding)
        .with_context(|| format!("cannot read {}", arguments.file.display()))?;
    let mut progress = Progress::of_file(text.bytes, Arc::clone(&text.read));
    let mut rows = rows(text.reader, arguments.delimiter)?;
    let header = rows.next()?.ok_or_else(|| usage("the file is empty; it needs a header row"))?;
    rows.expect_width(header.fields.len());
    let path = arguments.rejects.clone().unwrap_or_else(|| Rejects::beside(&arguments.file));
    let rejects = shared_rejects(path, &arguments.file, &header.fields)?;
    let reading = reading(arguments, &header.fields, region, &connection, session)?;
    let mut import = Import { connection, rejects, answer: Answer::default() };
    let mut batch = Vec::new();
    while let Some(row) = rows.next().context("cannot read the file to its end")? {
        import.answer.rows += 1;
        match row.broken.clone().map_or_else(|| reading.candidate(&row), Err) {
            Ok(candidate) => batch.push(candidate),
            Err(why) => import.reject(row.line, &row.fields, &why)?,
        }
        if batch.len() >= BATCH_ROWS {
            import.store(std::mem::take(&mut batch)).await?;
            progress.rows(import.answer.rows);
        }
    }
    import.store(batch).await?;
    progress.finish();
    let Import { rejects, mut answer, .. } = import;
    answer.seconds = progress.elapsed().as_secs_f64();
    answer.rows_per_second = progress.per_second(answer.rows);
    answer.rejects = Rejects::finish_shared(rejects).context("cannot write the rejects file")?.1;
    session.output.object(&answer, for_people)?;
    Ok(())
}

fn for_people(answer: &Answer) -> String {
    let Answer { rows, added, already, invalid, seconds, rows_per_second, .. } = answer;
    let mut text = format!(
        "{rows} rows: {added} added, {already} on file already, {invalid} invalid\n\
         {seconds:.1} s, {rows_per_second} rows/s"
    );
    if let Some(rejects) = &answer.rejects {
        text.push_str(&format!("\ninvalid rows with reasons: {}", rejects.display()));
    }
    text
}

fn reading(
    arguments: ImportArguments,
    header: &[String],
    region: String,
    connection: &Connection,
    session: &Session,
) -> anyhow::Result<Reading> {
    let team = session.team()?;
    let defaults = Defaults {
        channels: arguments.channel,
        purposes: arguments.purpose,
        basis: arguments.basis,
        controller: super::add::controller(arguments.controller, session).ok(),
        wording: super::add::wording(arguments.wording, arguments.wording_file.as_deref())?,
        language: team.default_locale.to_string(),
        act: arguments.act.unwrap_or_default(),
        source: arguments.source,
        zone: team.default_time_zone,
        actor: arguments.actor,
    };
    let columns = super::row::columns(header, arguments.ignore_unknown).map_err(usage)?;
    let keyer = connection.keyer.clone();
    Ok(Reading { columns, defaults, region, dates: arguments.dates, keyer })
}

/// What is being done.
struct Import {
    connection: Connection,
    rejects: Arc<Mutex<Rejects>>,
    answer: Answer,
}

impl Import {
    fn reject(&mut self, line: u64, fields: &[String], why: &str) -> anyhow::Result<()> {
        self.answer.invalid += 1;
        let mut rejects = self.rejects.lock().unwrap_or_else(PoisonError::into_inner);
        rejects.add(line, fields, why).context("cannot write the rejects file")
    }

    /// Stores rows. One that the database refuses does not take the others with it.
    async fn store(&mut self, batch: Vec<Candidate>) -> anyhow::Result<()> {
        let mut known = self.named(batch).await?;
        let mut seen = HashSet::new();
        let before = known.len();
        known.retain(|(_, consent)| seen.insert(identity(consent)));
        self.answer.already += (before - known.len()) as u64;
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
                            let why = super::add::missing_proof(error).to_string();
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
        self.answer.added += n;
        self.answer.already += added.len() as u64 - n;
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
