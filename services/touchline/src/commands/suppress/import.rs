//! `touchline suppress import`: a file of addresses, one per line or a column of a CSV file. Every
//! row ends as added, already there, or invalid with a reason (compliance.md SUP-20). The text of an
//! invalid one goes into quarantine, and holds contacts that have the same (SUP-21).

use std::collections::VecDeque;
use std::io::BufRead;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use domain::suppression::{Origin, SuppressionReason};
use domain::{AddressKey, AddressKeyer, ContactChannel, TouchId};
use serde::Serialize;
use storage::Database;
use storage::suppressions::{ListRow, Target};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::addresses::Named;
use crate::commands::check;
use crate::commands::contacts::{Delimiter, delimiter, rows, shared_rejects};
use crate::connect::Session;
use crate::error::usage;
use crate::intake::columns::{Field, field_named, folded};
use crate::intake::encoding::{self, Encoding};
use crate::intake::rejects::{Rejects, original};
use crate::intake::rows::{Row, Rows};
use crate::patience::patiently;
use crate::progress::Progress;

/// Rows added with one statement: sorted by key, so many that neighbours share pages of the indexes,
/// so few that claims do not wait for a flag that the statement holds.
const BATCH_ROWS: usize = 10_000;
/// Statements on their way at the same time.
const IN_FLIGHT: usize = 4;

/// What to import.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The file: one address per line, or CSV with a header row.
    file: PathBuf,
    /// Why they are on the list, e.g. national_dnc, ae_dncr, staff_entry.
    #[arg(long)]
    reason: SuppressionReason,
    /// The column that holds the addresses, where its name does not say so.
    #[arg(long, value_name = "NAME")]
    column: Option<String>,
    /// Only this channel: email, sms, call or post.
    #[arg(long)]
    channel: Option<ContactChannel>,
    /// The country of phone numbers without a country code; the team's when not given.
    #[arg(long, value_name = "COUNTRY")]
    region: Option<String>,
    /// Who asked: recipient, staff, system, provider or registry.
    #[arg(long, default_value = "staff")]
    origin: Origin,
    /// Who enters them.
    #[arg(long, default_value = "command line")]
    actor: String,
    /// What proves it; the file's name when not given.
    #[arg(long)]
    evidence: Option<String>,
    /// Where invalid rows are written; beside the file when not given.
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// How the file is encoded.
    #[arg(long, value_enum, default_value = "auto")]
    encoding: Encoding,
    /// What stands between fields: auto, "tab" or a character.
    #[arg(long, default_value = "auto", value_parser = delimiter)]
    delimiter: Delimiter,
    /// How long to wait, at the end, for what is being handed over at this moment.
    #[arg(long, value_name = "N", default_value_t = 10)]
    wait_seconds: u64,
}

/// `rows` is the sum of added, already and invalid.
#[derive(Debug, Serialize)]
struct Answer {
    rows: u64,
    added: u64,
    already: u64,
    invalid: u64,
    /// Of the invalid ones, texts that are new in quarantine.
    quarantined: u64,
    rejects: Option<PathBuf>,
    status: &'static str,
    in_flight: Vec<TouchId>,
    seconds: f64,
    rows_per_second: u64,
}

/// What the entries say besides the address.
struct Words {
    reason: SuppressionReason,
    origin: Origin,
    actor: String,
    evidence: String,
}

