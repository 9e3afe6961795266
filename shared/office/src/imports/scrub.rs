//! Comparing a file with the list, for whoever is about to use it elsewhere. Every row comes back
//! with one verdict: clear, listed, or invalid (compliance.md SUP-20, SUP-27).

use std::collections::VecDeque;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use domain::ContactChannel;
use domain::suppression::ListReading;
use serde::Serialize;
use storage::suppressions::{Asked, Entry, NewReading};
use tokio::task::JoinHandle;

use super::{Come, File, Pace, list};
use crate::Connection;
use crate::addresses::{ListAddress, Named};
use crate::intake::rejects::{neutral, original};
use crate::intake::rows::Row;

/// Rows looked up together.
const BATCH_ROWS: usize = 2000;
/// Batches looked up at the same time.
const IN_FLIGHT: usize = 4;
/// The columns behind the row's own.
const OWN_COLUMNS: [&str; 2] = ["verdict", "reason"];

/// What to compare.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// The file: one address per line, or CSV with a header row.
    pub file: File,
    /// Where the verdicts are written.
    pub out: PathBuf,
    /// The column that holds the addresses, where its name does not say so.
    pub column: Option<String>,
    /// Only this channel.
    pub channel: Option<ContactChannel>,
    /// The country of phone numbers without a country code.
    pub region: String,
    /// Who asks.
    pub actor: String,
}

/// What came of it; `rows` is the sum of clear, listed and invalid.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Compared {
    /// Rows of the file.
    pub rows: u64,
    /// Nothing stands against them.
    pub clear: u64,
    /// On the list.
    pub listed: u64,
    /// No addresses.
    pub invalid: u64,
    /// Where the verdicts are.
    pub out: PathBuf,
}

/// What a row came to.
enum Verdict {
    Clear,
    Listed(String),
    Invalid(String),
}

/// Compares a file with the list; that it was read is noted. `progress` is told how far it has
/// come.
///
/// # Errors
/// [`super::Unusable`] for a file or header that cannot be used; a file that cannot be read or
/// written, a database that does not answer.
pub async fn compare(
    comparison: Comparison,
    connection: &Connection,
    progress: &mut (dyn FnMut(Come) + Send),
) -> anyhow::Result<Compared> {
    let Comparison { file, out, column, channel, region, actor } = comparison;
    let text = file.open()?;
    let mut pace = Pace::of(&text, progress);
    let (first, mut rows) = file.rows(text.reader, false)?;
    let names = first.fields.clone();
    let (column, mut first) = list::column(column.as_deref(), first, &region, channel)?;
    let mut writer = writer(&out, &names, first.is_some())?;
    let scrub = Arc::new(Scrub { connection: connection.clone(), column, channel, region });
    let mut compared = Compared { out, ..Compared::default() };
    let mut in_flight: VecDeque<JoinHandle<anyhow::Result<Judged>>> = VecDeque::new();
    let mut is_over = false;
    while !(is_over && in_flight.is_empty()) {
        while !is_over && in_flight.len() < IN_FLIGHT {
            let mut batch: Vec<Row> = first.take().into_iter().collect();
            while batch.len() < BATCH_ROWS
                && let Some(row) = rows.next_row().context("cannot read the file to its end")?
            {
                batch.push(row);
            }
            is_over = batch.is_empty();
            if !is_over {
                in_flight.push_back(tokio::spawn(Arc::clone(&scrub).judge(batch)));
            }
        }
        // In the order of the file.
        let Some(oldest) = in_flight.pop_front() else { break };
        for (row, verdict) in oldest.await.context("a batch has panicked")?? {
            compared.count(&verdict);
            writer.write_record(record(&row, names.len(), verdict))?;
        }
        pace.rows(compared.rows);
    }
    let (kind, note, entries) = (ListReading::Scrub, file.source.name(), compared.rows);
    connection.database.note_reading(&NewReading { kind, actor, note, entries }).await?;
    // What is not noted does not leave: the rows are in the file only now.
    writer.flush().context("cannot write the verdicts")?;
    Ok(compared)
}

/// The column of the addresses in what [`compare`] has written, where the file had no other one: then its
/// name need not say what it holds.
#[must_use]
pub fn only_column(verdicts: &[u8]) -> Option<String> {
    let text = verdicts.strip_prefix("\u{feff}".as_bytes()).unwrap_or(verdicts);
    let mut reader = csv::Reader::from_reader(text);
    let header = reader.headers().ok()?;
    (header.len() == 1 + OWN_COLUMNS.len()).then(|| header[0].to_owned())
}

