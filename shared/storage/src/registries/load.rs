//! Accepting a list: all of it in one transaction, or nothing, with the version before in force.

use std::collections::{BTreeMap, BTreeSet};

use domain::RegistryLoadId;
use domain::registry::{
    AreaCode, LineCounts, ListRefused, LoadKind, Registry, accept_date, accept_size,
};
use jiff::Timestamp;
use jiff::civil::Date;
use roaring::RoaringBitmap;
use sha2::{Digest, Sha256};
use sqlx::{PgConnection, Postgres, Transaction};

use super::list::{ChangeList, FullList};
use super::{AreaVersion, areas_in_force, lookup, stored_area_code};
use crate::outcomes::column;
use crate::words::to_chrono;
use crate::{Database, StorageError};

/// Advisory lock: one load at a time.
const LOAD_LOCK: i64 = 7_310_984;

/// Which area codes a list speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Coverage {
    /// Those that were loaded before; the first list brings its own.
    Subscribed,
    /// Those, and whichever else it has numbers of.
    SubscribedAndNew,
    /// Exactly these; the others keep what they have, and its age.
    Named(BTreeSet<AreaCode>),
}

/// What is said of a list besides its lines.
#[derive(Debug, Clone)]
pub struct NewLoad {
    /// The day the data is of.
    pub version_date: Date,
    /// Which area codes it speaks for; without meaning for a registry of a whole country.
    pub coverage: Coverage,
    /// The name of the file.
    pub source_name: String,
    /// The subscription account number the data was got under.
    pub account: Option<String>,
    /// Who loads it.
    pub actor: String,
    /// Business time.
    pub now: Timestamp,
}

/// A list that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The load.
    pub id: RegistryLoadId,
    /// How many area codes it speaks for.
    pub areas: usize,
    /// How many numbers they have now.
    pub entries: u64,
    /// How many they had before.
    pub entries_before: u64,
    /// Bytes of the bitmaps that were written.
    pub bytes_written: u64,
}

/// Why a list was not loaded; whatever was in force still is.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A rule says no.
    #[error(transparent)]
    Refused(#[from] ListRefused),
    /// Another load holds the lock.
    #[error("another list is being loaded at this moment; try again when that has ended")]
    Busy,
    /// The database.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<sqlx::Error> for LoadError {
    fn from(error: sqlx::Error) -> Self {
        Self::Storage(error.into())
    }
}

impl Database {
    /// Puts a full list in force. Not to be cancelled half-way.
    ///
    /// # Errors
    /// When a rule refuses it (compliance.md CALL-07, V-10), or the database does not answer.
    pub async fn load_full_list(
        &self,
        load: &NewLoad,
        mut list: FullList,
    ) -> Result<Loaded, LoadError> {
        list.counts().accept()?;
        let mut writing = Writing::begin(self, list.registry).await?;
        let written = writing.full_list(load, &mut list).await;
        let counts = list.counts();
        writing.end(written, load, LoadKind::Full, counts, list.source).await
    }

    /// Applies a change list to the numbers in force. Not to be cancelled half-way.
    ///
    /// # Errors
    /// As of [`Database::load_full_list`], and when there is nothing to change.
    pub async fn load_change_list(
        &self,
        load: &NewLoad,
        mut list: ChangeList,
    ) -> Result<Loaded, LoadError> {
        let mut writing = Writing::begin(self, list.registry).await?;
        let written = writing.change_list(load, &mut list).await;
        let counts = list.counts();
        writing.end(written, load, LoadKind::Change, counts, list.source).await
    }
}

/// A load on its way, in one transaction under the lock.
struct Writing {
    tx: Transaction<'static, Postgres>,
    registry: Registry,
    in_force: BTreeMap<AreaCode, AreaVersion>,
    areas: Vec<(AreaCode, u64, Vec<u8>)>,
    entries_before: u64,
    bytes_written: u64,
}

impl Writing {
    async fn begin(database: &Database, registry: Registry) -> Result<Self, LoadError> {
        let mut tx = database.pool().begin().await?;
        let is_ours: bool = sqlx::query_scalar("SELECT pg_try_advisory_xact_lock($1)")
            .bind(LOAD_LOCK)
            .fetch_one(&mut *tx)
            .await?;
        if !is_ours {
            tx.rollback().await?;
            return Err(LoadError::Busy);
        }
        let in_force = areas_in_force(&mut tx, registry).await?;
        Ok(Self { tx, registry, in_force, areas: Vec::new(), entries_before: 0, bytes_written: 0 })
    }

