//! The reading side of an import: a thread that turns rows into batches of contacts.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::BufRead;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use storage::contacts::NewContact;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::intake::contact::{Owner, Reading};
use crate::intake::rejects::Rejects;
use crate::intake::rows::{Row, Rows};

/// Contacts stored with one statement.
const BATCH_ROWS: usize = 500;
/// Batches that wait for the database.
const WAITING_BATCHES: usize = 1;

/// A row that can be imported.
#[derive(Debug)]
pub struct Candidate {
    /// Where it stands.
    pub line: u64,
    /// As it stands there, for the rejects file.
    pub fields: Vec<String>,
    /// The agent it names.
    pub owner: Option<Owner>,
}

/// Rows on their way to the database.
#[derive(Debug, Default)]
pub struct Batch {
    /// Where the contacts come from.
    pub rows: Vec<Candidate>,
    /// The contacts, in the order of the rows.
    pub contacts: Vec<NewContact>,
    /// Hashes of whatever a contact can be known by.
    pub identities: HashSet<u64>,
}

/// The batches of a file, read by a thread of their own.
pub struct Feed {
    batches: mpsc::Receiver<Batch>,
    reader: JoinHandle<anyhow::Result<(u64, u64)>>,
}

impl Feed {
    /// Begins to read. Rows that cannot be used go to `rejects`.
    pub fn start<R: BufRead + Send + 'static>(
        rows: Rows<R>,
        reading: Reading,
        rejects: Arc<Mutex<Rejects>>,
    ) -> Self {
        let (sender, batches) = mpsc::channel(WAITING_BATCHES);
        let reader = tokio::task::spawn_blocking(move || read(rows, &reading, &rejects, &sender));
        Self { batches, reader }
    }

    /// The next batch, until there are no more.
    pub async fn next(&mut self) -> Option<Batch> {
        self.batches.recv().await
    }

    /// Waits for the reader; returns how many rows it read and refused.
    ///
    /// # Errors
    /// When the file could not be read to its end, or the rejects not be written.
    pub async fn finish(mut self) -> anyhow::Result<(u64, u64)> {
        self.batches.close();
        while self.batches.recv().await.is_some() {}
        self.reader.await.context("the reader has panicked")?
    }
}

fn read<R: BufRead>(
    mut rows: Rows<R>,
    reading: &Reading,
    rejects: &Mutex<Rejects>,
    sender: &mpsc::Sender<Batch>,
) -> anyhow::Result<(u64, u64)> {
    let (mut n_read, mut n_refused) = (0, 0);
    let mut batch = Batch::default();
    while let Some(row) = rows.next_row().context("cannot read the file to its end")? {
        n_read += 1;
        let Row { line, fields, broken } = row;
        let contact = match broken {
            Some(why) => Err(why),
            None => reading.contact(&fields),
        };
        match contact {
            Ok((contact, owner)) => batch.add(Candidate { line, fields, owner }, contact),
            Err(why) => {
                n_refused += 1;
                let mut rejects = rejects.lock().unwrap_or_else(PoisonError::into_inner);
                rejects.add(line, &fields, &why).context("cannot write the rejects file")?;
            }
        }
        if batch.rows.len() >= BATCH_ROWS {
            // Nobody receives any more: the import has failed and says why.
            if sender.blocking_send(std::mem::take(&mut batch)).is_err() {
                return Ok((n_read, n_refused));
            }
        }
    }
    if !batch.rows.is_empty() {
        let _ = sender.blocking_send(batch);
    }
    Ok((n_read, n_refused))
}

impl Batch {
    fn add(&mut self, row: Candidate, contact: NewContact) {
        if let Some(id) = &contact.external_id {
            self.identities.insert(hash(&("id", id)));
        }
        for address in &contact.addresses {
            self.identities.insert(hash(&(address.kind, &address.normalised)));
        }
        self.rows.push(row);
        self.contacts.push(contact);
    }
}

fn hash(identity: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    identity.hash(&mut hasher);
    hasher.finish()
}