/// Runs the command.
///
/// # Errors
/// A file or header that cannot be used; a database that stays away.
pub async fn run(arguments: Arguments, session: &Session) -> anyhow::Result<()> {
    let region = check::region(arguments.region.as_deref(), session)?;
    let connection = session.connect().await?;
    let text = encoding::open(&arguments.file, arguments.encoding)
        .with_context(|| format!("cannot read {}", arguments.file.display()))?;
    let mut progress = Progress::of_file(text.bytes, Arc::clone(&text.read));
    let mut rows = rows(text.reader, arguments.delimiter)?;
    let Some(first) = rows.next()? else { return Err(usage("the file is empty")) };
    rows.expect_width(first.fields.len());
    let (column, first) = column(arguments.column.as_deref(), first, &region, arguments.channel)?;
    let path = arguments.rejects.clone().unwrap_or_else(|| Rejects::beside(&arguments.file));
    let rejects = shared_rejects(path, &arguments.file, &[])?;
    let reader = Reader {
        column,
        first,
        region,
        channel: arguments.channel,
        keyer: connection.keyer.clone(),
        rejects: Arc::clone(&rejects),
    };
    let file = arguments.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let words = Arc::new(Words {
        reason: arguments.reason,
        origin: arguments.origin,
        actor: arguments.actor,
        evidence: arguments.evidence.unwrap_or(file),
    });
    let (sender, batches) = mpsc::channel(1);
    let reading = tokio::task::spawn_blocking(move || reader.read(rows, &sender));
    let Stored { added, quarantined } =
        store(batches, &connection.database, &words, &mut progress).await?;
    let (n_rows, invalid) = reading.await.context("the reader has panicked")??;
    progress.finish();
    let seconds = progress.elapsed().as_secs_f64();
    let rows_per_second = progress.per_second(n_rows);
    let patience = Duration::from_secs(arguments.wait_seconds);
    let in_flight = connection.database.drain_list(patience).await?;
    let answer = Answer {
        rows: n_rows,
        added,
        already: n_rows - invalid - added,
        invalid,
        quarantined,
        rejects: Rejects::finish_shared(rejects).context("cannot write the rejects file")?.1,
        status: if in_flight.is_empty() { "clear" } else { "in_flight" },
        in_flight,
        seconds,
        rows_per_second,
    };
    session.output.object(&answer, for_people)?;
    Ok(())
}

fn for_people(answer: &Answer) -> String {
    let Answer { rows, added, already, invalid, seconds, rows_per_second, .. } = answer;
    let mut text = format!(
        "{rows} rows: {added} added, {already} on the list already, {invalid} invalid\n\
         {seconds:.1} s, {rows_per_second} rows/s"
    );
    if let Some(rejects) = &answer.rejects {
        text.push_str(&format!("\ninvalid rows with reasons: {}", rejects.display()));
    }
    if answer.in_flight.is_empty() {
        text.push_str("\nnothing to any address of the list is under way");
    } else {
        text.push_str("\nbeing handed over at this moment to addresses of the list:");
        answer.in_flight.iter().for_each(|touch| text.push_str(&format!("\n  {touch}")));
    }
    text
}

/// Which column holds the addresses; and the first row, when it is no header.
pub(super) fn column(
    asked: Option<&str>,
    first: Row,
    region: &str,
    channel: Option<ContactChannel>,
) -> anyhow::Result<(usize, Option<Row>)> {
    let names: Vec<String> = first.fields.iter().map(|name| folded(name)).collect();
    if let Some(asked) = asked {
        let position = names.iter().position(|name| *name == folded(asked));
        let position = position.ok_or_else(|| {
            usage(format!(
                "there is no column {asked:?}; the file has: {}",
                first.fields.join(", ")
            ))
        })?;
        return Ok((position, None));
    }
    let holds_addresses = |name: &String| {
        let fields = [Field::Email, Field::Phone, Field::PhoneMobile, Field::Address];
        let further = ["number", "msisdn", "recipient", "الرقم", "رقم"];
        field_named(name).is_some_and(|field| fields.contains(&field))
            || further.contains(&name.as_str())
    };
    let candidates: Vec<usize> =
        (0..names.len()).filter(|position| holds_addresses(&names[*position])).collect();
    match candidates[..] {
        [position] => Ok((position, None)),
        [] if names.len() == 1 => {
            // A name nobody knows over addresses is still a header: it is no address itself.
            let is_header = Named::parse(&first.fields[0], channel, region).is_err()
                && !first.fields[0].contains(|c: char| c.is_numeric() || c == '@');
            Ok((0, (!is_header).then_some(first)))
        }
        _ => Err(usage(format!(
            "say with --column which column holds the addresses: {}",
            first.fields.join(", ")
        ))),
    }
}

/// Turns rows into entries, on a thread of its own.
struct Reader {
    column: usize,
    first: Option<Row>,
    region: String,
    channel: Option<ContactChannel>,
    keyer: AddressKeyer,
    rejects: Arc<Mutex<Rejects>>,
}

/// Rows on their way to the list.
#[derive(Default)]
struct Batch {
    rows: u64,
    entries: Vec<ListRow>,
    /// Keys of texts that are no address.
    unreadable: Vec<AddressKey>,
}

/// Why a row is invalid.
enum Invalid {
    /// Its text should have been an address and is none.
    Unreadable(AddressKey, String),
    /// It is something else.
    Unfit(String),
}