    async fn full_list(&mut self, load: &NewLoad, list: &mut FullList) -> Result<(), LoadError> {
        let found = list.numbers.sizes();
        let covered = covered(self.registry, &load.coverage, &self.in_force, &found)?;
        accept_areas(self.registry, &covered, &found)?;
        self.accept(load, &covered, found.values().sum())?;
        for area in covered {
            self.area(area, list.numbers.take(area)).await?;
        }
        Ok(())
    }

    async fn change_list(
        &mut self,
        load: &NewLoad,
        list: &mut ChangeList,
    ) -> Result<(), LoadError> {
        if self.in_force.is_empty() {
            return Err(ListRefused::NothingToChange.into());
        }
        let mut touched = list.added.sizes();
        touched.extend(list.deleted.sizes());
        let covered = covered(self.registry, &load.coverage, &self.in_force, &touched)?;
        let mut changed = BTreeMap::new();
        let mut entries = 0;
        for area in &covered {
            let before = self.in_force.get(area);
            if !touched.contains_key(area) {
                entries += before.map_or(0, |version| version.entries);
                continue;
            }
            let mut numbers = match before {
                Some(version) => lookup::bitmap(&mut self.tx, &version.bitmap_hash).await?,
                None => RoaringBitmap::new(),
            };
            numbers -= list.deleted.take(*area);
            numbers |= list.added.take(*area);
            entries += numbers.len();
            changed.insert(*area, numbers);
        }
        self.accept(load, &covered, entries)?;
        for area in covered {
            match changed.remove(&area) {
                Some(numbers) => self.area(area, numbers).await?,
                None => self.same_as_before(area),
            }
        }
        Ok(())
    }

    /// The rules about a list as a whole.
    fn accept(
        &mut self,
        load: &NewLoad,
        covered: &BTreeSet<AreaCode>,
        entries: u64,
    ) -> Result<(), ListRefused> {
        let before = || covered.iter().filter_map(|area| self.in_force.get(area));
        let newest = before().map(|version| version.version_date).max();
        self.entries_before = before().map(|version| version.entries).sum();
        accept_date(self.registry, load.version_date, newest, load.now)?;
        accept_size(self.entries_before, entries)
    }

    /// Writes the numbers of an area code.
    async fn area(&mut self, area: AreaCode, mut numbers: RoaringBitmap) -> Result<(), LoadError> {
        numbers.optimize();
        let mut bytes = Vec::with_capacity(numbers.serialized_size());
        numbers
            .serialize_into(&mut bytes)
            .map_err(|why| StorageError::unreadable("bitmap of a registry", why))?;
        let hash = Sha256::digest(&bytes).to_vec();
        self.bytes_written += store_bitmap(&mut self.tx, &hash, &bytes).await?;
        self.areas.push((area, numbers.len(), hash));
        Ok(())
    }

    /// Lets an area code have the numbers it had, as of the new day.
    fn same_as_before(&mut self, area: AreaCode) {
        if let Some(version) = self.in_force.get(&area) {
            self.areas.push((area, version.entries, version.bitmap_hash.clone()));
        }
    }

    /// Puts what was written in force, or gives lock and connection back at once.
    async fn end(
        self,
        written: Result<(), LoadError>,
        load: &NewLoad,
        kind: LoadKind,
        counts: LineCounts,
        source: Sha256,
    ) -> Result<Loaded, LoadError> {
        if let Err(error) = written {
            // The server undoes it by itself when it cannot be told.
            let _ = self.tx.rollback().await;
            return Err(error);
        }
        self.finish(load, kind, counts, source).await
    }

