//! Putting a file of addresses on the list, one per line or a column of a CSV file. Every row ends
//! as added, already there, or invalid with a reason (compliance.md SUP-20). The text of an invalid
//! one goes into quarantine, and holds contacts that have the same (SUP-21).

mod storing;

use std::io::BufRead;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use domain::suppression::{Origin, SuppressionReason};
use domain::{AddressKey, AddressKeyer, ContactChannel, TouchId};
use storage::suppressions::{ListRow, Target};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc};

use super::file::finish;
use super::{Come, File, Pace, Unusable};
use crate::Connection;
use crate::addresses::Named;
use crate::intake::columns::{Field, field_named, folded};
use crate::intake::rejects::{Rejects, original};
use crate::intake::rows::{Row, Rows};

use storing::{Run, Stored, Words, store};

/// Entries that are sorted together. Keys are random: entries in their order share the pages of the
/// indexes, and neighbours are written with one statement.
const RUN_ENTRIES: usize = 500_000;
/// Runs in memory: one that is read, one that is stored.
const RUNS: usize = 2;
/// Rows that are parsed at the same time, in equal parts on each core.
const PARSED_TOGETHER: usize = 8_000;
/// Parts of them at most.
const MOST_PARSERS: usize = 4;

/// What to import.
#[derive(Debug, Clone)]
pub struct Import {
    /// The file: one address per line, or CSV with a header row.
    pub file: File,
    /// Why they are on the list.
    pub reason: SuppressionReason,
    /// The column that holds the addresses, where its name does not say so.
    pub column: Option<String>,
    /// Only this channel.
    pub channel: Option<ContactChannel>,
    /// The country of phone numbers without a country code.
    pub region: String,
    /// Who asked.
    pub origin: Origin,
    /// Who enters them.
    pub actor: String,
    /// What proves it; the file's name when not given.
    pub evidence: Option<String>,
    /// Where invalid rows are written; a file of an earlier run is removed.
    pub rejects: PathBuf,
    /// How long to wait, at the end, for what is being handed over at this moment.
    pub patience: Duration,
}

/// What came of it; `rows` is the sum of added, already and invalid.
#[derive(Debug, Clone)]
pub struct Imported {
    /// Rows of the file.
    pub rows: u64,
    /// New on the list.
    pub added: u64,
    /// On the list already, or twice in the file.
    pub already: u64,
    /// No addresses.
    pub invalid: u64,
    /// Of the invalid ones, texts that are new in quarantine.
    pub quarantined: u64,
    /// Where the invalid rows are, if there are any.
    pub rejects: Option<PathBuf>,
    /// Touches that were still being handed over when patience ended; empty means "clear".
    pub in_flight: Vec<TouchId>,
    /// How long it took, without the wait at the end.
    pub elapsed: Duration,
}

/// Puts the addresses of a file on the list. `progress` is told how far it has come.
///
/// # Errors
/// [`Unusable`] for a file or header that cannot be used; a file that cannot be read, a database
/// that stays away.
pub async fn import(
    import: Import,
    connection: &Connection,
    progress: &mut (dyn FnMut(Come) + Send),
) -> anyhow::Result<Imported> {
    let text = import.file.open()?;
    let mut pace = Pace::of(&text, progress);
    let (first, rows) = import.file.rows(text.reader, false)?;
    let (column, first) = column(import.column.as_deref(), first, &import.region, import.channel)?;
    let rejects = import.file.rejects(import.rejects, &[])?;
    let reader = Reader {
        column,
        first,
        region: import.region,
        channel: import.channel,
        keyer: connection.keyer.clone(),
        rejects: Arc::clone(&rejects),
    };
    let words = Arc::new(Words {
        reason: import.reason,
        origin: import.origin,
        actor: import.actor,
        evidence: import.evidence.unwrap_or_else(|| import.file.source.name()),
    });
    let (sender, runs) = mpsc::channel(1);
    let reading = tokio::task::spawn_blocking(move || reader.read(rows, &sender));
    let Stored { added, quarantined } =
        store(runs, &connection.database, &words, &mut pace).await?;
    let (rows, invalid) = reading.await.context("the reader has panicked")??;
    let elapsed = pace.elapsed();
    let in_flight = connection.database.drain_list(import.patience).await?;
    Ok(Imported {
        rows,
        added,
        already: rows - invalid - added,
        invalid,
        quarantined,
        rejects: finish(rejects)?,
        in_flight,
        elapsed,
    })
}