impl Reader {
    /// Returns how many rows were read, and how many of them were invalid.
    fn read<R: BufRead>(
        mut self,
        mut rows: Rows<R>,
        sender: &mpsc::Sender<Batch>,
    ) -> anyhow::Result<(u64, u64)> {
        let (mut n_read, mut n_invalid) = (0, 0);
        let mut batch = Batch::default();
        loop {
            let row = match self.first.take() {
                Some(first) => first,
                None => match rows.next().context("cannot read the file to its end")? {
                    Some(row) => row,
                    None => break,
                },
            };
            n_read += 1;
            batch.rows += 1;
            match self.entries(&row) {
                Ok(entries) => batch.entries.extend(entries),
                Err(invalid) => {
                    n_invalid += 1;
                    let why = match invalid {
                        Invalid::Unreadable(key, why) => {
                            batch.unreadable.push(key);
                            why
                        }
                        Invalid::Unfit(why) => why,
                    };
                    let mut rejects = self.rejects.lock().unwrap_or_else(PoisonError::into_inner);
                    let added = rejects.add(row.line, &row.fields, &why);
                    added.context("cannot write the rejects file")?;
                }
            }
            if batch.entries.len() + batch.unreadable.len() >= BATCH_ROWS
                && sender.blocking_send(std::mem::take(&mut batch)).is_err()
            {
                // Nobody receives any more: the import has failed and says why.
                return Ok((n_read, n_invalid));
            }
        }
        let _ = sender.blocking_send(batch);
        Ok((n_read, n_invalid))
    }

    fn entries(&self, row: &Row) -> Result<Vec<ListRow>, Invalid> {
        let unfit = |why: &str| Invalid::Unfit(why.to_owned());
        if let Some(why) = &row.broken {
            return Err(unfit(why));
        }
        let text = row.fields.get(self.column).map_or("", String::as_str);
        let text = original(text.trim());
        let named = Named::parse(text, self.channel, &self.region).map_err(|why| {
            let is_said = text.chars().any(char::is_alphanumeric);
            if is_said {
                Invalid::Unreadable(self.keyer.raw_key(text), why)
            } else {
                Invalid::Unfit(why)
            }
        })?;
        let targets = match named {
            Named::Address(_) => named.targets(self.channel, &self.keyer),
            Named::Domain(_) => return Err(unfit("a domain is added with touchline suppress add")),
            Named::Person(_) => return Err(unfit("a person is added with touchline suppress add")),
        };
        if targets.is_empty() {
            return Err(unfit("this kind of address does not fit --channel"));
        }
        let rows = targets.into_iter().filter_map(|target| match target {
            Target::Address { key, channel, domain } => Some(ListRow { key, channel, domain }),
            Target::Topic { .. } | Target::Person(_) | Target::Domain(_) => None,
        });
        Ok(rows.collect())
    }
}

/// How many addresses were added, and how many texts are new in quarantine.
#[derive(Default)]
struct Stored {
    added: u64,
    quarantined: u64,
}

async fn store(
    mut batches: mpsc::Receiver<Batch>,
    database: &Database,
    words: &Arc<Words>,
    progress: &mut Progress,
) -> anyhow::Result<Stored> {
    let mut in_flight: VecDeque<JoinHandle<anyhow::Result<(u64, Stored)>>> = VecDeque::new();
    let (mut n_done, mut stored) = (0, Stored::default());
    loop {
        let batch = batches.recv().await;
        let is_last = batch.is_none();
        if let Some(batch) = batch {
            let (database, words) = (database.clone(), Arc::clone(words));
            in_flight.push_back(tokio::spawn(async move {
                Ok((batch.rows, store_batch(&database, &batch, &words).await?))
            }));
        }
        while in_flight.len() >= if is_last { 1 } else { IN_FLIGHT } {
            let Some(oldest) = in_flight.pop_front() else { break };
            let (rows, batch) = oldest.await.context("a batch has panicked")??;
            n_done += rows;
            stored.added += batch.added;
            stored.quarantined += batch.quarantined;
            progress.rows(n_done);
        }
        if is_last {
            return Ok(stored);
        }
    }
}

async fn store_batch(database: &Database, batch: &Batch, words: &Words) -> anyhow::Result<Stored> {
    let Words { reason, origin, actor, evidence } = words;
    let added =
        patiently(|| database.import_list(&batch.entries, *reason, *origin, actor, evidence));
    let added = added.await?;
    let quarantined = if batch.unreadable.is_empty() {
        0
    } else {
        patiently(|| database.quarantine(&batch.unreadable, *reason, actor, evidence)).await?
    };
    Ok(Stored { added, quarantined: u64::try_from(quarantined).unwrap_or(0) })
}