    async fn finish(
        mut self,
        load: &NewLoad,
        kind: LoadKind,
        counts: LineCounts,
        source: Sha256,
    ) -> Result<Loaded, LoadError> {
        let id = RegistryLoadId::new();
        self.insert_load(id, load, kind, counts, &source.finalize()).await?;
        sqlx::query(
            "INSERT INTO registry_areas
                    (load_id, registry, area_code, version_date, entries, bitmap_hash)
             SELECT $1, $2::text::registry, a.area_code, $3, a.entries, a.hash
               FROM unnest($4::integer[], $5::bigint[], $6::bytea[])
                    AS a (area_code, entries, hash)",
        )
        .bind(id.as_uuid())
        .bind(self.registry.as_str())
        .bind(to_chrono(load.version_date))
        .bind(column(&self.areas, |(area, ..)| stored_area_code(*area)))
        .bind(column(&self.areas, |(_, entries, _)| i64::try_from(*entries).unwrap_or(i64::MAX)))
        .bind(column(&self.areas, |(.., hash)| hash.as_slice()))
        .execute(&mut *self.tx)
        .await?;
        sqlx::query(include_str!("../sql/prune_registry_bitmaps.sql"))
            .execute(&mut *self.tx)
            .await?;
        self.tx.commit().await?;
        Ok(Loaded {
            id,
            areas: self.areas.len(),
            entries: self.areas.iter().map(|(_, entries, _)| entries).sum(),
            entries_before: self.entries_before,
            bytes_written: self.bytes_written,
        })
    }

    async fn insert_load(
        &mut self,
        id: RegistryLoadId,
        load: &NewLoad,
        kind: LoadKind,
        counts: LineCounts,
        source_hash: &[u8],
    ) -> Result<(), LoadError> {
        let count = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        sqlx::query(
            "INSERT INTO registry_loads (id, registry, kind, version_date, source_name, source_hash,
                                         account, actor, lines, malformed, duplicates)
             VALUES ($1, $2::text::registry, $3::text::registry_load_kind, $4, $5, $6, $7, $8, $9,
                     $10, $11)",
        )
        .bind(id.as_uuid())
        .bind(self.registry.as_str())
        .bind(kind.as_str())
        .bind(to_chrono(load.version_date))
        .bind(&load.source_name)
        .bind(source_hash)
        .bind(load.account.as_deref())
        .bind(&load.actor)
        .bind(count(counts.lines))
        .bind(count(counts.malformed))
        .bind(count(counts.duplicates))
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }
}

/// Returns how many bytes were written: none when the bitmap is there.
async fn store_bitmap(
    connection: &mut PgConnection,
    hash: &[u8],
    bytes: &[u8],
) -> Result<u64, StorageError> {
    let done = sqlx::query(
        "INSERT INTO registry_bitmaps (hash, numbers) VALUES ($1, $2) ON CONFLICT DO NOTHING",
    )
    .bind(hash)
    .bind(bytes)
    .execute(connection)
    .await?;
    Ok(if done.rows_affected() == 0 { 0 } else { bytes.len() as u64 })
}

/// The area codes a list speaks for.
fn covered(
    registry: Registry,
    coverage: &Coverage,
    in_force: &BTreeMap<AreaCode, AreaVersion>,
    found: &BTreeMap<AreaCode, u64>,
) -> Result<BTreeSet<AreaCode>, ListRefused> {
    let subscribed = in_force.keys().copied();
    let all = subscribed.clone().chain(found.keys().copied());
    if !registry.is_licensed_by_area() {
        return Ok(all.chain([AreaCode::NONE]).collect());
    }
    let covered: BTreeSet<AreaCode> = match coverage {
        Coverage::SubscribedAndNew => all.collect(),
        Coverage::Subscribed if in_force.is_empty() => all.collect(),
        Coverage::Subscribed => subscribed.collect(),
        Coverage::Named(areas) => areas.clone(),
    };
    let unknown = found.keys().filter(|area| !covered.contains(area));
    match words(unknown) {
        areas if areas.is_empty() => Ok(covered),
        areas => Err(ListRefused::AreaUnknown { areas }),
    }
}

/// A full list has numbers of every area code it speaks for.
fn accept_areas(
    registry: Registry,
    covered: &BTreeSet<AreaCode>,
    found: &BTreeMap<AreaCode, u64>,
) -> Result<(), ListRefused> {
    if !registry.is_licensed_by_area() {
        return Ok(());
    }
    match words(covered.iter().filter(|area| !found.contains_key(area))) {
        areas if areas.is_empty() => Ok(()),
        areas => Err(ListRefused::AreaLost { areas }),
    }
}

fn words<'a>(areas: impl Iterator<Item = &'a AreaCode>) -> String {
    areas.map(AreaCode::to_string).collect::<Vec<_>>().join(", ")
}
