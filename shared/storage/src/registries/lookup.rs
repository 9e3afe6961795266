//! Asking about a number.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use domain::RegistryLoadId;
use domain::phone::Phone;
use domain::registry::{AreaCode, Registry, RegistryNumber, Verdict, number_of_phone};
use jiff::Timestamp;
use jiff::civil::Date;
use roaring::RoaringBitmap;
use sqlx::{PgConnection, Row};

use super::{area_code, stored_area_code};
use crate::outcomes::column;
use crate::words::{to_jiff, word};
use crate::{Database, StorageError};

/// How many decoded bitmaps are kept: 80 MB when all of them are dense.
const DECODED_KEPT: usize = 64;

/// What a registry said of a number, with the evidence that a call is recorded with (CALL-06).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryCheck {
    /// Which registry.
    pub registry: Registry,
    /// The number's area code.
    pub area_code: u32,
    /// What it says.
    pub verdict: Verdict,
    /// The day its data is of; nothing when there is none.
    pub version_date: Option<Date>,
    /// The load the data came with; it knows the account number, the file and its hash.
    pub load: Option<RegistryLoadId>,
    /// Business time of the check.
    pub checked_at: Timestamp,
}

/// Answers from the registries; cheap to clone, and clones share what they have decoded.
#[derive(Debug, Clone)]
pub struct Registries {
    database: Database,
    decoded: Arc<Mutex<Decoded>>,
}

/// Decoded bitmaps under the hashes of their bytes, and when each was last used.
#[derive(Debug, Default)]
struct Decoded {
    bitmaps: HashMap<Vec<u8>, (Arc<RoaringBitmap>, u64)>,
    uses: u64,
}

/// The data in force for an area code.
struct Version {
    load: RegistryLoadId,
    version_date: Date,
    /// Nothing when only the row for the rest of the country speaks for it.
    bitmap_hash: Option<Vec<u8>>,
}

impl Registries {
    /// The registries in this database.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database, decoded: Arc::default() }
    }

    /// What the number's registry says of it now, or nothing where its country has none.
    ///
    /// # Errors
    /// When the database does not answer: nothing may be placed then.
    pub async fn verdict(
        &self,
        phone: &Phone,
        now: Timestamp,
    ) -> Result<Option<RegistryCheck>, StorageError> {
        Ok(self.verdicts(std::slice::from_ref(phone), now).await?.pop().flatten())
    }

    /// The same for several numbers, with one question to the database; answers in their order.
    ///
    /// # Errors
    /// When the database does not answer: nothing may be placed then.
    pub async fn verdicts(
        &self,
        phones: &[Phone],
        now: Timestamp,
    ) -> Result<Vec<Option<RegistryCheck>>, StorageError> {
        let numbers: Vec<Option<(Registry, RegistryNumber)>> = phones.iter().map(number).collect();
        let asked =
            numbers.iter().flatten().map(|(registry, number)| (*registry, number.area_code));
        let versions = self.versions(&asked.collect()).await?;
        let mut checks = Vec::with_capacity(numbers.len());
        for number in numbers {
            let Some((registry, number)) = number else {
                checks.push(None);
                continue;
            };
            let version = versions.get(&(registry, number.area_code));
            let fresh = version.filter(|version| !registry.is_stale(version.version_date, now));
            let hash = fresh.and_then(|version| version.bitmap_hash.as_ref());
            let listed = match hash {
                Some(hash) => self.numbers(hash).await?.contains(number.line),
                None => false,
            };
            let version_date = version.map(|version| version.version_date);
            checks.push(Some(RegistryCheck {
                registry,
                area_code: number.area_code.number(),
                verdict: registry.verdict(version_date, listed, now),
                version_date,
                load: version.map(|version| version.load),
                checked_at: now,
            }));
        }
        Ok(checks)
    }

    async fn versions(
        &self,
        asked: &BTreeSet<(Registry, AreaCode)>,
    ) -> Result<HashMap<(Registry, AreaCode), Version>, StorageError> {
        if asked.is_empty() {
            return Ok(HashMap::new());
        }
        let asked: Vec<(Registry, AreaCode)> = asked.iter().copied().collect();
        let rows = sqlx::query(include_str!("../sql/registry_versions.sql"))
            .bind(column(&asked, |(registry, _)| registry.as_str()))
            .bind(column(&asked, |(_, area)| stored_area_code(*area)))
            .bind(column(&asked, |(registry, _)| !registry.is_licensed_by_area()))
            .fetch_all(self.database.pool())
            .await?;
        let mut versions = HashMap::with_capacity(rows.len());
        for row in &rows {
            let asked: i32 = row.try_get("asked_area_code")?;
            let is_own = asked == row.try_get::<i32, _>("area_code")?;
            let hash: Vec<u8> = row.try_get("bitmap_hash")?;
            let version = Version {
                load: row.try_get::<uuid::Uuid, _>("load_id")?.into(),
                version_date: to_jiff(row.try_get("version_date")?),
                bitmap_hash: is_own.then_some(hash),
            };
            versions.insert((word(row, "registry")?, area_code(asked)?), version);
        }
        Ok(versions)
    }

    /// The numbers under a hash, decoded before or now.
    async fn numbers(&self, hash: &[u8]) -> Result<Arc<RoaringBitmap>, StorageError> {
        if let Some(numbers) = self.lock().find(hash) {
            return Ok(numbers);
        }
        let mut connection = self.database.pool().acquire().await?;
        let numbers = Arc::new(bitmap(&mut connection, hash).await?);
        self.lock().keep(hash, &numbers);
        Ok(numbers)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Decoded> {
        self.decoded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Decoded {
    fn find(&mut self, hash: &[u8]) -> Option<Arc<RoaringBitmap>> {
        self.uses += 1;
        let (numbers, used) = self.bitmaps.get_mut(hash)?;
        *used = self.uses;
        Some(Arc::clone(numbers))
    }

    /// Keeps it, in place of the one that was used longest ago.
    fn keep(&mut self, hash: &[u8], numbers: &Arc<RoaringBitmap>) {
        self.uses += 1;
        self.bitmaps.insert(hash.to_vec(), (Arc::clone(numbers), self.uses));
        if self.bitmaps.len() > DECODED_KEPT {
            let oldest = self.bitmaps.iter().min_by_key(|(_, (_, used))| *used);
            if let Some(oldest) = oldest.map(|(hash, _)| hash.clone()) {
                self.bitmaps.remove(&oldest);
            }
        }
    }
}

fn number(phone: &Phone) -> Option<(Registry, RegistryNumber)> {
    let registry = Registry::for_phone(phone)?;
    Some((registry, number_of_phone(registry, phone)?))
}

/// Reads and decodes the bitmap under a hash.
pub(super) async fn bitmap(
    connection: &mut PgConnection,
    hash: &[u8],
) -> Result<RoaringBitmap, StorageError> {
    let unreadable = |why: &dyn std::fmt::Display| StorageError::unreadable("registry bitmap", why);
    let bytes: Option<Vec<u8>> =
        sqlx::query_scalar("SELECT numbers FROM registry_bitmaps WHERE hash = $1")
            .bind(hash)
            .fetch_optional(connection)
            .await?;
    let bytes = bytes.ok_or_else(|| unreadable(&"it is gone; load the list again"))?;
    let mut reader = io::Cursor::new(bytes);
    RoaringBitmap::deserialize_from(&mut reader).map_err(|why| unreadable(&why))
}