fn writer(out: &Path, names: &[String], unnamed: bool) -> anyhow::Result<csv::Writer<fs::File>> {
    let mut file =
        fs::File::create(out).with_context(|| format!("cannot write {}", out.display()))?;
    // The mark tells spreadsheets that Arabic letters are UTF-8.
    file.write_all("\u{feff}".as_bytes())?;
    // Quoted, a phone number keeps its "+" (compliance.md SEC-14).
    let style = csv::QuoteStyle::Always;
    let mut writer = csv::WriterBuilder::new().quote_style(style).from_writer(file);
    let own = OWN_COLUMNS.map(str::to_owned);
    let theirs = names
        .iter()
        .enumerate()
        .map(|(n, name)| if unnamed { format!("column_{}", n + 1) } else { neutral(name) });
    writer.write_record(theirs.chain(own))?;
    Ok(writer)
}

/// A row as it is written: its fields, as many as the header has, and the verdict.
fn record(row: &Row, width: usize, verdict: Verdict) -> Vec<String> {
    let mut fields: Vec<String> = row.fields.iter().map(|field| neutral(original(field))).collect();
    fields.resize(width, String::new());
    let (word, reason) = match verdict {
        Verdict::Clear => ("clear", String::new()),
        Verdict::Listed(reason) => ("listed", reason),
        Verdict::Invalid(why) => ("invalid", why),
    };
    fields.extend([word.to_owned(), reason]);
    fields
}

impl Compared {
    const fn count(&mut self, verdict: &Verdict) {
        self.rows += 1;
        match verdict {
            Verdict::Clear => self.clear += 1,
            Verdict::Listed(_) => self.listed += 1,
            Verdict::Invalid(_) => self.invalid += 1,
        }
    }
}

/// Rows with their verdicts.
type Judged = Vec<(Row, Verdict)>;

/// Looks rows up.
struct Scrub {
    connection: Connection,
    column: usize,
    channel: Option<ContactChannel>,
    region: String,
}

impl Scrub {
    async fn judge(self: Arc<Self>, batch: Vec<Row>) -> anyhow::Result<Judged> {
        let verdicts = self.verdicts(&batch).await?;
        Ok(batch.into_iter().zip(verdicts).collect())
    }

    /// One verdict per row, in their order.
    async fn verdicts(&self, batch: &[Row]) -> anyhow::Result<Vec<Verdict>> {
        let Connection { database, keyer } = &self.connection;
        let addresses: Vec<Result<Asked, String>> = batch
            .iter()
            .map(|row| {
                let address = self.address(row)?;
                Ok(Asked { key: address.key(keyer), domain: address.domain_key(keyer) })
            })
            .collect();
        let known: Vec<Asked> = addresses.iter().flatten().copied().collect();
        let mut found = database.entries_against(&known).await?.into_iter();
        let verdict = |address: Result<Asked, String>| match address {
            Err(why) => Verdict::Invalid(why),
            Ok(_) => {
                let entries = found.next().unwrap_or_default();
                let counting = entries.iter().filter(|entry| self.counts(entry));
                let reasons: Vec<String> = counting.map(in_words).collect();
                if reasons.is_empty() {
                    Verdict::Clear
                } else {
                    Verdict::Listed(reasons.join("; "))
                }
            }
        };
        Ok(addresses.into_iter().map(verdict).collect())
    }

    /// Whether an entry makes a row "listed". One for a single topic does not.
    fn counts(&self, entry: &Entry) -> bool {
        let fits = |channel| self.channel.is_none_or(|asked| asked == channel);
        entry.topic.is_none() && entry.channel.is_none_or(fits)
    }

    fn address(&self, row: &Row) -> Result<ListAddress, String> {
        if let Some(why) = &row.broken {
            return Err(why.clone());
        }
        let text = row.fields.get(self.column).map_or("", String::as_str);
        match Named::parse(original(text.trim()), self.channel, &self.region)? {
            Named::Address(address) => Ok(address),
            Named::Domain(_) | Named::Person(_) => Err("this is no single address".to_owned()),
        }
    }
}

fn in_words(entry: &Entry) -> String {
    let covers = entry.channel.map_or_else(|| entry.scope.to_string(), |it| it.to_string());
    format!("{covers}: {} since {}", entry.reason, entry.since.format("%Y-%m-%d"))
}
