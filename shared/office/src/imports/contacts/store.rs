//! The writing side of an import: a few batches at a time, none of which share an identity.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use domain::Locale;
use storage::agents::NamedAgent;
use storage::contacts::{ImportRun, Imported, NewContact};
use storage::{Database, StorageError};
use tokio::task::JoinHandle;

use super::feed::{Batch, Candidate, Feed};
use super::lawful::Lawful;
use super::{Counts, Storing};
use crate::Connection;
use crate::imports::progress::Pace;
use crate::intake::contact::Owner;
use crate::intake::rejects::Rejects;
use crate::patience::patiently;

/// Batches on their way at the same time.
const IN_FLIGHT: usize = 3;

/// Why a row is refused whose address was erased; which one, and whose, is not said.
const PREVIOUSLY_ERASED: &str = "previously erased";

/// A batch on its way.
struct InFlight {
    identities: HashSet<u64>,
    done: JoinHandle<anyhow::Result<Counts>>,
}

/// What a batch is stored with.
#[derive(Clone)]
struct Store {
    connection: Connection,
    run: ImportRun,
    rejects: Arc<Mutex<Rejects>>,
    locale: Locale,
    lawful: Lawful,
}

/// Stores everything the feed brings.
///
/// # Errors
/// When the database stays away.
pub async fn store(
    feed: &mut Feed,
    storing: &Storing,
    rejects: &Arc<Mutex<Rejects>>,
    pace: &mut Pace<'_>,
) -> anyhow::Result<Counts> {
    let Storing { connection, team, rules, now } = storing;
    let store = Store {
        connection: connection.clone(),
        run: connection.database.begin_import().await?,
        rejects: Arc::clone(rejects),
        locale: team.default_locale,
        lawful: Lawful {
            rules: Arc::clone(rules),
            fallback_zone: team.default_time_zone.clone(),
            now: *now,
        },
    };
    let mut known_owners = HashSet::new();
    let mut in_flight: VecDeque<InFlight> = VecDeque::new();
    let mut counts = Counts::default();
    while let Some(mut batch) = feed.next().await {
        store.owners(&mut known_owners, &batch.rows).await?;
        let identities = std::mem::take(&mut batch.identities);
        while in_flight.len() >= IN_FLIGHT
            || in_flight.iter().any(|other| !other.identities.is_disjoint(&identities))
        {
            finish_oldest(&mut in_flight, &mut counts).await?;
            pace.rows(counts.rows);
        }
        let store = store.clone();
        let done = tokio::spawn(async move { store.batch(batch).await });
        in_flight.push_back(InFlight { identities, done });
    }
    while !in_flight.is_empty() {
        finish_oldest(&mut in_flight, &mut counts).await?;
    }
    Ok(counts)
}

async fn finish_oldest(
    in_flight: &mut VecDeque<InFlight>,
    counts: &mut Counts,
) -> anyhow::Result<()> {
    let Some(oldest) = in_flight.pop_front() else { return Ok(()) };
    let done = oldest.done.await.context("a batch has panicked")??;
    counts.rows += done.rows;
    counts.added += done.added;
    counts.updated += done.updated;
    counts.unchanged += done.unchanged;
    counts.rejected += done.rejected;
    counts.without_basis.email += done.without_basis.email;
    counts.without_basis.sms += done.without_basis.sms;
    Ok(())
}

impl Store {
    /// Stores the agents that have not been met yet in this run.
    async fn owners(
        &self,
        known: &mut HashSet<Owner>,
        rows: &[Candidate],
    ) -> Result<(), StorageError> {
        let mut agents: Vec<NamedAgent> = Vec::new();
        for owner in rows.iter().filter_map(|row| row.owner.as_ref()) {
            if known.insert(owner.clone()) {
                // One statement names an agent once; the last row counts.
                agents.retain(|agent| agent.email != owner.email);
                agents.push(NamedAgent {
                    email: owner.email.clone(),
                    name: owner.name.clone(),
                    phone: owner.phone.clone(),
                });
            }
        }
        if agents.is_empty() {
            return Ok(());
        }
        patiently(|| self.database().name_agents(&agents, self.locale)).await
    }

    async fn batch(&self, batch: Batch) -> anyhow::Result<Counts> {
        let mut counts = Counts { rows: batch.rows.len() as u64, ..Counts::default() };
        match self.import(&batch.contacts).await {
            Ok(imported) => {
                self.tell(&batch, &imported, &mut counts)?;
                counts.without_basis =
                    self.lawful.without_basis(self.database(), &batch.contacts, &imported).await?;
            }
            Err(error) if error.is_unavailable() => return Err(error.into()),
            // Something in one of the rows is refused: each for itself then.
            Err(_) => {
                for (row, contact) in batch.rows.iter().zip(&batch.contacts) {
                    match self.import(std::slice::from_ref(contact)).await {
                        Ok(imported) => self.count(row, imported.first(), &mut counts)?,
                        Err(error) if error.is_unavailable() => return Err(error.into()),
                        Err(error) => {
                            counts.rejected += 1;
                            self.reject(row, &error.to_string())?;
                        }
                    }
                }
            }
        }
        Ok(counts)
    }

    async fn import(&self, contacts: &[NewContact]) -> Result<Vec<Imported>, StorageError> {
        let keyer = &self.connection.keyer;
        patiently(|| self.database().import_rows(self.run, keyer, contacts)).await
    }

    fn tell(
        &self,
        batch: &Batch,
        imported: &[Imported],
        counts: &mut Counts,
    ) -> anyhow::Result<()> {
        let mut rows = batch.rows.iter().zip(imported);
        rows.try_for_each(|(row, imported)| self.count(row, Some(imported), counts))
    }

    fn count(
        &self,
        row: &Candidate,
        imported: Option<&Imported>,
        counts: &mut Counts,
    ) -> anyhow::Result<()> {
        match imported {
            Some(Imported::Added(_)) => counts.added += 1,
            Some(Imported::Updated(_)) => counts.updated += 1,
            Some(Imported::Unchanged(_)) => counts.unchanged += 1,
            Some(Imported::Erased) => {
                counts.rejected += 1;
                self.reject(row, PREVIOUSLY_ERASED)?;
            }
            None => {}
        }
        Ok(())
    }

    fn reject(&self, row: &Candidate, why: &str) -> anyhow::Result<()> {
        let mut rejects = self.rejects.lock().unwrap_or_else(PoisonError::into_inner);
        let added = rejects.add(row.line, &row.fields, why);
        added.context("cannot write the rejects file")
    }

    const fn database(&self) -> &Database {
        &self.connection.database
    }
}