/// Which column holds the addresses; and the first row, when it is no header.
pub(super) fn column(
    asked: Option<&str>,
    first: Row,
    region: &str,
    channel: Option<ContactChannel>,
) -> Result<(usize, Option<Row>), Unusable> {
    let names: Vec<String> = first.fields.iter().map(|name| folded(name)).collect();
    if let Some(asked) = asked {
        let position = names.iter().position(|name| *name == folded(asked));
        let position = position.ok_or_else(|| Unusable::NoSuchColumn {
            asked: asked.to_owned(),
            has: first.fields.clone(),
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
        _ => Err(Unusable::WhichColumn { has: first.fields }),
    }
}

/// An empty run, once there is room for it.
fn empty_run(rooms: &Arc<Semaphore>) -> anyhow::Result<Run> {
    let room = Handle::current().block_on(Arc::clone(rooms).acquire_owned());
    let room = room.context("the import has ended")?;
    Ok(Run::with_room_for(RUN_ENTRIES + 2 * PARSED_TOGETHER, room))
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

/// Why a row is invalid.
enum Invalid {
    /// Its text should have been an address and is none.
    Unreadable(AddressKey, String),
    /// It is something else.
    Unfit(String),
}

/// What a part of the rows amounts to.
struct Parsed<'a> {
    entries: Vec<ListRow>,
    invalid: Vec<(&'a Row, Invalid)>,
}

impl Reader {
    /// Returns how many rows were read, and how many of them were invalid.
    fn read<R: BufRead>(
        mut self,
        mut rows: Rows<R>,
        sender: &mpsc::Sender<Run>,
    ) -> anyhow::Result<(u64, u64)> {
        let (mut n_read, mut n_invalid) = (0, 0);
        let rooms = Arc::new(Semaphore::new(RUNS));
        let mut run = empty_run(&rooms)?;
        let mut together: Vec<Row> = self.first.take().into_iter().collect();
        loop {
            while together.len() < PARSED_TOGETHER
                && let Some(row) = rows.next_row().context("cannot read the file to its end")?
            {
                together.push(row);
            }
            if together.is_empty() {
                break;
            }
            n_read += together.len() as u64;
            n_invalid += self.parse(&together, &mut run)?;
            together.clear();
            if run.entries.len() + run.unreadable.len() >= RUN_ENTRIES {
                if sender.blocking_send(run).is_err() {
                    // Nobody receives any more: the import has failed and says why.
                    return Ok((n_read, n_invalid));
                }
                run = empty_run(&rooms)?;
            }
        }
        let _ = sender.blocking_send(run);
        Ok((n_read, n_invalid))
    }

    /// Adds rows to a run. Returns how many were invalid.
    fn parse(&self, rows: &[Row], run: &mut Run) -> anyhow::Result<u64> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let part = rows.len().div_ceil(cores.min(MOST_PARSERS)).max(1);
        let parsed: Vec<_> = std::thread::scope(|scope| {
            let parts = rows.chunks(part);
            let threads: Vec<_> = parts.map(|part| scope.spawn(|| self.parsed(part))).collect();
            threads.into_iter().map(std::thread::ScopedJoinHandle::join).collect()
        });
        let mut n_invalid = 0;
        for parsed in parsed {
            let Ok(Parsed { entries, invalid }) = parsed else {
                anyhow::bail!("a parser has panicked")
            };
            run.entries.extend(entries);
            n_invalid += invalid.len() as u64;
            for (row, invalid) in invalid {
                self.reject(row, invalid, run)?;
            }
        }
        run.rows += rows.len() as u64;
        Ok(n_invalid)
    }

    fn parsed<'a>(&self, rows: &'a [Row]) -> Parsed<'a> {
        // A number is two entries.
        let entries = Vec::with_capacity(2 * rows.len());
        let mut parsed = Parsed { entries, invalid: Vec::new() };
        for row in rows {
            match self.entries(row) {
                Ok(entries) => parsed.entries.extend(entries),
                Err(invalid) => parsed.invalid.push((row, invalid)),
            }
        }
        parsed
    }

    fn reject(&self, row: &Row, invalid: Invalid, run: &mut Run) -> anyhow::Result<()> {
        let why = match invalid {
            Invalid::Unreadable(key, why) => {
                run.unreadable.push(key);
                why
            }
            Invalid::Unfit(why) => why,
        };
        let mut rejects = self.rejects.lock().unwrap_or_else(PoisonError::into_inner);
        rejects.add(row.line, &row.fields, &why).context("cannot write the rejects file")
    }

    fn entries(&self, row: &Row) -> Result<impl Iterator<Item = ListRow> + use<>, Invalid> {
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
        Ok(targets.into_iter().filter_map(|target| match target {
            Target::Address { key, channel, domain } => Some(ListRow { key, channel, domain }),
            Target::Topic { .. } | Target::Person(_) | Target::Domain(_) => None,
        }))
    }
}
