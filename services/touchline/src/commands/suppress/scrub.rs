//! `touchline suppress scrub`: compares a file with the list, for whoever is about to use it
//! elsewhere. Every row comes back with one verdict: clear, listed, or invalid (compliance.md SUP-20,
//! SUP-27).

use std::collections::VecDeque;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use domain::ContactChannel;
use domain::suppression::ListReading;
use office::Connection;
use office::addresses::{ListAddress, Named};
use serde::Serialize;
use storage::suppressions::{Asked, Entry, NewReading};
use tokio::task::JoinHandle;

use super::import;
use crate::commands::check;
use crate::commands::contacts::{Delimiter, delimiter, rows};
use crate::connect::Session;
use crate::error::usage;
use crate::intake::encoding::{self, Encoding};
use crate::intake::rejects::{neutral, original};
use crate::intake::rows::Row;
use crate::progress::Progress;

/// Rows looked up together.
const BATCH_ROWS: usize = 2000;
/// Batches looked up at the same time.
const IN_FLIGHT: usize = 4;
/// The columns behind the row's own.
const OWN_COLUMNS: [&str; 2] = ["verdict", "reason"];

/// What to compare.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The file: one address per line, or CSV with a header row.
    file: PathBuf,
    /// Where the verdicts are written; beside the file when not given.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The column that holds the addresses, where its name does not say so.
    #[arg(long, value_name = "NAME")]
    column: Option<String>,
    /// Only this channel: email, sms, call or post.
    #[arg(long)]
    channel: Option<ContactChannel>,
    /// The country of phone numbers without a country code; the team's when not given.
    #[arg(long, value_name = "COUNTRY")]
    region: Option<String>,
    /// Who asks.
    #[arg(long, default_value = "command line")]
    actor: String,
    /// How the file is encoded.
    #[arg(long, value_enum, default_value = "auto")]
    encoding: Encoding,
    /// What stands between fields: auto, "tab" or a character.
    #[arg(long, default_value = "auto", value_parser = delimiter)]
    delimiter: Delimiter,
}

/// `rows` is the sum of clear, listed and invalid.
#[derive(Debug, Default, Serialize)]
struct Answer {
    rows: u64,
    clear: u64,
    listed: u64,
    invalid: u64,
    out: PathBuf,
}

/// What a row came to.
enum Verdict {
    Clear,
    Listed(String),
    Invalid(String),
}

/// Runs the command.
///
/// # Errors
/// A file or header that cannot be used; a database that does not answer.
pub async fn run(arguments: Arguments, session: &Session) -> anyhow::Result<()> {
    let region = check::region(arguments.region.as_deref(), session)?;
    let connection = session.connect().await?;
    let text = encoding::open(&arguments.file, arguments.encoding)
        .with_context(|| format!("cannot read {}", arguments.file.display()))?;
    let mut progress = Progress::of_file(text.bytes, Arc::clone(&text.read));
    let mut rows = rows(text.reader, arguments.delimiter)?;
    let Some(first) = rows.next()? else { return Err(usage("the file is empty")) };
    rows.expect_width(first.fields.len());
    let names = first.fields.clone();
    let asked = arguments.column.as_deref();
    let (column, mut first) = import::column(asked, first, &region, arguments.channel)?;
    let out = arguments.out.unwrap_or_else(|| arguments.file.with_extension("scrubbed.csv"));
    let mut writer = writer(&out, &names, first.is_some())?;
    let scrub = Arc::new(Scrub { connection, column, channel: arguments.channel, region });
    let mut answer = Answer { out, ..Answer::default() };
    let mut in_flight: VecDeque<JoinHandle<anyhow::Result<Judged>>> = VecDeque::new();
    let mut is_over = false;
    while !(is_over && in_flight.is_empty()) {
        while !is_over && in_flight.len() < IN_FLIGHT {
            let mut batch: Vec<Row> = first.take().into_iter().collect();
            while batch.len() < BATCH_ROWS
                && let Some(row) = rows.next().context("cannot read the file to its end")?
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
            answer.count(&verdict);
            writer.write_record(record(&row, names.len(), verdict))?;
        }
        progress.rows(answer.rows);
    }
    progress.finish();
    let file = arguments.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (kind, actor) = (ListReading::Scrub, arguments.actor);
    let reading = NewReading { kind, actor, note: file, entries: answer.rows };
    scrub.connection.database.note_reading(&reading).await?;
    // What is not noted does not leave: the rows are in the file only now.
    writer.flush().context("cannot write the verdicts")?;
    session.output.object(&answer, |answer| {
        let Answer { rows, clear, listed, invalid, out } = answer;
        let out = out.display();
        format!("{rows} rows: {clear} clear, {listed} listed, {invalid} invalid\nverdicts: {out}")
    })?;
    Ok(())
}

fn writer(out: &Path, names: &[String], unnamed: bool) -> anyhow::Result<csv::Writer<File>> {
    let mut file = File::create(out).with_context(|| format!("cannot write {}", out.display()))?;
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

impl Answer {
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
