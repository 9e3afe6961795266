//! Do-not-call registries: loading their datasets, and asking whether a number stands in them.
//!
//! The numbers of an area code are a roaring bitmap of seven digits: 1.2 MB at most, however many
//! they are, so that 250 million numbers take some 400 MB. [`Registries`] answers from bitmaps it
//! has decoded before, after it has asked the database which version is in force, so that a load is
//! seen by every process at once and old data is noticed at the moment of the call.

mod list;
mod load;
mod lookup;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use domain::RegistryLoadId;
use domain::registry::{AreaCode, LineCounts, LoadKind, Registry};
use jiff::civil::Date;
use sqlx::Row;

pub use list::{ChangeList, FullList};
pub use load::{Coverage, LoadError, Loaded, NewLoad};
pub use lookup::{Registries, RegistryCheck};

use crate::words::{to_jiff, word};
use crate::{Database, StorageError};

/// The data in force for one area code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AreaVersion {
    /// The load it came with.
    pub load: RegistryLoadId,
    /// The day it is of.
    pub version_date: Date,
    /// How many numbers it has.
    pub entries: u64,
    /// The hash its bitmap is kept under.
    pub(crate) bitmap_hash: Vec<u8>,
}

/// One load of a dataset, as it is kept for evidence.
#[derive(Debug, Clone)]
pub struct RegistryLoad {
    /// Its identity.
    pub id: RegistryLoadId,
    /// Full list or change list.
    pub kind: LoadKind,
    /// The day the data is of.
    pub version_date: Date,
    /// When it was loaded, machine time.
    pub loaded_at: DateTime<Utc>,
    /// The name of the file.
    pub source_name: String,
    /// Its SHA-256, in hexadecimal.
    pub source_hash: String,
    /// The subscription account number, if it was given.
    pub account: Option<String>,
    /// Who loaded it.
    pub actor: String,
    /// What was read of the file.
    pub counts: LineCounts,
}

impl Database {
    /// The data in force for every area code of a registry.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn registry_areas(
        &self,
        registry: Registry,
    ) -> Result<BTreeMap<AreaCode, AreaVersion>, StorageError> {
        let mut connection = self.pool().acquire().await?;
        areas_in_force(&mut connection, registry).await
    }

    /// The newest loads of a registry, `limit` at most.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn registry_loads(
        &self,
        registry: Registry,
        limit: u32,
    ) -> Result<Vec<RegistryLoad>, StorageError> {
        let rows = sqlx::query(
            "SELECT id, kind::text AS kind, version_date, loaded_at, source_name,
                    encode(source_hash, 'hex') AS source_hash, account, actor, lines, malformed,
                    duplicates
               FROM registry_loads WHERE registry = $1::text::registry
              ORDER BY loaded_at DESC, id DESC LIMIT $2",
        )
        .bind(registry.as_str())
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await?;
        let count = |row: &sqlx::postgres::PgRow, column: &str| -> Result<u64, StorageError> {
            Ok(u64::try_from(row.try_get::<i64, _>(column)?).unwrap_or(0))
        };
        rows.iter()
            .map(|row| {
                Ok(RegistryLoad {
                    id: row.try_get::<uuid::Uuid, _>("id")?.into(),
                    kind: word(row, "kind")?,
                    version_date: to_jiff(row.try_get("version_date")?),
                    loaded_at: row.try_get("loaded_at")?,
                    source_name: row.try_get("source_name")?,
                    source_hash: row.try_get("source_hash")?,
                    account: row.try_get("account")?,
                    actor: row.try_get("actor")?,
                    counts: LineCounts {
                        lines: count(row, "lines")?,
                        malformed: count(row, "malformed")?,
                        duplicates: count(row, "duplicates")?,
                    },
                })
            })
            .collect()
    }
}

async fn areas_in_force(
    connection: &mut sqlx::PgConnection,
    registry: Registry,
) -> Result<BTreeMap<AreaCode, AreaVersion>, StorageError> {
    let rows = sqlx::query(
        "SELECT DISTINCT ON (area_code) area_code, load_id, version_date, entries, bitmap_hash
           FROM registry_areas WHERE registry = $1::text::registry
          ORDER BY area_code, version_date DESC, load_id DESC",
    )
    .bind(registry.as_str())
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let version = AreaVersion {
                load: row.try_get::<uuid::Uuid, _>("load_id")?.into(),
                version_date: to_jiff(row.try_get::<NaiveDate, _>("version_date")?),
                entries: u64::try_from(row.try_get::<i64, _>("entries")?).unwrap_or(0),
                bitmap_hash: row.try_get("bitmap_hash")?,
            };
            Ok((area_code(row.try_get("area_code")?)?, version))
        })
        .collect()
}

fn area_code(stored: i32) -> Result<AreaCode, StorageError> {
    let number = u32::try_from(stored);
    number.map(AreaCode::new).map_err(|why| StorageError::unreadable("area code", why))
}

/// How an area code is stored.
fn stored_area_code(area_code: AreaCode) -> i32 {
    // At most five digits: a number has fifteen, and seven stand behind the area code.
    i32::try_from(area_code.number()).unwrap_or(i32::MAX)
}
