//! Who is in which plan: what a change of a plan means, and its versions.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::plans::{PlanVersion, plan_version};
use crate::{Database, StorageError};

/// A version in a plan's history.
#[derive(Debug, Clone)]
pub struct PlanPast {
    /// 1, 2, 3 …
    pub version: i32,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Who saved it; none where it was loaded from a library.
    pub actor: Option<String>,
    /// How many enrolments run in it, active or paused; counted up to [`MANY`].
    pub running: i64,
}

/// Enrolments are counted up to this and no further, so that looking costs the same in any plan.
pub const MANY: i64 = 10_000;

impl Database {
    /// How many enrolments run, active or paused, per plan; of each version up to a thousand.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn running_by_plan(&self) -> Result<BTreeMap<String, i64>, StorageError> {
        let rows = sqlx::query(
            "SELECT v.key, sum(e.running)::bigint AS running
               FROM plan_versions v CROSS JOIN LATERAL (
                    SELECT count(*) AS running FROM (
                        SELECT FROM enrolments WHERE plan_version_id = v.id
                           AND state IN ('active', 'paused') LIMIT 1000) counted) e
              GROUP BY v.key",
        )
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(|row| Ok((row.try_get("key")?, row.try_get("running")?))).collect()
    }

    /// The versions of a plan, the newest first, with how many enrolments run in each.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn plan_past(&self, key: &str) -> Result<Vec<PlanPast>, StorageError> {
        let rows = sqlx::query(
            "SELECT v.version, v.created_at, v.actor, e.running
               FROM plan_versions v CROSS JOIN LATERAL (
                    SELECT count(*) AS running FROM (
                        SELECT FROM enrolments WHERE plan_version_id = v.id
                           AND state IN ('active', 'paused') LIMIT $2) counted) e
              WHERE v.key = $1 ORDER BY v.version DESC",
        )
        .bind(key)
        .bind(MANY)
        .fetch_all(self.pool())
        .await?;
        let past = |row: &PgRow| -> Result<PlanPast, StorageError> {
            Ok(PlanPast {
                version: row.try_get("version")?,
                created_at: row.try_get("created_at")?,
                actor: row.try_get("actor")?,
                running: row.try_get("running")?,
            })
        };
        rows.iter().map(past).collect()
    }

    /// One version of a plan.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn plan_of_version(
        &self,
        key: &str,
        version: i32,
    ) -> Result<Option<PlanVersion>, StorageError> {
        let row = sqlx::query(
            "SELECT id, version, definition, actor FROM plan_versions
              WHERE key = $1 AND version = $2",
        )
        .bind(key)
        .bind(version)
        .fetch_optional(self.pool())
        .await?;
        row.as_ref().map(plan_version).transpose()
    }
}
