//! `touchline registry import`: a list is accepted as a whole, or refused with the one before in
//! force (compliance.md CALL-07, CALL-08, V-10).

use std::io::{BufRead, Read};
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Args;
use domain::clock::timestamp;
use domain::registry::{AreaCode, ChangeLayout, LineCounts, LoadKind, Registry};
use jiff::civil::Date;
use office::imports::Come;
use office::intake::encoding::{Encoding, Source};
use serde::Serialize;
use storage::registries::{ChangeList, Coverage, FullList, Loaded, NewLoad};

use crate::connect::Session;
use crate::error::usage;
use crate::progress::Progress;

/// No line of a list is longer; what is, is taken in pieces, which are no numbers.
const LONGEST_LINE: u64 = 4096;
/// Lines between two looks at the progress.
const LINES_PER_LOOK: u64 = 100_000;

/// What to load.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The file as it was downloaded, out of its ZIP archive.
    file: PathBuf,
    /// Which registry it is from: us-national or ae-dncr.
    #[arg(long)]
    registry: Registry,
    /// The day the data is of, as YYYY-MM-DD; its age is counted from here.
    #[arg(long, value_name = "DATE")]
    date: Date,
    /// The file holds additions and deletions since the version in force.
    #[arg(long, requires = "columns")]
    change_list: bool,
    /// The columns of a change list in their order: area_code, number, action=ADDED/DELETED, and
    /// - for one that does not matter; e.g. area_code,number,-,action=A/D.
    #[arg(long, value_name = "COLUMNS", requires = "change_list", allow_hyphen_values = true)]
    columns: Option<ChangeLayout>,
    /// The list speaks for these area codes alone; the others keep their data and its age.
    #[arg(long, value_name = "CODE,…", value_delimiter = ',')]
    area_code: Vec<AreaCode>,
    /// Take in area codes that were not subscribed before.
    #[arg(long, conflicts_with = "area_code")]
    new_area_codes: bool,
    /// The subscription account number the list was got under.
    #[arg(long, value_name = "NUMBER")]
    account: Option<String>,
    /// Who loads it.
    #[arg(long, default_value = "command line")]
    actor: String,
}

#[derive(Debug, Serialize)]
struct Answer {
    registry: Registry,
    kind: LoadKind,
    load: String,
    version_date: String,
    #[serde(flatten)]
    counts: LineCounts,
    area_codes: usize,
    entries: u64,
    entries_before: u64,
    bytes_written: u64,
    seconds: f64,
}

/// A list on its way from the file.
enum List {
    Full(FullList),
    Change(ChangeList),
}

impl List {
    fn line(&mut self, line: &[u8]) -> anyhow::Result<()> {
        match self {
            Self::Full(list) => list.line(line),
            Self::Change(list) => list.line(line)?,
        }
        Ok(())
    }

    const fn counts(&self) -> LineCounts {
        match self {
            Self::Full(list) => list.counts(),
            Self::Change(list) => list.counts(),
        }
    }

    const fn kind(&self) -> LoadKind {
        match self {
            Self::Full(_) => LoadKind::Full,
            Self::Change(_) => LoadKind::Change,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// A file that cannot be read, a list that is refused, or a database that does not answer.
pub async fn run(arguments: Arguments, session: &Session) -> anyhow::Result<()> {
    let registry = arguments.registry;
    let coverage = coverage(&arguments)?;
    let connection = session.connect().await?;
    let list = match arguments.columns {
        Some(layout) => List::Change(ChangeList::new(registry, layout)),
        None => List::Full(FullList::new(registry)),
    };
    let file = arguments.file.clone();
    let reading = tokio::task::spawn_blocking(move || read(&file, registry, list));
    let (list, elapsed) = reading.await.context("the reader has panicked")??;
    let name = arguments.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let load = NewLoad {
        version_date: arguments.date,
        coverage,
        source_name: name,
        account: arguments.account,
        actor: arguments.actor,
        now: timestamp(session.clock()?.now()),
    };
    let (counts, kind) = (list.counts(), list.kind());
    let loaded = match list {
        List::Full(list) => connection.database.load_full_list(&load, list).await,
        List::Change(list) => connection.database.load_change_list(&load, list).await,
    };
    let Loaded { id, areas, entries, entries_before, bytes_written } = loaded?;
    let answer = Answer {
        registry,
        kind,
        load: id.to_string(),
        version_date: load.version_date.to_string(),
        counts,
        area_codes: areas,
        entries,
        entries_before,
        bytes_written,
        seconds: elapsed.as_secs_f64(),
    };
    session.output.object(&answer, for_people)?;
    Ok(())
}

fn coverage(arguments: &Arguments) -> anyhow::Result<Coverage> {
    let is_narrowed = !arguments.area_code.is_empty() || arguments.new_area_codes;
    if is_narrowed && !arguments.registry.is_licensed_by_area() {
        let registry = arguments.registry;
        return Err(usage(format!("a list of {registry} speaks for the whole country")));
    }
    Ok(match (arguments.area_code.as_slice(), arguments.new_area_codes) {
        ([], false) => Coverage::Subscribed,
        ([], true) => Coverage::SubscribedAndNew,
        (areas, _) => Coverage::Named(areas.iter().copied().collect()),
    })
}

/// Reads the file to its end.
fn read(
    path: &std::path::Path,
    registry: Registry,
    mut list: List,
) -> anyhow::Result<(List, Duration)> {
    // An upload may come from anywhere; the United States publish digits and commas.
    let encoding = match registry {
        Registry::UsNational => Encoding::Utf8,
        Registry::AeDncr => Encoding::Auto,
    };
    let text = Source::Path(path.to_owned())
        .open(encoding)
        .with_context(|| format!("cannot read {}", path.display()))?;
    let (started, mut progress) = (Instant::now(), Progress::default());
    let mut show = |rows| {
        let bytes = text.read.load(Ordering::Relaxed);
        progress.show(Come { rows, bytes, of_bytes: text.bytes });
    };
    show(0);
    let mut reader = text.reader;
    let mut line = Vec::new();
    let mut n_read = 0_u64;
    while reader
        .by_ref()
        .take(LONGEST_LINE)
        .read_until(b'\n', &mut line)
        .with_context(|| format!("cannot read {} to its end", path.display()))?
        > 0
    {
        list.line(&line)?;
        line.clear();
        n_read += 1;
        if n_read.is_multiple_of(LINES_PER_LOOK) {
            show(n_read);
        }
    }
    progress.finish();
    Ok((list, started.elapsed()))
}

fn for_people(answer: &Answer) -> String {
    let Answer { registry, kind, version_date, counts, area_codes, entries, .. } = answer;
    let LineCounts { lines, malformed, duplicates } = counts;
    let of = if registry.is_licensed_by_area() {
        format!("{area_codes} area codes")
    } else {
        "the whole country".to_owned()
    };
    let what = match kind {
        LoadKind::Full => "full list",
        LoadKind::Change => "change list",
    };
    format!(
        "{registry}: the {what} of {version_date} is in force for {of}\n\
         {entries} numbers, {} before; {lines} lines, {malformed} of them no numbers, {duplicates} \
         duplicates\n\
         {:.1} s; load {}",
        answer.entries_before, answer.seconds, answer.load
    )
}
