//! Walks the chain from its beginning, page by page, and compares every row it speaks of.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::audit::{ChainHead, Fault, Operation};
use sha2::{Digest, Sha256};
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Row};

use super::{chain_head, guards, seals, sources};
use crate::words::word;
use crate::{Database, StorageError};

/// Links of a page at most; and how many rows they may speak of before the page is full.
const PAGE_LINKS: i64 = 2000;
const PAGE_ROWS: i64 = 20_000;

/// The first thing that is not as the chain says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The link; none where a row is there that no link speaks of.
    pub seq: Option<u64>,
    /// The table.
    pub table: String,
    /// The row, where it can be named: an id, or the touch of an event.
    pub row: Option<String>,
    /// What is wrong.
    pub fault: Fault,
    /// The same in words.
    pub detail: String,
}

/// How much was looked at, and what was found.
#[derive(Debug, Clone)]
pub struct Verification {
    /// The end of the chain when the walk began.
    pub head: ChainHead,
    /// Links whose hash was made again.
    pub links: u64,
    /// Rows that were compared, by table; of the gate's decisions those that are sealed.
    pub rows: BTreeMap<String, u64>,
    /// The gate's decisions that are not sealed yet.
    pub unsealed: u64,
    /// The oldest of them.
    pub oldest_unsealed: Option<DateTime<Utc>>,
    /// What is broken first, if anything.
    pub broken: Option<Broken>,
}

/// A link as far as it has to be checked.
pub(super) struct Checked {
    pub(super) seq: i64,
    pub(super) source: String,
    pub(super) operation: Operation,
    pub(super) row_count: i64,
    pub(super) digest: Vec<u8>,
    pub(super) marks: Option<Vec<u8>>,
    pub(super) range: Option<(DateTime<Utc>, DateTime<Utc>)>,
    hash: Vec<u8>,
    canonical: String,
}

/// Where the walk is.
pub(super) struct Walk {
    pub(super) checked: Verification,
    last: ChainHead,
    /// The end that somebody wrote down.
    known: Option<ChainHead>,
    /// Up to where the gate's decisions are sealed.
    pub(super) sealed_to: DateTime<Utc>,
    /// How many rows each table must have.
    pub(super) expected: BTreeMap<String, i64>,
}

impl Database {
    /// Makes the chain again, and the digests of all rows it speaks of, and says what is broken
    /// first. With `known`, an end that was written down earlier, it also sees whether the chain was
    /// cut off since. Takes one connection, little memory, and no lock.
    ///
    /// # Errors
    /// When the database does not answer, or the role may not read the tables.
    pub async fn verify_audit(
        &self,
        known: Option<ChainHead>,
    ) -> Result<Verification, StorageError> {
        self.link_audit().await?;
        let mut connection = self.pool().acquire().await?.detach();
        let row = sqlx::query(
            "SELECT h.seq, h.hash, (SELECT max(a.seq) FROM audit_log a) AS last FROM audit_head h",
        )
        .fetch_one(&mut connection)
        .await?;
        let head = chain_head(&row)?;
        let last: Option<i64> = row.try_get("last")?;
        let mut walk = Walk::from_the_beginning(head, known);
        let to = last.unwrap_or(0).max(i64::try_from(head.seq).unwrap_or(i64::MAX));
        let broken = walk.walk(&mut connection, to).await?;
        walk.checked.broken = match broken {
            Some(broken) => Some(broken),
            None => walk.beside_the_chain(&mut connection).await?,
        };
        let (unsealed, oldest) = seals::unsealed(&mut connection, walk.sealed_to).await?;
        walk.checked.unsealed = unsealed;
        walk.checked.oldest_unsealed = oldest;
        Ok(walk.checked)
    }
}

impl Walk {
    fn from_the_beginning(head: ChainHead, known: Option<ChainHead>) -> Self {
        Self {
            checked: Verification {
                head,
                links: 0,
                rows: BTreeMap::new(),
                unsealed: 0,
                oldest_unsealed: None,
                broken: None,
            },
            last: ChainHead { seq: 0, hash: [0; 32] },
            known,
            sealed_to: DateTime::UNIX_EPOCH,
            expected: BTreeMap::new(),
        }
    }

    async fn walk(
        &mut self,
        connection: &mut PgConnection,
        to: i64,
    ) -> Result<Option<Broken>, StorageError> {
        // Tables whose statistics are old would be read from end to end for every link.
        sqlx::query("SET enable_seqscan = off").execute(&mut *connection).await?;
        loop {
            let page = page(connection, self.last.seq, to).await?;
            let count = page.len();
            let (sound, chain) = self.follow(page);
            // The rows of the links before the break come first.
            let rows = sources::compare(connection, &sound).await?;
            let events = seals::compare(connection, &sound, &mut self.sealed_to).await?;
            let first = [rows, events, chain].into_iter().flatten().min_by_key(|own| own.seq);
            if first.is_some() {
                return Ok(first);
            }
            self.count(&sound);
            if count == 0 {
                sqlx::query("SET enable_seqscan = on").execute(&mut *connection).await?;
                return Ok(self.at_the_end());
            }
        }
    }

    /// Makes the hashes of a page again: the links up to the first that does not fit, and what is
    /// wrong with that one.
    fn follow(&mut self, page: Vec<Checked>) -> (Vec<Checked>, Option<Broken>) {
        let mut sound = Vec::with_capacity(page.len());
        for link in page {
            let expected = self.last.seq + 1;
            if link.seq.unsigned_abs() != expected {
                return (sound, Some(self.gone(expected)));
            }
            let mut digest = Sha256::new();
            digest.update(self.last.hash);
            digest.update(link.canonical.as_bytes());
            let hash: [u8; 32] = digest.finalize().into();
            if link.hash != hash {
                let detail = format!(
                    "link {expected} does not follow from link {}: it, or its hash, was changed",
                    self.last.seq
                );
                return (sound, Some(of_chain(Some(expected), Fault::Changed, detail)));
            }
            self.last = ChainHead { seq: expected, hash };
            self.checked.links = expected;
            if let Some(known) = self.known.filter(|known| known.seq == expected)
                && known.hash != hash
            {
                let detail = format!(
                    "link {expected} is not the one that was written down: the chain was made anew"
                );
                return (sound, Some(of_chain(Some(expected), Fault::Changed, detail)));
            }
            sound.push(link);
        }
        (sound, None)
    }

    fn gone(&self, seq: u64) -> Broken {
        let detail = format!("link {seq} is missing; the one before it is {}", self.last.seq);
        of_chain(Some(seq), Fault::Removed, detail)
    }

    fn count(&mut self, sound: &[Checked]) {
        for link in sound {
            let expected = self.expected.entry(link.source.clone()).or_default();
            let rows = self.checked.rows.entry(link.source.clone()).or_default();
            match link.operation {
                Operation::Insert => *expected += link.row_count,
                Operation::Delete => *expected -= link.row_count,
                Operation::Join | Operation::Update | Operation::Seal => {}
            }
            *rows += link.row_count.unsigned_abs();
        }
    }

    /// Whether the chain ends where the database, and whoever wrote it down, say.
    fn at_the_end(&self) -> Option<Broken> {
        let (head, last) = (self.checked.head, self.last);
        if last.seq < head.seq {
            return Some(self.gone(last.seq + 1));
        }
        if last != head {
            let detail = format!("the chain goes on to link {} after its end {head}", last.seq);
            return Some(of_chain(Some(head.seq + 1), Fault::Inserted, detail));
        }
        let known = self.known.filter(|known| known.seq > last.seq)?;
        let detail = format!(
            "link {} is missing: the chain ends with link {}, and went on to {} when its end was \
             written down",
            last.seq + 1,
            last.seq,
            known.seq
        );
        Some(of_chain(Some(last.seq + 1), Fault::Removed, detail))
    }

    async fn beside_the_chain(
        &self,
        connection: &mut PgConnection,
    ) -> Result<Option<Broken>, StorageError> {
        let names: Vec<&str> = self.expected.keys().map(String::as_str).collect();
        let tables: Vec<&str> =
            names.iter().copied().filter(|name| *name != seals::EVENTS).collect();
        if let Some(broken) = sources::unspoken_of(connection, &tables).await? {
            return Ok(Some(broken));
        }
        guards::missing(connection, &tables).await
    }
}

async fn page(
    connection: &mut PgConnection,
    after: u64,
    to: i64,
) -> Result<Vec<Checked>, StorageError> {
    let rows = sqlx::query(AssertSqlSafe(include_str!("../sql/audit_page.sql")))
        .bind(i64::try_from(after).unwrap_or(i64::MAX))
        .bind(to)
        .bind(PAGE_LINKS)
        .bind(PAGE_ROWS)
        .fetch_all(connection)
        .await?;
    rows.iter().map(checked).collect()
}

fn checked(row: &PgRow) -> Result<Checked, StorageError> {
    let from: Option<DateTime<Utc>> = row.try_get("range_from")?;
    let to: Option<DateTime<Utc>> = row.try_get("range_to")?;
    Ok(Checked {
        seq: row.try_get("seq")?,
        source: row.try_get("source")?,
        operation: word(row, "operation")?,
        row_count: row.try_get("row_count")?,
        digest: row.try_get("digest")?,
        marks: row.try_get("row_marks")?,
        range: from.zip(to),
        hash: row.try_get("hash")?,
        canonical: row.try_get("canonical")?,
    })
}

pub(super) fn of_chain(seq: Option<u64>, fault: Fault, detail: String) -> Broken {
    Broken { seq, table: "audit_log".to_owned(), row: None, fault, detail }
}
